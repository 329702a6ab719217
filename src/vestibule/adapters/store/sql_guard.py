"""Limits and the event log. Implements core.guard.ports."""

from __future__ import annotations

from vestibule.adapters.store.statement import Executor, Row, point, scan
from vestibule.core.guard.model import EventType, FailureRule, Rule, StoredEvent

# The row in limit_key is the lock of its subject: whoever has written it counts alone.
_LOCK = point(
    "INSERT INTO limit_key (app_id, rule, subject, last_at_ms) VALUES (:app_id, :rule, :subject, :now_ms)"
    " ON CONFLICT (app_id, rule, subject) DO UPDATE SET last_at_ms = excluded.last_at_ms"
)
_COUNT = point(
    "SELECT count(*) FROM limit_hit"
    " WHERE app_id = :app_id AND rule = :rule AND subject = :subject AND at_ms > :since_ms"
)
_NTH_OLDEST = point(
    "SELECT at_ms FROM limit_hit WHERE app_id = :app_id AND rule = :rule AND subject = :subject"
    " AND at_ms > :since_ms ORDER BY at_ms DESC LIMIT 1 OFFSET :nth"
)
_HIT = point("INSERT INTO limit_hit (app_id, rule, subject, at_ms, id) VALUES (:app_id, :rule, :subject, :now_ms, :id)")
_TAKE_BACK = point(
    "DELETE FROM limit_hit WHERE app_id = :app_id AND rule = :rule AND subject = :subject"
    " AND at_ms = :now_ms AND id = :id"
)
_REFUSED = point(
    "INSERT INTO limit_refusal (app_id, rule, subject, minute_ms, refused)"
    " VALUES (:app_id, :rule, :subject, :minute_ms, 1)"
    " ON CONFLICT (app_id, rule, subject, minute_ms) DO UPDATE SET refused = limit_refusal.refused + 1"
)
_FAILURE = point(
    "INSERT INTO failure_run (app_id, method, subject, run, burst, last_at_ms, open_at_ms)"
    " VALUES (:app_id, :method, :subject, 1, 1, :now_ms, 0)"
    " ON CONFLICT (app_id, method, subject) DO UPDATE SET"
    " run = failure_run.run + 1,"
    " burst = CASE WHEN failure_run.last_at_ms <= :now_ms - :window_ms THEN 1 ELSE failure_run.burst + 1 END,"
    " last_at_ms = :now_ms,"
    " open_at_ms = CASE"
    "  WHEN failure_run.last_at_ms <= :now_ms - :window_ms OR failure_run.burst + 1 < :full THEN 0"
    "  WHEN failure_run.burst + 1 - :full >= :doublings THEN :now_ms + :longest_ms"
    "  ELSE :now_ms + (:first_ms << (failure_run.burst + 1 - :full)) END"
    " WHERE failure_run.open_at_ms <= :now_ms AND failure_run.run < :hard_cap"
    " RETURNING run"
)
_FAILURE_STATE = point(
    "SELECT run, open_at_ms FROM failure_run WHERE app_id = :app_id AND method = :method AND subject = :subject"
)
_FORGIVE = point("DELETE FROM failure_run WHERE app_id = :app_id AND method = :method AND subject = :subject")
# A device's run is kept under `{subject}.{device}`, and `/` is the sign after the dot.
_FORGIVE_ALL = point(
    "DELETE FROM failure_run WHERE app_id = :app_id AND method = :method"
    " AND subject >= :subject AND subject < :subject || '/'"
)

_NEXT_POSITION = point("UPDATE event_feed SET position = position + 1 WHERE app_id = :app_id RETURNING position")
_EVENT = (
    "id, type, at_ms, actor_kind, actor_id, subject, session_id, attempt_id, device_id, payload, personal, position"
)
_APPEND = point(
    f"INSERT INTO event (app_id, {_EVENT}) VALUES (:app_id, :id, :type, :at_ms, :actor_kind, :actor_id, :subject,"
    " :session_id, :attempt_id, :device_id, :payload, :personal, :position)"
)
_LIST = scan(f"SELECT {_EVENT} FROM event WHERE app_id = :app_id AND position > :after ORDER BY position LIMIT :count")
_LIST_OF = scan(
    f"SELECT {_EVENT} FROM event WHERE app_id = :app_id AND type IN (:type_1, :type_2, :type_3, :type_4)"
    " AND position > :after ORDER BY position LIMIT :count"
)
_LAST = point("SELECT position FROM event WHERE app_id = :app_id AND type = :type ORDER BY position DESC LIMIT 1")
_BEFORE = point("SELECT position FROM event WHERE app_id = :app_id AND at_ms < :at_ms ORDER BY at_ms DESC LIMIT 1")
_FEED = point("SELECT epoch, position FROM event_feed WHERE app_id = :app_id")


