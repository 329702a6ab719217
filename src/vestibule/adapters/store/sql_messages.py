"""The outbox. Implements core.messages.ports.Outbox."""

from __future__ import annotations

from vestibule.adapters.store.statement import Executor, directory, point
from vestibule.core.messages.model import MessageKind, OutboxRow

_ADD = point(
    "INSERT INTO outbox (app_id, id, channel, kind, sealed, state, attempts, next_at_ms, expires_at_ms, created_at_ms)"
    " VALUES (:app_id, :id, :channel, :kind, :sealed, 'waiting', 0, :created_at_ms, :expires_at_ms, :created_at_ms)"
)
_CLAIM = directory(
    "UPDATE outbox SET attempts = attempts + 1, next_at_ms = :lease_until_ms"
    " WHERE state = 'waiting' AND next_at_ms <= :now_ms AND (app_id, id) IN ("
    " SELECT app_id, id FROM outbox WHERE state = 'waiting' AND next_at_ms <= :now_ms AND :app_id = :app_id"
    " ORDER BY next_at_ms LIMIT 1)"
    " RETURNING app_id, id, channel, kind, sealed, attempts, expires_at_ms, created_at_ms"
)
_END = point(
    "UPDATE outbox SET state = :state, sealed = NULL, ended_at_ms = :now_ms WHERE app_id = :app_id AND id = :id"
)
_RETRY = point(
    "UPDATE outbox SET next_at_ms = :next_at_ms, error = :error"
    " WHERE app_id = :app_id AND id = :id AND state = 'waiting'"
)


class SqlOutbox:
    """Messages on their way."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, row: OutboxRow) -> None:
        await self._db.run(
            _ADD,
            id=row.id,
            channel=row.channel,
            kind=row.kind.value,
            sealed=row.sealed,
            expires_at_ms=row.expires_at_ms,
            created_at_ms=row.created_at_ms,
        )

    async def claim(self, now_ms: int, lease_until_ms: int) -> OutboxRow | None:
        row = await self._db.one(_CLAIM, now_ms=now_ms, lease_until_ms=lease_until_ms)
        if row is None:
            return None
        app_id, row_id, channel, kind, *rest = row
        return OutboxRow(app_id, row_id, channel, MessageKind(kind), *rest)

    async def end(self, row_id: str, state: str, now_ms: int) -> None:
        await self._db.run(_END, id=row_id, state=state, now_ms=now_ms)

    async def retry(self, row_id: str, next_at_ms: int, error: str) -> None:
        await self._db.run(_RETRY, id=row_id, next_at_ms=next_at_ms, error=error)
