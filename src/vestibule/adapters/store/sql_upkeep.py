"""Deleting what nothing reads any more. Implements core.upkeep.ports.Upkeep."""

from __future__ import annotations

from vestibule.adapters.store.statement import Executor, Statement, point
from vestibule.kernel.clock import DAY_MS, HOUR_MS

HITS_KEPT_MS = DAY_MS + HOUR_MS
REFUSALS_KEPT_MS = 30 * DAY_MS
RUNS_KEPT_MS = 365 * DAY_MS
"""A run that reached its hard cap must outlive patience: a hundred guesses a year open nothing."""
DEVICES_KEPT_MS = 400 * DAY_MS
"""Longer than the cookie by which a device is found again; it is set once."""
NOTICES_KEPT_MS = 400 * DAY_MS
"""Of a person who does not come back to be told."""
KEYS_KEPT_MS = 401 * DAY_MS
"""Longer than any token lives that a retired key has signed; until then each app's policy says what it verifies."""


def _dead(table: str, died: str, *, key: str = "id", unless: str = "") -> Statement:
    """The rows that died first. `died` is indexed: among a million living rows the dead are found at once."""
    return point(
        f"DELETE FROM {table} WHERE app_id = :app_id AND ({key}) IN (SELECT {key} FROM {table}"
        f" WHERE app_id = :app_id AND {died} < :before_ms{unless} ORDER BY {died} LIMIT :count)"
    )


_EVENTS = _dead("event", "at_ms")
# How long the dead are kept, so that a late visitor still gets the true reason and an operator sees what was.
_SWEEPS = (
    (_dead("challenge", "expires_at_ms"), 7 * DAY_MS),
    (_dead("registration", "expires_at_ms"), 7 * DAY_MS),
    (_dead("attempt", "expires_at_ms"), DAY_MS),
    (_dead("session", "absolute_expires_at_ms"), 30 * DAY_MS),
    (_dead("session", "ended_at_ms"), 30 * DAY_MS),
    # No reuse window is longer than a day: a spent token that comes later is judged without its row.
    (_dead("refresh_token", "superseded_at_ms", key="session_id, generation"), DAY_MS),
    (_dead("refresh_token", "expires_at_ms", key="session_id, generation"), DAY_MS),
    (_dead("dpop_proof", "expires_at_ms", key="thumbprint, jti_digest"), 0),
    (_dead("notice", "told_at_ms"), 30 * DAY_MS),
    (_dead("notice", "at_ms"), NOTICES_KEPT_MS),
    (_dead("signing_key", "retired_at_ms"), KEYS_KEPT_MS),
    (_dead("device", "created_at_ms"), DEVICES_KEPT_MS),
    (_dead("credential", "removed_at_ms"), 30 * DAY_MS),
    (
        _dead("identifier", "removed_at_ms", unless=" AND coalesce(reserved_until_ms, 0) < :before_ms"),
        30 * DAY_MS,
    ),
    (_dead("outbox", "ended_at_ms"), 7 * DAY_MS),
    (_dead("limit_hit", "at_ms", key="rule, subject, at_ms, id"), HITS_KEPT_MS),
    (_dead("limit_key", "last_at_ms", key="rule, subject"), HITS_KEPT_MS),
    (_dead("limit_refusal", "minute_ms", key="rule, subject, minute_ms"), REFUSALS_KEPT_MS),
    (_dead("failure_run", "last_at_ms", key="method, subject"), RUNS_KEPT_MS),
)


class SqlUpkeep:
    """Garbage, in small pieces."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def sweep(self, now_ms: int, event_retention_ms: int, limit: int) -> int:
        swept = 0
        for statement, keep_ms in (*_SWEEPS, (_EVENTS, event_retention_ms)):
            swept += await self._db.run(statement, before_ms=now_ms - keep_ms, count=limit)
        return swept
