"""Limits and audit events."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vestibule.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS
from vestibule.kernel.origin import Origin


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `limit` in every window of `window_ms`, per subject. The rule's name is part of the key."""

    name: str
    limit: int
    window_ms: int
    by: str
    """What it counts: `address`, `destination`, `purpose` (a destination for one purpose), `app`."""


@dataclass(frozen=True, slots=True)
class FailureRule:
    """Consecutive failures of one method against one user: a burst, then doubling delays, then a hard stop."""

    method: str
    burst: int
    window_ms: int
    first_delay_ms: int
    longest_delay_ms: int
    hard_cap: int


# Defaults of 2026-11-21. Source: OWASP ASVS 5.0.0 6.1.1, 6.3.1; NIST SP 800-63B-4 section 3.2.2 (at most 100).
SIGN_IN = (
    Rule("sign-in/address/minute", 30, MINUTE_MS, "address"),
    Rule("sign-in/address/hour", 300, HOUR_MS, "address"),
)
SIGN_UP = (
    Rule("sign-up/address/hour", 20, HOUR_MS, "address"),
    Rule("sign-up/app/minute", 300, MINUTE_MS, "app"),
)
# The address comes first: whoever has used up its own share makes no new counters for other people's.
SEND = (
    Rule("send/address/hour", 20, HOUR_MS, "address"),
    Rule("send/purpose/minute", 1, MINUTE_MS, "purpose"),
    Rule("send/destination/hour", 5, HOUR_MS, "destination"),
    Rule("send/destination/day", 10, DAY_MS, "destination"),
)
CODE = (
    Rule("code/address/10min", 60, 10 * MINUTE_MS, "address"),
    Rule("code/destination/10min", 10, 10 * MINUTE_MS, "destination"),
)
STEP_UP = (
    Rule("step-up/address/hour", 120, HOUR_MS, "address"),
    Rule("step-up/user/hour", 20, HOUR_MS, "destination"),
)
# Per session alone: a stranger has none, and thousands of people may refresh from one address.
REFRESH = (Rule("refresh/session/minute", 30, MINUTE_MS, "destination"),)
LINK = (Rule("link/address/minute", 120, MINUTE_MS, "address"),)
UPLOAD = (Rule("upload/address/minute", 120, MINUTE_MS, "address"),)
PASSWORD_FAILURES = FailureRule("password", 10, 15 * MINUTE_MS, 30_000, 15 * MINUTE_MS, 100)
CODE_FAILURES = FailureRule("email_code", 100, 10 * MINUTE_MS, 30_000, 15 * MINUTE_MS, 100)
"""The rules of CODE set the pace; this only ends it: after 100 wrong codes in a row links alone work."""
OPERATOR_SIGN_IN = (Rule("operator/address/15min", 10, 15 * MINUTE_MS, "address"),)
RULES: tuple[Rule, ...] = (*SIGN_IN, *SIGN_UP, *SEND, *CODE, *STEP_UP, *REFRESH, *LINK, *UPLOAD, *OPERATOR_SIGN_IN)


class EventType(StrEnum):
    """Everything the audit log can say."""

    APP_CREATED = "app.created"
    POLICY_CHANGED = "policy.changed"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    SIGN_UP_ATTEMPT = "sign_up.attempt"
    SIGN_IN_ATTEMPT = "sign_in.attempt"
    STEP_UP_ATTEMPT = "step_up.attempt"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_IMPORTED = "user.imported"
    USER_ROLES_CHANGED = "user.roles_changed"
    USERNAME_CHANGED = "username.changed"
    USER_BANNED = "user.banned"
    USER_UNBANNED = "user.unbanned"
    USER_DELETED = "user.deleted"
    EMAIL_VERIFIED = "email.verified"
    EMAIL_CHANGE_ASKED = "email.change_asked"
    EMAIL_CHANGED = "email.changed"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    PASSWORD_REHASHED = "password.rehashed"
    MESSAGE_ASKED = "message.asked"
    LINK_CONFIRMED = "link.confirmed"
    SESSION_OPENED = "session.opened"
    SESSION_ENDED = "session.ended"
    REFRESH_REUSED = "refresh.reused"
    FILE_ADDED = "file.added"
    FILE_REMOVED = "file.removed"
    OPERATOR_LINK_USED = "operator.link_used"
    KEYS_ROTATED = "keys.rotated"
    SIGNING_KEY_ROTATED = "signing_key.rotated"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact, written in the fact's transaction."""

    type: EventType
    origin: Origin
    actor_kind: str = "user"
    """Who did it: `user`, `anonymous`, `operator`, `app`, `system`."""
    actor_id: str | None = None
    subject: str | None = None
    session_id: str | None = None
    attempt_id: str | None = None
    payload: dict[str, str | int | bool | None] = field(default_factory=dict)
    """What may be read without a key: method, outcome, reason, digests."""
    personal: dict[str, str] = field(default_factory=dict)
    """Names and addresses, sealed under a key of the user so that erasure leaves the log whole."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the log holds it."""

    id: str
    type: EventType
    at_ms: int
    actor_kind: str
    actor_id: str | None
    subject: str | None
    session_id: str | None
    attempt_id: str | None
    device_id: str | None
    payload: str
    personal: str | None
    position: int | None = None
