"""What messages ask of storage and of a channel."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.messages.model import Message, OutboxRow
from vestibule.kernel.ids import AppId


class Outbox(Protocol):
    """Messages written with the fact they tell of; bodies are sealed and erased when they end."""

    async def add(self, row: OutboxRow) -> None:
        """Write it in the fact's transaction."""
        ...

    async def claim(self, now_ms: int, lease_until_ms: int) -> OutboxRow | None:
        """Take the next due message of any app. Atomic: one caller gets it until the lease ends."""
        ...

    async def end(self, row_id: str, state: str, now_ms: int) -> None:
        """Delivered, failed or expired: erase the body."""
        ...

    async def retry(self, row_id: str, next_at_ms: int, error: str) -> None:
        """Try again later."""
        ...


class Channel(Protocol):
    """Delivers one message, or raises `unavailable` to be asked again."""

    async def deliver(self, app_id: AppId, message: Message, message_id: str, now_ms: int, expires_at_ms: int) -> None:
        """Hand it over. `message_id` is the same at every try, so that a receiver can drop a copy.

        Raises: unavailable.
        """
        ...
