"""When a session was last used: kept in memory, written at most every five minutes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from vestibule.core.apps.model import App
from vestibule.core.sessions.model import Session
from vestibule.core.store import Store
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import AppId, SessionId

STEP_MS = 5 * MINUTE_MS
PIECE = 200
"""Uses written at a time: a transaction is over in a millisecond or two."""
Noted = tuple[tuple[AppId, SessionId], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Activity:
    """Coalesces uses of sessions; a crash loses at most the last few minutes of a time stamp."""

    store: Store
    pending: dict[tuple[AppId, SessionId], tuple[int, int]] = field(default_factory=dict)

    def note(self, app: App, session: Session, now_ms: int) -> None:
        """Remember a use, if the stored one is old enough to be worth a write."""
        if now_ms - session.last_active_at_ms >= min(STEP_MS, app.policy.session_idle_ms // 4):
            idle_ms = session.idle_expires_at_ms - session.last_active_at_ms
            self.pending[app.id, session.id] = (now_ms, now_ms + idle_ms)

    async def flush(self) -> None:
        """Write what was noted; called by a worker and at the end.

        What fails stays noted and is told of in an ExceptionGroup, when all else is written.
        """
        failures: list[DomainError] = []
        for app_id, group in groupby(sorted(self.pending.items()), key=lambda item: item[0][0]):
            noted = list(group)
            for start in range(0, len(noted), PIECE):
                try:
                    await self._write(app_id, noted[start : start + PIECE])
                except DomainError as error:
                    failures.append(error)
        if failures:
            raise ExceptionGroup("uses of sessions were not written", failures)

    async def _write(self, app_id: AppId, piece: list[Noted]) -> None:
        async with self.store.transaction(app_id) as tx:
            for (_, session_id), (active_at_ms, idle_expires_at_ms) in piece:
                await tx.sessions.touch(session_id, active_at_ms, idle_expires_at_ms)
        for key, use in piece:
            if self.pending.get(key) == use:  # a newer one may have come meanwhile
                del self.pending[key]
