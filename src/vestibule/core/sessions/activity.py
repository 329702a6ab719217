"""When a session was last used: kept in memory, written at most every five minutes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from vestibule.core.apps.model import App
from vestibule.core.sessions.model import Session
from vestibule.core.store import Store
from vestibule.kernel.clock import MINUTE_MS
from vestibule.kernel.ids import AppId, SessionId

STEP_MS = 5 * MINUTE_MS


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
        """Write what was noted; called by a worker and at the end."""
        noted = dict(self.pending)
        self.pending.clear()
        for app_id, group in groupby(sorted(noted.items()), key=lambda item: item[0][0]):
            async with self.store.transaction(app_id) as tx:
                for (_, session_id), (active_at_ms, idle_expires_at_ms) in group:
                    await tx.sessions.touch(session_id, active_at_ms, idle_expires_at_ms)
