"""Sessions and devices. Implements core.sessions.ports."""

from __future__ import annotations

import json
from dataclasses import asdict

from vestibule.adapters.store.sql_signin import proofs_text, read_proofs
from vestibule.adapters.store.statement import Executor, Row, point
from vestibule.core.sessions.model import Device, Session
from vestibule.kernel.ids import SessionId, UserId
from vestibule.kernel.origin import Agent, Version

_SESSION = (
    "id, user_id, device_id, digest, proofs, aal, auth_at_ms, door, address, agent, created_at_ms,"
    " last_active_at_ms, absolute_expires_at_ms, idle_expires_at_ms, policy_version"
)
# The plus keeps SQLite from taking the sweeper's index, which it rates above that of the user.
_LIVE = "ended_at_ms IS NULL AND +absolute_expires_at_ms > :now_ms AND idle_expires_at_ms > :now_ms"
_ADD = point(
    f"INSERT INTO session (app_id, {_SESSION}) VALUES (:app_id, :id, :user_id, :device_id, :digest, :proofs, :aal,"
    " :auth_at_ms, :door, :address, :agent, :created_at_ms, :last_active_at_ms, :absolute_expires_at_ms,"
    " :idle_expires_at_ms, :policy_version)"
)
_FIND = point(f"SELECT {_SESSION} FROM session WHERE app_id = :app_id AND digest = :digest AND {_LIVE}")
_FIND_BY_ID = point(f"SELECT {_SESSION} FROM session WHERE app_id = :app_id AND id = :id AND {_LIVE}")
_OF_USER = point(
    f"SELECT {_SESSION} FROM session WHERE app_id = :app_id AND user_id = :user_id AND {_LIVE}"
    " ORDER BY created_at_ms DESC, id DESC LIMIT 100"
)
_END = point(
    "UPDATE session SET ended_at_ms = :now_ms, ended_reason = :reason"
    f" WHERE app_id = :app_id AND id = :id AND user_id = :user_id AND {_LIVE}"
)
_END_ALL = point(
    "UPDATE session SET ended_at_ms = :now_ms, ended_reason = :reason"
    f" WHERE app_id = :app_id AND user_id = :user_id AND id <> :keep AND {_LIVE} RETURNING id"
)
_ERASE = point("UPDATE session SET address = '', agent = '{}' WHERE app_id = :app_id AND user_id = :user_id")
_TOUCH = point(
    "UPDATE session SET last_active_at_ms = :active_at_ms, idle_expires_at_ms = :idle_expires_at_ms"
    " WHERE app_id = :app_id AND id = :id AND ended_at_ms IS NULL AND last_active_at_ms < :active_at_ms"
)
_KNOWS_DEVICE = point(
    "SELECT 1 FROM session WHERE app_id = :app_id AND user_id = :user_id AND device_id = :device_id LIMIT 1"
)
_ADD_DEVICE = point(
    "INSERT INTO device (app_id, id, digest, created_at_ms) VALUES (:app_id, :id, :digest, :created_at_ms)"
)
_FIND_DEVICE = point("SELECT id, digest, created_at_ms FROM device WHERE app_id = :app_id AND digest = :digest")


class SqlSessions:
    """Rows of sessions."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, session: Session) -> None:
        values = {name: getattr(session, name) for name in Session.__slots__}
        values |= {"proofs": proofs_text(session.proofs), "agent": json.dumps(asdict(session.agent))}
        await self._db.run(_ADD, **values)

    async def find(self, digest: str, now_ms: int) -> Session | None:
        return _session(await self._db.one(_FIND, digest=digest, now_ms=now_ms))

    async def find_by_id(self, session_id: SessionId, now_ms: int) -> Session | None:
        return _session(await self._db.one(_FIND_BY_ID, id=session_id, now_ms=now_ms))

    async def of_user(self, user_id: UserId, now_ms: int) -> list[Session]:
        rows = await self._db.all(_OF_USER, user_id=user_id, now_ms=now_ms)
        return [session for row in rows if (session := _session(row))]

    async def knows_device(self, user_id: UserId, device_id: str) -> bool:
        return await self._db.one(_KNOWS_DEVICE, user_id=user_id, device_id=device_id) is not None

    async def end(self, session_id: SessionId, user_id: UserId, reason: str, now_ms: int) -> bool:
        return await self._db.run(_END, id=session_id, user_id=user_id, reason=reason, now_ms=now_ms) == 1

    async def end_all(self, user_id: UserId, keep: SessionId | None, reason: str, now_ms: int) -> list[SessionId]:
        rows = await self._db.all(_END_ALL, user_id=user_id, keep=keep or "", reason=reason, now_ms=now_ms)
        return [SessionId(row[0]) for row in rows]

    async def erase_all(self, user_id: UserId) -> None:
        await self._db.run(_ERASE, user_id=user_id)

    async def touch(self, session_id: SessionId, active_at_ms: int, idle_expires_at_ms: int) -> None:
        await self._db.run(_TOUCH, id=session_id, active_at_ms=active_at_ms, idle_expires_at_ms=idle_expires_at_ms)


class SqlDevices:
    """Rows of devices."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, device: Device) -> None:
        await self._db.run(_ADD_DEVICE, id=device.id, digest=device.digest, created_at_ms=device.created_at_ms)

    async def find(self, digest: str) -> Device | None:
        row = await self._db.one(_FIND_DEVICE, digest=digest)
        return None if row is None else Device(*row)


def _session(row: Row | None) -> Session | None:
    if row is None:
        return None
    session_id, user_id, device_id, digest, proofs, aal, auth_at_ms, door, address, agent, *rest = row
    return Session(
        SessionId(session_id),
        UserId(user_id),
        device_id,
        digest,
        read_proofs(proofs),
        aal,
        auth_at_ms,
        door,
        address,
        _agent(agent),
        *rest,
    )


def _agent(text: str) -> Agent:
    return Agent(**{level: Version(**version) for level, version in json.loads(text).items()})
