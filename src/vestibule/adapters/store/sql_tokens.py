"""Signing keys, refresh tokens, proofs of possession, notices. Implements core.tokens.ports."""

from __future__ import annotations

from vestibule.adapters.store.statement import Executor, Row, point
from vestibule.core.tokens.model import KeyState, RefreshToken, SigningKey
from vestibule.kernel.ids import SessionId, UserId

_KEY = "id, algorithm, state, public, sealed, created_at_ms, retired_at_ms"
_ADD_KEY = point(
    f"INSERT INTO signing_key (app_id, {_KEY})"
    " VALUES (:app_id, :id, :algorithm, :state, :public, :sealed, :created_at_ms, :retired_at_ms)"
    " ON CONFLICT DO NOTHING"
)
_KEYS = point(f"SELECT {_KEY} FROM signing_key WHERE app_id = :app_id ORDER BY id DESC")
_CHANGE_STATE = point(
    "UPDATE signing_key SET state = :after, retired_at_ms = :retired_at_ms"
    " WHERE app_id = :app_id AND id = :id AND state = :before"
)
_REMOVE_KEY = point("DELETE FROM signing_key WHERE app_id = :app_id AND id = :id")
_RESEAL_KEY = point("UPDATE signing_key SET sealed = :after WHERE app_id = :app_id AND id = :id AND sealed = :before")

_TOKEN = "session_id, generation, client, issued_at_ms, expires_at_ms, superseded_at_ms"
_ADD_TOKEN = point(
    f"INSERT INTO refresh_token (app_id, {_TOKEN})"
    " VALUES (:app_id, :session_id, :generation, :client, :issued_at_ms, :expires_at_ms, :superseded_at_ms)"
)
_FIND_TOKEN = point(
    f"SELECT {_TOKEN} FROM refresh_token"
    " WHERE app_id = :app_id AND session_id = :session_id AND generation = :generation"
)
_NEWEST = point(
    f"SELECT {_TOKEN} FROM refresh_token"
    " WHERE app_id = :app_id AND session_id = :session_id AND superseded_at_ms IS NULL"
)
_SUPERSEDE = point(
    "UPDATE refresh_token SET superseded_at_ms = :now_ms"
    " WHERE app_id = :app_id AND session_id = :session_id AND generation = :generation AND superseded_at_ms IS NULL"
)
_ERASE_CLIENTS = point(
    "UPDATE refresh_token SET client = '' WHERE app_id = :app_id"
    " AND session_id IN (SELECT id FROM session WHERE app_id = :app_id AND user_id = :user_id)"
)
_ADD_PROOF = point(
    "INSERT INTO dpop_proof (app_id, thumbprint, jti_digest, expires_at_ms)"
    " VALUES (:app_id, :thumbprint, :jti_digest, :expires_at_ms) ON CONFLICT DO NOTHING"
)
_ADD_NOTICE = point(
    "INSERT INTO notice (app_id, id, user_id, kind, at_ms) VALUES (:app_id, :id, :user_id, :kind, :at_ms)"
)
_TAKE_NOTICES = point(
    "UPDATE notice SET told_at_ms = :now_ms"
    " WHERE app_id = :app_id AND user_id = :user_id AND told_at_ms IS NULL RETURNING id, kind"
)
_ERASE_NOTICES = point("DELETE FROM notice WHERE app_id = :app_id AND user_id = :user_id AND told_at_ms IS NULL")


class SqlSigningKeys:
    """Rows of signing keys."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, key: SigningKey) -> bool:
        return await self._db.run(_ADD_KEY, **{name: getattr(key, name) for name in SigningKey.__slots__}) == 1

    async def list(self) -> list[SigningKey]:
        return [_key(row) for row in await self._db.all(_KEYS)]

    async def change_state(self, key_id: str, before: KeyState, after: KeyState, now_ms: int) -> bool:
        retired_at_ms = now_ms if after is KeyState.RETIRED else None
        changed = await self._db.run(_CHANGE_STATE, id=key_id, before=before, after=after, retired_at_ms=retired_at_ms)
        return changed == 1

    async def remove(self, key_id: str) -> bool:
        return await self._db.run(_REMOVE_KEY, id=key_id) == 1

    async def reseal(self, key_id: str, before: str, after: str) -> bool:
        return await self._db.run(_RESEAL_KEY, id=key_id, before=before, after=after) == 1


class SqlRefreshTokens:
    """Rows of refresh tokens."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, token: RefreshToken) -> None:
        await self._db.run(_ADD_TOKEN, **{name: getattr(token, name) for name in RefreshToken.__slots__})

    async def find(self, session_id: SessionId, generation: int) -> RefreshToken | None:
        return _token(await self._db.one(_FIND_TOKEN, session_id=session_id, generation=generation))

    async def newest(self, session_id: SessionId) -> RefreshToken | None:
        return _token(await self._db.one(_NEWEST, session_id=session_id))

    async def supersede(self, session_id: SessionId, generation: int, now_ms: int) -> bool:
        changed = await self._db.run(_SUPERSEDE, session_id=session_id, generation=generation, now_ms=now_ms)
        return changed == 1

    async def erase_all(self, user_id: UserId) -> None:
        await self._db.run(_ERASE_CLIENTS, user_id=user_id)


class SqlDpopProofs:
    """Proofs that have been seen."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, thumbprint: str, jti_digest: str, expires_at_ms: int) -> bool:
        values = {"thumbprint": thumbprint, "jti_digest": jti_digest, "expires_at_ms": expires_at_ms}
        return await self._db.run(_ADD_PROOF, **values) == 1


class SqlNotices:
    """What people are to be told at their next sign-in."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, notice_id: str, user_id: UserId, kind: str, now_ms: int) -> None:
        await self._db.run(_ADD_NOTICE, id=notice_id, user_id=user_id, kind=kind, at_ms=now_ms)

    async def take(self, user_id: UserId, now_ms: int) -> list[str]:
        return [kind for _, kind in sorted(await self._db.all(_TAKE_NOTICES, user_id=user_id, now_ms=now_ms))]

    async def erase_all(self, user_id: UserId) -> None:
        await self._db.run(_ERASE_NOTICES, user_id=user_id)


def _key(row: Row) -> SigningKey:
    key_id, algorithm, state, *rest = row
    return SigningKey(key_id, algorithm, KeyState(state), *rest)


def _token(row: Row | None) -> RefreshToken | None:
    return None if row is None else RefreshToken(SessionId(row[0]), *row[1:])
