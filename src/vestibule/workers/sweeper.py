"""Deletes what expired: rows in small pieces, bytes that no row holds."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.apps.apps import Apps
from vestibule.core.apps.policy import ACCESS_MOST_S
from vestibule.core.files.files import Files
from vestibule.core.store import Store
from vestibule.core.tokens.revocations import SLACK_MS
from vestibule.kernel.clock import SECOND_MS, Clock

PIECE = 200
"""Rows of a kind deleted at a time: a transaction is over in a millisecond or two."""
BLOBS_AT_ONCE = 100
FEED_MS = ACCESS_MOST_S * SECOND_MS + SLACK_MS
"""How long the revocation feed needs the log, however short an app wants it."""


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Running it twice, or never, changes no answer of the server."""

    store: Store
    clock: Clock
    apps: Apps
    files: Files

    async def sweep(self) -> int:
        """Sweep every app until nothing is left; answers how much went."""
        swept = 0
        for app in await self.apps.list_with_system():
            events_ms = max(app.policy.event_retention_ms, FEED_MS)
            while True:
                async with self.store.transaction(app.id) as tx:
                    piece = await tx.upkeep.sweep(self.clock.now_ms(), events_ms, PIECE)
                swept += piece
                if piece < PIECE:
                    break
        return swept + await self.files.delete_doomed(BLOBS_AT_ONCE)
