"""What the apps slice asks of storage."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.apps.model import App, AppKey
from vestibule.kernel.ids import AppId


class Apps(Protocol):
    """Rows of apps and their policies."""

    async def add(self, app: App) -> None:
        """Write the app of this transaction."""
        ...

    async def find(self) -> App | None:
        """The app of this transaction, with its policy."""
        ...

    async def ids(self, limit: int) -> list[AppId]:
        """Ids of the oldest apps but the system's own."""
        ...

    async def list(self) -> list[App]:
        """All apps but the system's own, with their policies, oldest first."""
        ...

    async def set_policy(self, name: str, value: object, now_ms: int) -> None:
        """Override one field of the policy."""
        ...

    async def policy_changed_at_ms(self, name: str) -> int:
        """When a field of the policy was overridden last; 0 when it never was."""
        ...

    async def instance_value(self, name: str) -> str | None:
        """A remembered fact of the installation."""
        ...

    async def remember(self, name: str, value: str) -> bool:
        """Remember a fact of the installation; False when it was known. Atomic."""
        ...


class AppKeys(Protocol):
    """Rows of keys."""

    async def add(self, key: AppKey) -> None:
        """Write it."""
        ...

    async def find(self, digest: str) -> AppKey | None:
        """The live key."""
        ...

    async def list(self) -> list[AppKey]:
        """Keys of the app, live and revoked, oldest first."""
        ...

    async def reseal(self, key_id: str, old: str, new: str) -> bool:
        """Replace the sealed text, if it still is `old`. Atomic: exactly one caller gets True."""
        ...

    async def revoke(self, key_id: str, now_ms: int) -> bool:
        """End a key. Atomic: exactly one caller gets True."""
        ...
