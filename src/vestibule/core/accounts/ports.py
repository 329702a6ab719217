"""What the accounts slice asks of storage."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.accounts.model import (
    Credential,
    Identifier,
    IdentifierKind,
    Profile,
    Registration,
    User,
    UserStatus,
)
from vestibule.kernel.ids import UserId


class Users(Protocol):
    """Rows of users."""

    async def add(self, user: User) -> None:
        """Write a new user."""
        ...

    async def find(self, user_id: UserId) -> User | None:
        """The user, whatever its status."""
        ...

    async def change_profile(self, user_id: UserId, version: int, profile: Profile, now_ms: int) -> bool:
        """Replace the profile if nobody changed the row since `version` was read; a deleted user's stays empty.

        Atomic: one of the callers wins.
        """
        ...

    async def change_status(self, user_id: UserId, status: UserStatus, now_ms: int) -> bool:
        """Set the status; False when there is nothing to change, and a deleted user stays deleted.

        Atomic: exactly one caller gets True.
        """
        ...

    async def erase(self, user_id: UserId, now_ms: int) -> bool:
        """Delete the user: forget profile and data key, keep the id. Atomic: exactly one caller gets True."""
        ...

    async def change_roles(self, user_id: UserId, roles: tuple[str, ...], now_ms: int) -> bool:
        """Replace the roles; False when they were these already, and a deleted user has none.

        Atomic: of those who set the same, exactly one gets True.
        """
        ...

    async def note_sign_in(self, user_id: UserId, now_ms: int) -> None:
        """Remember when the user last signed in."""
        ...

    async def list(self, after: str, limit: int) -> list[User]:
        """A page of users by id. Scans: for `Store.scanning` only."""
        ...


class Identifiers(Protocol):
    """Rows of identifiers; a live value is unique in its app."""

    async def find(self, kind: IdentifierKind, value: str) -> Identifier | None:
        """The live identifier of this normal form."""
        ...

    async def primary(self, user_id: UserId, kind: IdentifierKind) -> Identifier | None:
        """The user's primary identifier of a kind."""
        ...

    async def primaries(self, user_id: UserId) -> list[Identifier]:
        """The user's primary identifiers: at most one of each kind."""
        ...

    async def add(self, identifier: Identifier, verified_how: str) -> bool:
        """Write it; False when the value is taken. Atomic: of concurrent callers exactly one gets True."""
        ...

    async def verify(self, identifier_id: str, how: str, now_ms: int) -> bool:
        """Mark it verified. Atomic: exactly one caller gets True."""
        ...

    async def remove(self, identifier_id: str, now_ms: int) -> bool:
        """End it. Atomic: exactly one caller gets True."""
        ...

    async def erase_all(self, user_id: UserId, now_ms: int) -> None:
        """End every identifier of a user and forget what it said, former ones too."""
        ...


class Credentials(Protocol):
    """Rows of credentials."""

    async def find_password(self, user_id: UserId) -> Credential | None:
        """The live password hash."""
        ...

    async def add_password(self, credential: Credential, event_id: str, now_ms: int) -> None:
        """Write a password hash; the user must have none that lives."""
        ...

    async def remove(self, credential_id: str, now_ms: int) -> bool:
        """End it. Atomic: exactly one caller gets True, so a re-hash never overwrites a change."""
        ...

    async def erase_all(self, user_id: UserId, now_ms: int) -> None:
        """End every credential of a user and forget its secret, former ones too."""
        ...


class Registrations(Protocol):
    """Rows of registrations; several may exist for one address."""

    async def add(self, registration: Registration) -> None:
        """Write it."""
        ...

    async def find(self, registration_id: str, now_ms: int) -> Registration | None:
        """The live registration."""
        ...

    async def live(self, kind: IdentifierKind, value: str, now_ms: int, limit: int) -> list[Registration]:
        """The newest live registrations of an address."""
        ...

    async def end_all(self, kind: IdentifierKind, value: str, now_ms: int) -> None:
        """End every registration of an address."""
        ...

    async def erase(self, user_id: UserId, kind: IdentifierKind, value: str) -> list[str]:
        """Delete what became a user, and every registration of an address; tells which."""
        ...


class Aliases(Protocol):
    """Ids that users had in other systems, each system a namespace."""

    async def add(self, namespace: str, value: str, user_id: UserId) -> bool:
        """Write it; False when the value is taken. Atomic: of concurrent callers exactly one gets True."""
        ...

    async def find(self, namespace: str, value: str) -> UserId | None:
        """Whose id it was."""
        ...

    async def of_user(self, user_id: UserId, namespace: str) -> str | None:
        """The id that the user had there."""
        ...

    async def list(self, user_id: UserId) -> list[tuple[str, str]]:
        """Every id that the user had elsewhere, with its system, in the order of both."""
        ...