class SqlLimits:
    """Counters that gate secrets."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def charge(self, rule: Rule, subject: str, now_ms: int, hit_id: str) -> int:
        key = {"rule": rule.name, "subject": subject}
        since_ms = now_ms - rule.window_ms
        await self._db.run(_LOCK, **key, now_ms=now_ms)
        row = await self._db.one(_COUNT, **key, since_ms=since_ms)
        if row is not None and row[0] >= rule.limit:
            oldest = await self._db.one(_NTH_OLDEST, **key, since_ms=since_ms, nth=rule.limit - 1)
            return rule.window_ms if oldest is None else max(1, oldest[0] + rule.window_ms - now_ms)
        await self._db.run(_HIT, **key, now_ms=now_ms, id=hit_id)
        return 0

    async def take_back(self, rule: Rule, subject: str, now_ms: int, hit_id: str) -> None:
        await self._db.run(_TAKE_BACK, rule=rule.name, subject=subject, now_ms=now_ms, id=hit_id)

    async def note_refusal(self, rule: str, subject: str, now_ms: int) -> None:
        await self._db.run(_REFUSED, rule=rule, subject=subject, minute_ms=now_ms - now_ms % 60_000)

    async def charge_failure(self, rule: FailureRule, subject: str, now_ms: int) -> int:
        row = await self._db.one(
            _FAILURE,
            method=rule.method,
            subject=subject,
            now_ms=now_ms,
            window_ms=rule.window_ms,
            full=rule.burst,
            first_ms=rule.first_delay_ms,
            longest_ms=rule.longest_delay_ms,
            doublings=(rule.longest_delay_ms // rule.first_delay_ms).bit_length(),
            hard_cap=rule.hard_cap,
        )
        if row is not None:
            return 0
        state = await self._db.one(_FAILURE_STATE, method=rule.method, subject=subject)
        if state is None or state[0] >= rule.hard_cap:
            return rule.longest_delay_ms
        return max(1, int(state[1]) - now_ms)

    async def forgive(self, method: str, subject: str) -> None:
        await self._db.run(_FORGIVE, method=method, subject=subject)

    async def forgive_all(self, method: str, subject: str) -> None:
        await self._db.run(_FORGIVE_ALL, method=method, subject=subject)


class SqlEvents:
    """The one log."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def append(self, event: StoredEvent) -> None:
        row = await self._db.one(_NEXT_POSITION)
        values = {name: getattr(event, name) for name in StoredEvent.__slots__}
        values |= {"type": event.type.value, "position": None if row is None else row[0]}
        await self._db.run(_APPEND, **values)

    async def list_of(self, types: tuple[EventType, ...], after_position: int, limit: int) -> list[StoredEvent]:
        names = {f"type_{number}": types[min(number, len(types)) - 1].value for number in range(1, 5)}
        rows = await self._db.all(_LIST_OF, **names, after=after_position, count=limit)
        return [_event(row) for row in rows]

    async def last(self, type_: EventType) -> int:
        row = await self._db.one(_LAST, type=type_.value)
        return 0 if row is None else int(row[0])

    async def before(self, at_ms: int) -> int:
        row = await self._db.one(_BEFORE, at_ms=at_ms)
        return 0 if row is None else int(row[0])

    async def feed(self) -> tuple[str, int]:
        row = await self._db.one(_FEED)
        return ("", 0) if row is None else (str(row[0]), int(row[1]))

    async def list(self, after_position: int, limit: int) -> list[StoredEvent]:
        rows = await self._db.all(_LIST, after=after_position, count=limit)
        return [_event(row) for row in rows]


def _event(row: Row) -> StoredEvent:
    return StoredEvent(row[0], EventType(row[1]), *row[2:])
