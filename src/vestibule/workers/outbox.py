"""Delivers what transactions have written down. A mail that was sent always belongs to a committed fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from vestibule.core.messages.model import OutboxRow
from vestibule.core.messages.outbox import Post
from vestibule.core.messages.ports import Channel
from vestibule.core.store import Store
from vestibule.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import SYSTEM_APP, AppId

log = structlog.get_logger("outbox")

LEASE_MS = 2 * MINUTE_MS
FIRST_DELAY_MS = 5 * SECOND_MS
LONGEST_DELAY_MS = HOUR_MS


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Claims due mails one by one. The same Message-ID at every try lets a receiver drop a copy."""

    store: Store
    clock: Clock
    post: Post
    channel: Callable[[], Channel]

    async def deliver_due(self) -> int:
        """Deliver everything that is due; answers how many were tried."""
        tried = 0
        while (row := await self._claim()) is not None:
            tried += 1
            await self._deliver(row)
        return tried

    async def _claim(self) -> OutboxRow | None:
        now_ms = self.clock.now_ms()
        async with self.store.transaction(SYSTEM_APP) as tx:
            return await tx.outbox.claim(now_ms, now_ms + LEASE_MS)

    async def _deliver(self, row: OutboxRow) -> None:
        now_ms = self.clock.now_ms()
        if row.expires_at_ms <= now_ms:
            await self._end(row, "expired")
            return
        try:
            message = self.post.open(row)
        except ValueError:
            # The right key may come back: nothing is thrown away before its time.
            log.exception("unreadable", row=row.id, kind=row.kind.value)
            await self._later(row, "sealed under a key that is not on the ring")
            return
        try:
            await self.channel().deliver(AppId(row.app_id), message, row.id, now_ms, row.expires_at_ms)
        except DomainError as error:
            log.warning("not_delivered", row=row.id, kind=row.kind.value, reason=error.reason, tries=row.attempts)
            if error.fields.get("permanent"):
                await self._end(row, "failed")
            else:
                await self._later(row, error.reason)
        else:
            await self._end(row, "delivered")

    async def _end(self, row: OutboxRow, state: str) -> None:
        async with self.store.transaction(AppId(row.app_id)) as tx:
            await tx.outbox.end(row.id, state, self.clock.now_ms())

    async def _later(self, row: OutboxRow, reason: str) -> None:
        delay_ms = min(FIRST_DELAY_MS << min(row.attempts - 1, 16), LONGEST_DELAY_MS)
        async with self.store.transaction(AppId(row.app_id)) as tx:
            await tx.outbox.retry(row.id, self.clock.now_ms() + delay_ms, reason[:200])
