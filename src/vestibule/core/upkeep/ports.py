"""What the sweeper asks of storage."""

from __future__ import annotations

from typing import Protocol


class Upkeep(Protocol):
    """Rows that nothing reads any more."""

    async def sweep(self, now_ms: int, event_retention_ms: int, limit: int) -> int:
        """Delete at most `limit` dead rows of each kind of this app; answers how many went.

        Expiry is judged by the readers' own clock: this only collects garbage.
        """
        ...
