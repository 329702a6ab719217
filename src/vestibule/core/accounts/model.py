"""Users, their identifiers and credentials, and registrations that may become users."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vestibule.kernel.ids import UserId

Profile = dict[str, object]


def name_of(profile: Profile) -> str | None:
    """What to call a person: the name that was set, else first and last name; None when there is none."""
    name = profile.get("name")
    if isinstance(name, str):
        return name
    parts = (profile.get("first_name"), profile.get("last_name"))
    return " ".join(part for part in parts if isinstance(part, str)).strip() or None


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    BANNED = "banned"
    DELETED = "deleted"


class IdentifierKind(StrEnum):
    """What names a user when signing in."""

    EMAIL = "email"
    USERNAME = "username"


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
    """One address or name of a user in its normal form; a user name is never verified, it claims nothing."""

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
    """A user with the primary address and the user name, as protocols show them; either may be empty."""

    user: User
    email: str
    is_email_verified: bool
    username: str = ""

    @property
    def known_as(self) -> str:
        """The words that others know this person by: no password is made of them."""
        return f"{name_of(self.user.profile) or ''} {self.username}"

    @property
    def counted_as(self) -> str:
        """What failures are counted by: one name for all that the user may type."""
        return self.email or self.username
