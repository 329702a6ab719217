"""What the sessions slice asks of storage."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.sessions.model import Device, Session
from vestibule.kernel.ids import SessionId, UserId


class Sessions(Protocol):
    """Rows of sessions."""

    async def add(self, session: Session) -> None:
        """Write it."""
        ...

    async def find(self, digest: str, now_ms: int) -> Session | None:
        """The live session of a token."""
        ...

    async def find_by_id(self, session_id: SessionId, now_ms: int) -> Session | None:
        """The live session."""
        ...

    async def of_user(self, user_id: UserId, now_ms: int) -> list[Session]:
        """The user's live sessions, newest first: the newest hundred, if there are more."""
        ...

    async def knows_device(self, user_id: UserId, device_id: str) -> bool:
        """Whether this device has ever held a session of the user."""
        ...

    async def end(self, session_id: SessionId, user_id: UserId, reason: str, now_ms: int) -> bool:
        """End one session of this user. Atomic: exactly one caller gets True."""
        ...

    async def end_all(self, user_id: UserId, keep: SessionId | None, reason: str, now_ms: int) -> list[SessionId]:
        """End the user's live sessions but one; tells which ended."""
        ...

    async def erase_all(self, user_id: UserId) -> None:
        """Forget from where and with what a deleted user came; call after `end_all`."""
        ...

    async def touch(self, session_id: SessionId, active_at_ms: int, idle_expires_at_ms: int) -> None:
        """Move activity forward, never back."""
        ...


class Devices(Protocol):
    """Rows of devices."""

    async def add(self, device: Device) -> None:
        """Write it."""
        ...

    async def find(self, digest: str) -> Device | None:
        """The device of a cookie."""
        ...
