"""Users, their identifiers and credentials, and registrations that may become users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vestibule.kernel.ids import UserId

Profile = dict[str, object]


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    BANNED = "banned"
    DELETED = "deleted"


class IdentifierKind(StrEnum):
    """What names a user when signing in."""

    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class User:
    """A person of one app."""

    id: UserId
    status: UserStatus
    profile: Profile
    roles: tuple[str, ...]
    version: int
    data_key: str
    created_at_ms: int
    updated_at_ms: int
    last_sign_in_at_ms: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """One address of a user in its normal form."""

    id: str
    user_id: UserId
    kind: IdentifierKind
    value: str
    verified_at_ms: int | None
    is_primary: bool
    added_at_ms: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored proof of knowledge; never overwritten, only replaced."""

    id: str
    user_id: UserId
    secret: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A sign-up that waits for its address to be confirmed; claims nothing until then."""

    id: str
    user_id: UserId
    kind: IdentifierKind
    value: str
    password_hash: str
    profile: Profile
    created_at_ms: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class Person:
    """A user with the primary address, as protocols show it."""

    user: User
    email: str
    is_email_verified: bool
