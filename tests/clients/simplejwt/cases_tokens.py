"""Cases about tokens: good ones, and every way in which one is not."""

from __future__ import annotations

from collections.abc import Callable

from tests.clients.simplejwt.case import BLACKLIST, REFRESH, SLIDING_REFRESH, TOKEN_FIELDS, VERIFY, bearer, post
from tests.clients.simplejwt.sides import Side, tampered

# What becomes of a good token that is no longer good, wherever one is taken.
STATES: tuple[tuple[str, Callable[[Side, str], str]], ...] = (
    ("expired", lambda side, kind: side.expired(kind)),
    ("tampered", lambda side, kind: tampered(side.token(kind))),
    ("cut", lambda side, kind: side.token(kind)[:-5]),
    ("garbage", lambda side, kind: "garbage"),
    ("three empty parts", lambda side, kind: ".."),
    ("alg none", lambda side, kind: side.forge(side.token(kind), {}, key="", alg="none")),
    ("foreign key", lambda side, kind: side.forge(side.token(kind), {}, key="k" * 64)),
    ("foreign algorithm", lambda side, kind: side.forge(side.token(kind), {}, alg="HS512")),
    ("expired, foreign key", lambda side, kind: side.forge(side.token(kind), {"exp": 1}, key="k" * 64)),
    ("without exp", lambda side, kind: side.forge(side.token(kind), {"exp": None})),
    ("without jti", lambda side, kind: side.forge(side.token(kind), {"jti": None})),
    ("without token_type", lambda side, kind: side.forge(side.token(kind), {"token_type": None})),
    ("unknown token_type", lambda side, kind: side.forge(side.token(kind), {"token_type": "x"})),
    ("exp as a text", lambda side, kind: side.forge(side.token(kind), {"exp": "soon"})),
    ("not yet", lambda side, kind: side.forge(side.token(kind), {"nbf": 9_999_999_999})),
    ("issued tomorrow", lambda side, kind: side.forge(side.token(kind), {"iat": 9_999_999_998, "exp": 9_999_999_999})),
)


def taken(state: Callable[[Side, str], str], name: str, kind: str) -> Callable[[Side], object]:
    return lambda side: {name: state(side, kind)}


def shown(state: Callable[[Side, str], str]) -> Callable[[Side], str]:
    return lambda side: state(side, "access")


TOKENS = (
    *(
        post(f"{what}: {where}", path, taken(state, name, kind))
        for what, state in STATES
        for where, path, name, kind in TOKEN_FIELDS
    ),
    *(bearer(f"{what}: profile", shown(state)) for what, state in STATES),
    post("wrong type: refresh, access token", REFRESH, lambda side: {"refresh": side.access()}),
    post("wrong type: refresh, sliding token", REFRESH, lambda side: {"refresh": side.sliding()}),
    post("wrong type: refresh, expired access token", REFRESH, lambda side: {"refresh": side.expired("access")}),
    post("wrong type: blacklist, access token", BLACKLIST, lambda side: {"refresh": side.access()}),
    post("wrong type: blacklist, sliding token", BLACKLIST, lambda side: {"refresh": side.sliding()}),
    post("wrong type: sliding refresh, access token", SLIDING_REFRESH, lambda side: {"token": side.access()}),
    post("wrong type: sliding refresh, refresh token", SLIDING_REFRESH, lambda side: {"token": side.refresh()}),
    bearer("wrong type: profile, refresh token", Side.refresh),
    bearer("wrong type: profile, sliding token", Side.sliding),
    post("reused: refresh", REFRESH, lambda side: {"refresh": side.used()}),
    post("reused: blacklist", BLACKLIST, lambda side: {"refresh": side.used()}),
    post("reused: verify", VERIFY, lambda side: {"token": side.used()}),
    bearer("reused: profile", Side.used),
    post("blacklisted: refresh", REFRESH, lambda side: {"refresh": side.blacklisted()}),
    post("blacklisted: blacklist again", BLACKLIST, lambda side: {"refresh": side.blacklisted()}),
    post("blacklisted: verify", VERIFY, lambda side: {"token": side.blacklisted()}),
    bearer("blacklisted: profile, access token of its pair", Side.orphan),
    post("blacklisted: verify, access token of its pair", VERIFY, lambda side: {"token": side.orphan()}),
    post(
        "sliding: past its refresh_exp",
        SLIDING_REFRESH,
        lambda side: {"token": side.forge(side.sliding(), {"refresh_exp": 1})},
    ),
    post(
        "sliding: without refresh_exp",
        SLIDING_REFRESH,
        lambda side: {"token": side.forge(side.sliding(), {"refresh_exp": None})},
    ),
    post(
        "forged: jti of a refresh token",
        REFRESH,
        lambda side: {"refresh": side.forge(side.refresh(), {"jti": "0" * 32})},
    ),
    bearer("forged: jti of an access token", lambda side: side.forge(side.access(), {"jti": "0" * 32})),
    bearer("forged: unknown kid", lambda side: side.forge(side.access(), {}, kid="another")),
    bearer("forged: another issuer", lambda side: side.forge(side.access(), {"iss": "https://another.test"})),
    bearer("forged: for an audience", lambda side: side.forge(side.access(), {"aud": "another"})),
    bearer("forged: longer life", lambda side: side.forge(side.access(), {"exp": 9_999_999_999})),
    bearer("forged: without user_id", lambda side: side.forge(side.access(), {"user_id": None})),
    bearer("forged: unknown user_id", lambda side: side.forge(side.access(), {"user_id": "987654321"})),
)


def first(who: str) -> Callable[[Side, str], str]:
    return lambda side, kind: side.first[who][kind]


# Who has come in before and may not any more.
LEFT = (
    *(
        post(f"{what} user: {where}", path, taken(first(who), name, kind))
        for what, who in (("inactive", "idle"), ("deleted", "gone"))
        for where, path, name, kind in TOKEN_FIELDS
    ),
    bearer("inactive user: profile", shown(first("idle"))),
    bearer("deleted user: profile", shown(first("gone"))),
)
