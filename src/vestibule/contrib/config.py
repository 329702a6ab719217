"""What the developer of an app decides; the only file of the integrations that asks the machine for the time."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

MAX_LEEWAY_S = 60
LEAST_STALENESS_S = 6
"""A server that has nothing to tell says so every 5 seconds."""
KEY_SHAPES = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Algorithms with a public key: the `kty` and `crv` that their keys have (RFC 7518, RFC 8037)."""
SHARED = frozenset({"HS256", "HS384", "HS512"})
_API_KEY = re.compile(r"ak_[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one integration. A value that cannot work raises ValueError and says which one it is."""

    url: str
    """Address of the app at the issuer: `https://auth.example/e:…`."""
    api_key: str = field(default="", repr=False)
    """The key `ak_…` that opens the revocation feed."""
    feed: bool | str = True
    """True: server-sent events, polling where they do not pass. `"poll"`: polling. False: no feed at all."""
    issuer: str = ""
    """`iss` of the tokens; empty: `url`."""
    audience: str = ""
    """The `aud` that tokens must name; empty: tokens with an `aud` are meant for somebody else."""
    algorithm: str = ""
    """The one algorithm of access tokens; empty: the one of the key that the issuer publishes."""
    signing_key: str = field(default="", repr=False)
    """The secret of an app whose tokens are HS256, HS384 or HS512."""
    leeway: float = 10
    """Seconds by which the clocks of issuer and app may differ."""
    max_staleness: float = 10
    """Seconds that the last signed word of the feed may be old."""
    when_stale: str = "refuse"
    """What to do with tokens then: `"refuse"` or `"accept"`."""
    first_wait: float = 3
    """Seconds that the first requests of a process wait for the feed, at most."""
    poll_interval: float = 0.5
    """Seconds between two polls."""
    allow_actor: bool = True
    """Whether somebody who acts for the user (claim `act`) is let in."""
    allow_http: bool = False
    """Plain HTTP to a host that is not this machine."""
    user_id_claim: str = "user_id"
    token_type_claim: str = "token_type"
    now: Callable[[], float] = time.time
    """Seconds since 1970, to compare with what tokens say."""
    ticks: Callable[[], float] = time.monotonic
    """Seconds since anything, to measure with."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """From a table of settings, in capitals or not."""
        given = {name.lower(): value for name, value in options.items()}
        unknown = given.keys() - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"vestibule: unknown setting {', '.join(sorted(unknown))}")
        if "url" not in given:
            raise ValueError("vestibule: url is missing, the address of the app at the issuer")
        return cls(**given)

    def __post_init__(self) -> None:
        complaint = next((words for is_wrong, words in _complaints(self) if is_wrong), "")
        if complaint:
            raise ValueError(f"vestibule: {complaint}")

    @property
    def address(self) -> str:
        """The URL without a slash at its end."""
        return self.url.rstrip("/")

    @property
    def iss(self) -> str:
        """What tokens must say as their issuer."""
        return self.issuer or self.address


def _complaints(config: Config) -> tuple[tuple[bool, str], ...]:
    is_shared = config.algorithm in SHARED
    return (
        (not _is_address(config.url), "url must be like https://auth.example/e:…"),
        (
            not _is_private(config),
            "url must be https; plain http is for this machine, or with allow_http for a network that you trust",
        ),
        (config.feed not in (True, False, "poll"), 'feed must be True, "poll" or False'),
        (
            config.feed is not False and _API_KEY.fullmatch(config.api_key) is None,
            "api_key must be an API key (ak_…) of the app; to trust tokens until they expire, set feed to False",
        ),
        (config.algorithm not in {"", *KEY_SHAPES, *SHARED}, "algorithm is unknown"),
        (is_shared != bool(config.signing_key), "signing_key and an algorithm HS256, HS384 or HS512 go together"),
        (is_shared and len(config.signing_key.encode()) < 32, "signing_key must have 32 bytes at least"),
        (not 0 <= config.leeway <= MAX_LEEWAY_S, f"leeway must be 0 to {MAX_LEEWAY_S} seconds"),
        (config.max_staleness < LEAST_STALENESS_S, f"max_staleness must be {LEAST_STALENESS_S} seconds at least"),
        (not 0.05 <= config.poll_interval <= 2, "poll_interval must be 0.05 to 2 seconds"),
        (not 0 <= config.first_wait <= 10, "first_wait must be 0 to 10 seconds"),
        (config.when_stale not in ("refuse", "accept"), 'when_stale must be "refuse" or "accept"'),
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.scheme in ("https", "http") and parts.hostname and parts.port != 0) and not (
            parts.query or parts.fragment or "@" in parts.netloc or re.search(r"[^!-~]", url)
        )
    except ValueError:
        return False


def _is_private(config: Config) -> bool:
    parts = urlsplit(config.url)
    return parts.scheme == "https" or config.allow_http or _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
