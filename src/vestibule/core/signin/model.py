"""Proofs, challenges, attempts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vestibule.kernel.ids import UserId


class Purpose(StrEnum):
    """What a one-time secret is for; it does nothing else."""

    EMAIL_CONFIRM = "email-confirm"
    MAGIC_LINK = "magic-link"
    RESET_PASSWORD = "reset-pwd"
    CHANGE_EMAIL = "change-email"
    GRANT = "grant"
    RESET_GRANT = "reset-grant"
    OPERATOR_LINK = "operator-link"


MAILED = (Purpose.EMAIL_CONFIRM, Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What a method says: this user just proved something."""

    user_id: UserId
    method: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ChallengeDetail:
    """What a challenge remembers of the request that made it, to show to whoever opens its link."""

    door: str = ""
    address: str = ""
    agent: str = ""
    return_to: str = ""
    action: str = ""
    email: str = ""
    """The address a change is about to set."""
    method: str = ""
    """For a grant: what was proven to get it."""
    key_id: str = ""
    """For a grant: the client key of the app that may use it again within the replay window."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A one-time secret: a link, a code, both, or an access token of a redirect."""

    id: str
    purpose: Purpose
    subject: str
    """A user id, a registration id, or the recipient's digest when nobody is behind it."""
    recipient: str
    """The address it was sent to, as a digest; empty for grants."""
    digest: str | None
    code_mac: str | None
    key_id: str
    tries_left: int
    detail: ChallengeDetail
    created_at_ms: int
    expires_at_ms: int
    code_expires_at_ms: int
    consumed_at_ms: int | None = None
    superseded_at_ms: int | None = None
    result: str | None = None
    """What consuming it made: the session of a grant."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A resumable sign-in, sign-up or recovery on our pages: never a session."""

    id: str
    kind: str
    digest: str
    state: dict[str, str]
    created_at_ms: int
    expires_at_ms: int
    user_id: UserId | None = None
    proofs: tuple[Authenticated, ...] = field(default=())
