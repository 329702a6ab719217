"""Apps, policies and keys. Implements core.apps.ports."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from vestibule.adapters.store.statement import Executor, Row, directory, point
from vestibule.core.apps.model import App, AppKey, Environment, KeyKind
from vestibule.core.apps.policy import FIELD_NAMES, Policy
from vestibule.kernel.ids import AppId

_ADD_APP = point(
    "INSERT INTO app (app_id, project_id, name, environment, created_at_ms)"
    " VALUES (:app_id, :project_id, :name, :environment, :created_at_ms)"
)
_ADD_PROJECT = point(
    "INSERT INTO project (app_id, id, name, created_at_ms) VALUES (:app_id, :id, :name, :created_at_ms)"
    " ON CONFLICT (app_id, id) DO NOTHING"
)
_ADD_FEED = point("INSERT INTO event_feed (app_id, epoch, position) VALUES (:app_id, :epoch, 0)")
_FIND_APP = point(
    "SELECT app_id, project_id, name, environment, created_at_ms FROM app"
    " WHERE app_id = :app_id AND disabled_at_ms IS NULL"
)
_LIST_APPS = directory(
    "SELECT app_id, project_id, name, environment, created_at_ms FROM app"
    " WHERE app_id <> :app_id AND disabled_at_ms IS NULL ORDER BY app_id"
)
_APP_IDS = directory(
    "SELECT app_id FROM app WHERE app_id <> :app_id AND disabled_at_ms IS NULL ORDER BY app_id LIMIT :count"
)
_POLICY = point("SELECT field, value FROM policy WHERE app_id = :app_id")
_POLICY_OF = directory("SELECT field, value FROM policy WHERE app_id = :of_app AND :app_id = :app_id")
_SET_POLICY = point(
    "INSERT INTO policy (app_id, field, value, changed_at_ms) VALUES (:app_id, :field, :value, :now_ms)"
    " ON CONFLICT (app_id, field) DO UPDATE SET value = excluded.value, changed_at_ms = excluded.changed_at_ms"
)
_POLICY_CHANGED = point("SELECT changed_at_ms FROM policy WHERE app_id = :app_id AND field = :field")
_INSTANCE = point("SELECT value FROM instance WHERE app_id = :app_id AND name = :name")
_REMEMBER = point(
    "INSERT INTO instance (app_id, name, value) VALUES (:app_id, :name, :value) ON CONFLICT (app_id, name) DO NOTHING"
)

_KEY = "id, kind, name, environment, digest, sealed, created_at_ms, revoked_at_ms"
_ADD_KEY = point(
    f"INSERT INTO app_key (app_id, {_KEY})"
    " VALUES (:app_id, :id, :kind, :name, :environment, :digest, :sealed, :created_at_ms, :revoked_at_ms)"
)
_FIND_KEY = point(f"SELECT {_KEY} FROM app_key WHERE app_id = :app_id AND digest = :digest AND revoked_at_ms IS NULL")
_LIST_KEYS = point(f"SELECT {_KEY} FROM app_key WHERE app_id = :app_id ORDER BY id")
_RESEAL_KEY = point("UPDATE app_key SET sealed = :new WHERE app_id = :app_id AND id = :id AND sealed = :old")
_REVOKE_KEY = point(
    "UPDATE app_key SET revoked_at_ms = :now_ms, sealed = NULL"
    " WHERE app_id = :app_id AND id = :id AND revoked_at_ms IS NULL"
)


class SqlApps:
    """Rows of apps and policies."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, app: App) -> None:
        await self._db.run(
            _ADD_APP,
            project_id=app.project_id,
            name=app.name,
            environment=app.environment.value,
            created_at_ms=app.created_at_ms,
        )
        await self._db.run(_ADD_PROJECT, id=app.project_id, name=app.name, created_at_ms=app.created_at_ms)
        await self._db.run(_ADD_FEED, epoch=f"{app.created_at_ms:x}")
        for name in FIELD_NAMES:
            value = getattr(app.policy, name)
            if value != getattr(Policy(), name):
                await self.set_policy(name, value, app.created_at_ms)

    async def find(self) -> App | None:
        row = await self._db.one(_FIND_APP)
        if row is None:
            return None
        return _app(row, await self._db.all(_POLICY))

    async def ids(self, limit: int) -> list[AppId]:
        return [AppId(row[0]) for row in await self._db.all(_APP_IDS, count=limit)]

    async def list(self) -> list[App]:
        rows = await self._db.all(_LIST_APPS)
        return [_app(row, await self._db.all(_POLICY_OF, of_app=row[0])) for row in rows]

    async def set_policy(self, name: str, value: object, now_ms: int) -> None:
        await self._db.run(_SET_POLICY, field=name, value=json.dumps(value), now_ms=now_ms)

    async def policy_changed_at_ms(self, name: str) -> int:
        row = await self._db.one(_POLICY_CHANGED, field=name)
        return 0 if row is None else int(row[0])

    async def instance_value(self, name: str) -> str | None:
        row = await self._db.one(_INSTANCE, name=name)
        return None if row is None else str(row[0])

    async def remember(self, name: str, value: str) -> bool:
        return await self._db.run(_REMEMBER, name=name, value=value) == 1


class SqlAppKeys:
    """Rows of keys."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, key: AppKey) -> None:
        await self._db.run(_ADD_KEY, **_plain(key))

    async def find(self, digest: str) -> AppKey | None:
        row = await self._db.one(_FIND_KEY, digest=digest)
        return None if row is None else _key(row)

    async def list(self) -> list[AppKey]:
        return [_key(row) for row in await self._db.all(_LIST_KEYS)]

    async def reseal(self, key_id: str, old: str, new: str) -> bool:
        return await self._db.run(_RESEAL_KEY, id=key_id, old=old, new=new) == 1

    async def revoke(self, key_id: str, now_ms: int) -> bool:
        return await self._db.run(_REVOKE_KEY, id=key_id, now_ms=now_ms) == 1


def _app(row: Row, policy_rows: list[Row]) -> App:
    app_id, project_id, name, environment, created_at_ms = row
    return App(AppId(app_id), project_id, name, Environment(environment), created_at_ms, read_policy(policy_rows))


def read_policy(rows: list[Row]) -> Policy:
    """Stored overrides on the defaults; a field that a newer version knows is left alone."""
    values: dict[str, Any] = {}
    for name, text in rows:
        if name in FIELD_NAMES:
            value = json.loads(text)
            values[name] = tuple(value) if isinstance(value, list) else value
    return Policy(**values)


def _key(row: Row) -> AppKey:
    key_id, kind, name, environment, *rest = row
    return AppKey(key_id, KeyKind(kind), name, Environment(environment), *rest)


def _plain(key: AppKey) -> dict[str, object]:
    return {field.name: getattr(key, field.name) for field in dataclasses.fields(key)}
