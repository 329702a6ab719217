"""What a product owner may change while the server runs: one dated table of defaults per app."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from vestibule.core.apps.token_policy import DAY_S, TokenPolicy
from vestibule.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS


@dataclass(frozen=True, slots=True)
class Policy(TokenPolicy):
    """Defaults of 2026-11-21. Every field can be set for one app with `vestibule app set`."""

    # where people go
    redirect_url: str = ""
    """Where mail links lead, with `access_token`, `action` and `status` added."""
    redirect_allow: tuple[str, ...] = ()
    """Further exact URLs that `return_to` of the hosted pages may name."""
    origins: tuple[str, ...] = ()
    """Exact origins whose pages may call the protocol doors in production."""

    # passwords
    password_min: int = 8
    """Characters; 15 is recommended where the password is the only factor (NIST SP 800-63B-4)."""
    password_max: int = 256

    # sign-up
    sign_up_open: bool = True
    confirm_email: bool = True
    reveal_taken_email: bool = False
    """Say `email_not_unique` at sign-up. Off: nobody can find out who has an account."""
    user_fields: tuple[str, ...] = ()
    """Names of further text fields that a user may write, beside `name`, `first_name`, `last_name` and
    `profilePicture`."""

    # lifetimes
    session_absolute_ms: int = 30 * DAY_MS
    session_idle_ms: int = 14 * DAY_MS
    code_ms: int = 10 * MINUTE_MS
    magic_link_ms: int = 15 * MINUTE_MS
    reset_ms: int = 60 * MINUTE_MS
    confirm_ms: int = 24 * HOUR_MS
    grant_ms: int = 120 * SECOND_MS
    grant_replay_ms: int = 60 * SECOND_MS
    """How long the same access token of a redirect gives the same session again."""
    reset_grant_ms: int = 10 * MINUTE_MS
    """Time to type a new password after a reset link: more than a redirect needs (WCAG 2.2.1)."""
    code_tries: int = 5

    # files
    file_max_bytes: int = 10 * 1024 * 1024
    user_quota_bytes: int = 200 * 1024 * 1024
    user_quota_files: int = 1_000
    app_quota_bytes: int = 20 * 1024 * 1024 * 1024
    anonymous_upload: bool = False
    image_max_pixels: int = 25_000_000

    # upkeep
    event_retention_ms: int = 365 * DAY_MS

    # limits
    limits: dict[str, int] = field(default_factory=dict)
    """Rule name -> another limit than the default of `core.guard.model`."""


BOUNDS: dict[str, tuple[int, int]] = {
    "password_min": (8, 64),
    "password_max": (64, 1_024),
    "session_absolute_ms": (MINUTE_MS, 400 * DAY_MS),
    "session_idle_ms": (MINUTE_MS, 400 * DAY_MS),
    "code_ms": (MINUTE_MS, HOUR_MS),
    "magic_link_ms": (MINUTE_MS, DAY_MS),
    "reset_ms": (MINUTE_MS, DAY_MS),
    "confirm_ms": (MINUTE_MS, 7 * DAY_MS),
    "grant_ms": (10 * SECOND_MS, HOUR_MS),
    "grant_replay_ms": (0, 10 * MINUTE_MS),
    "reset_grant_ms": (MINUTE_MS, HOUR_MS),
    "code_tries": (1, 10),
    "file_max_bytes": (1, 100 * 1024 * 1024),
    "user_quota_bytes": (0, 2**53),
    "user_quota_files": (0, 2**53),
    "app_quota_bytes": (0, 2**53),
    "image_max_pixels": (1, 100_000_000),
    "event_retention_ms": (DAY_MS, 36_500 * DAY_MS),
    "ACCESS_TOKEN_LIFETIME": (10, DAY_S),
    "REFRESH_TOKEN_LIFETIME": (60, 400 * DAY_S),
    "REFRESH_REUSE_WINDOW": (-1, DAY_S),
    "LEEWAY": (0, 60),
    "SLIDING_TOKEN_LIFETIME": (10, DAY_S),
    "SLIDING_TOKEN_REFRESH_LIFETIME": (60, 400 * DAY_S),
}
"""What a number may be: beyond it the app would stand open, or shut."""

ACCESS_LIFETIMES = ("ACCESS_TOKEN_LIFETIME", "SLIDING_TOKEN_LIFETIME", "LEEWAY")
LIFETIMES = (*ACCESS_LIFETIMES, "REFRESH_TOKEN_LIFETIME", "SLIDING_TOKEN_REFRESH_LIFETIME")
ACCESS_MOST_S = max(BOUNDS[name][1] for name in ACCESS_LIFETIMES) + BOUNDS["LEEWAY"][1]
"""How long a token that opens something can live under any policy."""
TOKEN_MOST_S = max(BOUNDS[name][1] for name in LIFETIMES) + BOUNDS["LEEWAY"][1]
"""How long any token can live under any policy."""

FIELD_NAMES = tuple(f.name for f in fields(Policy))

_SHOWN_BY_BROWSERS = "about|blob|data|file|filesystem|javascript|vbscript|view-source"
# A web address, or a program's own scheme as RFC 8252 has it: `acme://x`, `com.acme.app:/x`.
_PLACE = re.compile(rf"https?://[^\s/?#\\@]+([/?#]\S*)?|(?!(https?|{_SHOWN_BY_BROWSERS}):)[a-z][a-z0-9+.-]*:/\S*")


_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


def is_origin(text: str) -> bool:
    """Whether a text is an origin exactly as browsers send it: no path, no slash at the end, no wildcard."""
    return _ORIGIN.fullmatch(text) is not None


def allowed_origins(policy: Policy) -> set[str]:
    """Whose pages may call the app in production: its list, and the origin of its redirect URL. Never `null`."""
    parts = urlsplit(policy.redirect_url)
    own = {f"{parts.scheme}://{parts.netloc}"} if parts.scheme in {"http", "https"} else set()
    return (own | set(policy.origins)) - {"null", "*"}


def is_place(url: str) -> bool:
    """Whether people may be sent to a URL: absolute, and nothing that a browser runs or shows by itself."""
    return url.isprintable() and _PLACE.fullmatch(url) is not None
