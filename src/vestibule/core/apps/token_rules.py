"""What settings of signed tokens may be: one table, each with the sentence for whoever set it otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from vestibule.core.apps.policy import Policy
from vestibule.core.tokens.claims import FIELDS, RESERVED
from vestibule.core.tokens.model import ALGORITHMS

TOKEN_CLASSES = frozenset({"AccessToken", "SlidingToken"})
_CLAIM = re.compile(r"[!-~]{1,128}")
_URL = re.compile(r"https?://[^\s/?#\\@]+(/[^\s#\\]*)?")
_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
# Not one with a meaning of its own: a browser sends some of them by itself, with whatever it was given before.
_MEANT = "COOKIE2?|HOST|ORIGIN|REFERER|USER_AGENT|FORWARDED|VIA|DPOP|CONNECTION|KEEP_ALIVE|UPGRADE|TE|TRAILER|EXPECT"
_MEANT += "|TRANSFER_ENCODING|RANGE|DATE|SESSION|X_CLIENT_KEY|LAST_EVENT_ID|X_REAL_IP"
_FAMILIES = "X_FORWARDED|ACCEPT|ACCESS_CONTROL|CONTENT|IF|PROXY|SEC"
_HEADER = re.compile(rf"HTTP_(?!({_MEANT}|({_FAMILIES})(_.*)?)\Z)[A-Z0-9]+(_[A-Z0-9]+)*")
_NAMESPACE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_LISTS = ("AUDIENCE", "TOKEN_CLAIMS", "AUTH_HEADER_TYPES", "AUTH_TOKEN_CLASSES")
_CLAIM_NAMES = (
    "USER_ID_CLAIM",
    "TOKEN_TYPE_CLAIM",
    "JTI_CLAIM",
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM",
    "REVOKE_TOKEN_CLAIM",
)


def _is_fit_name(policy: Policy, setting: str) -> bool:
    """A claim's name means one thing only: no standard claim (but those it is) and no other of ours."""
    name: str = getattr(policy, setting)
    others = [getattr(policy, each) for each in _CLAIM_NAMES if each != setting]
    is_its_own = (setting == "JTI_CLAIM" and name == "jti") or (
        setting == "USER_ID_CLAIM" and name == "sub" and policy.USER_ID_FIELD == "id"
    )
    is_free = (name not in RESERVED or is_its_own) and name not in {*others, *policy.TOKEN_CLAIMS}
    return _CLAIM.fullmatch(name) is not None and is_free


def _are_fields(policy: Policy) -> bool:
    return set(policy.TOKEN_CLAIMS) <= FIELDS.keys() and not set(policy.TOKEN_CLAIMS) & {
        getattr(policy, each) for each in _CLAIM_NAMES
    }


def _is_namespace(policy: Policy) -> bool:
    is_sub = policy.USER_ID_CLAIM == "sub" and policy.USER_ID_FIELD != "id"
    return _NAMESPACE.fullmatch(policy.USER_ID_FIELD) is not None and not is_sub


def _is_url_or_empty(text: str) -> bool:
    return not text or (len(text) <= 512 and _URL.fullmatch(text) is not None)


def _is_in_order(policy: Policy) -> bool:
    """A session that is over by itself is told to nobody: no token that opens something may outlive it."""
    return (
        policy.ACCESS_TOKEN_LIFETIME <= policy.REFRESH_TOKEN_LIFETIME
        and policy.SLIDING_TOKEN_LIFETIME <= policy.SLIDING_TOKEN_REFRESH_LIFETIME
    )


_ORDER = (_is_in_order, "a token must not live longer than the one that refreshes it")
_NAME = "a word that no standard claim, TOKEN_CLAIMS or other setting uses"
RULES: dict[str, tuple[Callable[[Policy], bool], str]] = {
    "ALGORITHM": (lambda policy: policy.ALGORITHM in ALGORITHMS, f"one of {', '.join(sorted(ALGORITHMS))}"),
    "AUDIENCE": (
        lambda policy: all(_CLAIM.fullmatch(each) for each in policy.AUDIENCE),
        'a list of names or URLs: ["shop"]',
    ),
    "ISSUER": (lambda policy: _is_url_or_empty(policy.ISSUER), "a URL, or empty"),
    "JWK_URL": (lambda policy: _is_url_or_empty(policy.JWK_URL), "a URL, or empty"),
    "AUTH_HEADER_TYPES": (
        lambda policy: bool(policy.AUTH_HEADER_TYPES) and all(map(_SCHEME.fullmatch, policy.AUTH_HEADER_TYPES)),
        'a list of words like ["Bearer"]',
    ),
    "AUTH_HEADER_NAME": (
        lambda policy: _HEADER.fullmatch(policy.AUTH_HEADER_NAME) is not None,
        "as Django writes headers: HTTP_AUTHORIZATION; none that has a meaning of its own",
    ),
    "AUTH_TOKEN_CLASSES": (
        lambda policy: bool(policy.AUTH_TOKEN_CLASSES) and set(policy.AUTH_TOKEN_CLASSES) <= TOKEN_CLASSES,
        "a list of AccessToken, SlidingToken",
    ),
    "USER_ID_FIELD": (_is_namespace, "id, or the namespace of an import; only id goes with the claim sub"),
    "TOKEN_CLAIMS": (_are_fields, f"a list of {', '.join(FIELDS)}, none of them used by a claim setting"),
    **{name: (partial(_is_fit_name, setting=name), _NAME) for name in _CLAIM_NAMES},
    **dict.fromkeys(("ACCESS_TOKEN_LIFETIME", "REFRESH_TOKEN_LIFETIME"), _ORDER),
    **dict.fromkeys(("SLIDING_TOKEN_LIFETIME", "SLIDING_TOKEN_REFRESH_LIFETIME"), _ORDER),
}


def complaint(policy: Policy, name: str) -> str:
    """What a setting should be instead; empty when it is fit."""
    is_fit, wanted = RULES.get(name, (lambda _: True, ""))
    as_compared = str.lower if name == "AUTH_HEADER_TYPES" else str  # schemes of RFC 9110 know no case
    values = list(map(as_compared, getattr(policy, name))) if name in _LISTS else []
    is_doubled = len(set(values)) < len(values)
    return "" if is_fit(policy) and not is_doubled else (wanted or "a list without repetitions")


def plain_class(path: str) -> str:
    """The class of a dotted path, as the settings of Django name it."""
    return path.rpartition(".")[2]
