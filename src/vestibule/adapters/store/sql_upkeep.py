"""Deleting what nothing reads any more. Implements core.upkeep.ports.Upkeep."""

from __future__ import annotations

from vestibule.adapters.store.statement import Executor, Statement, point
from vestibule.kernel.clock import DAY_MS, HOUR_MS


def _by_id(table: str, dead: str, keep_ms: int) -> tuple[Statement, int]:
    """Rows whose ids (which sort by time) are older than what is kept, if they are dead too."""
    return (
        point(
            f"DELETE FROM {table} WHERE app_id = :app_id AND id IN (SELECT id FROM {table}"
            f" WHERE app_id = :app_id AND id < :before_id AND {dead} ORDER BY id LIMIT :count)"
        ),
        keep_ms,
    )


# How long dead rows are kept, so that a late visitor still gets the true reason.
_SWEEPS = (
    _by_id("challenge", "expires_at_ms < :before_ms", 7 * DAY_MS),
    _by_id("registration", "expires_at_ms < :before_ms", 7 * DAY_MS),
    _by_id("attempt", "expires_at_ms < :before_ms", DAY_MS),
    _by_id("session", "(ended_at_ms < :before_ms OR absolute_expires_at_ms < :before_ms)", 30 * DAY_MS),
    _by_id("outbox", "ended_at_ms < :before_ms", 7 * DAY_MS),
)
_EVENTS, _ = _by_id("event", "at_ms < :before_ms", 0)
_HITS = point(
    "DELETE FROM limit_hit WHERE app_id = :app_id AND (rule, subject, at_ms, id) IN"
    " (SELECT rule, subject, at_ms, id FROM limit_hit WHERE app_id = :app_id AND at_ms < :before_ms"
    " ORDER BY at_ms LIMIT :count)"
)
_RUNS = point(
    "DELETE FROM failure_run WHERE app_id = :app_id AND (method, subject) IN"
    " (SELECT method, subject FROM failure_run WHERE app_id = :app_id AND last_at_ms < :before_ms"
    " ORDER BY last_at_ms LIMIT :count)"
)
_KEYS = point(
    "DELETE FROM limit_key WHERE app_id = :app_id AND (rule, subject) IN"
    " (SELECT rule, subject FROM limit_key WHERE app_id = :app_id AND last_at_ms < :before_ms"
    " ORDER BY last_at_ms LIMIT :count)"
)
_REFUSALS = point(
    "DELETE FROM limit_refusal WHERE app_id = :app_id AND (rule, subject, minute_ms) IN"
    " (SELECT rule, subject, minute_ms FROM limit_refusal WHERE app_id = :app_id AND minute_ms < :before_ms"
    " ORDER BY minute_ms LIMIT :count)"
)
HITS_KEPT_MS = DAY_MS + HOUR_MS
REFUSALS_KEPT_MS = 30 * DAY_MS
RUNS_KEPT_MS = 365 * DAY_MS
"""A run that reached its hard cap must outlive patience: a hundred guesses a year open nothing."""
_COUNTERS = (
    (_HITS, HITS_KEPT_MS),
    (_KEYS, HITS_KEPT_MS),
    (_REFUSALS, REFUSALS_KEPT_MS),
    (_RUNS, RUNS_KEPT_MS),
)


class SqlUpkeep:
    """Garbage, in small pieces."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def sweep(self, now_ms: int, event_retention_ms: int, limit: int) -> int:
        swept = 0
        for statement, keep_ms in (*_SWEEPS, (_EVENTS, event_retention_ms)):
            before_ms = now_ms - keep_ms
            swept += await self._db.run(
                statement, before_ms=before_ms, before_id=f"{max(0, before_ms):012x}", count=limit
            )
        for statement, keep_ms in _COUNTERS:
            swept += await self._db.run(statement, before_ms=now_ms - keep_ms, count=limit)
        return swept
