"""Users, identifiers, credentials, aliases and registrations. Implements core.accounts.ports."""

from __future__ import annotations

import json

from vestibule.adapters.store.statement import Executor, Row, point, scan
from vestibule.core.accounts.model import (
    Credential,
    Identifier,
    IdentifierKind,
    Profile,
    Registration,
    User,
    UserStatus,
)
from vestibule.kernel.ids import UserId

_USER = "id, status, profile, roles, version, data_key, created_at_ms, updated_at_ms, last_sign_in_at_ms"
_ADD_USER = point(
    f'INSERT INTO "user" (app_id, {_USER}) VALUES (:app_id, :id, :status, :profile, :roles, :version, :data_key,'
    " :created_at_ms, :updated_at_ms, :last_sign_in_at_ms)"
)
_FIND_USER = point(f'SELECT {_USER} FROM "user" WHERE app_id = :app_id AND id = :id')
_CHANGE_PROFILE = point(
    'UPDATE "user" SET profile = :profile, version = version + 1, updated_at_ms = :now_ms'
    " WHERE app_id = :app_id AND id = :id AND version = :version AND status <> 'deleted'"
)
_CHANGE_STATUS = point(
    'UPDATE "user" SET status = :status, version = version + 1, updated_at_ms = :now_ms'
    " WHERE app_id = :app_id AND id = :id AND status NOT IN ('deleted', :status)"
)
_CHANGE_ROLES = point(
    'UPDATE "user" SET roles = :roles, version = version + 1, updated_at_ms = :now_ms'
    " WHERE app_id = :app_id AND id = :id AND roles <> :roles AND status <> 'deleted'"
)
_ERASE_USER = point(
    "UPDATE \"user\" SET status = 'deleted', profile = '{}', roles = '[]', data_key = '',"
    " version = version + 1, updated_at_ms = :now_ms WHERE app_id = :app_id AND id = :id AND status <> 'deleted'"
)
_NOTE_SIGN_IN = point('UPDATE "user" SET last_sign_in_at_ms = :now_ms WHERE app_id = :app_id AND id = :id')
_LIST_USERS = scan(f'SELECT {_USER} FROM "user" WHERE app_id = :app_id AND id > :after ORDER BY id LIMIT :count')

_IDENTIFIER = "id, user_id, kind, value, verified_at_ms, is_primary, added_at_ms"
_FIND_IDENTIFIER = point(
    f"SELECT {_IDENTIFIER} FROM identifier"
    " WHERE app_id = :app_id AND kind = :kind AND value = :value AND removed_at_ms IS NULL"
)
_PRIMARY_IDENTIFIER = point(
    f"SELECT {_IDENTIFIER} FROM identifier WHERE app_id = :app_id AND user_id = :user_id AND kind = :kind"
    " AND is_primary = 1 AND removed_at_ms IS NULL"
)
_PRIMARY_IDENTIFIERS = point(
    f"SELECT {_IDENTIFIER} FROM identifier WHERE app_id = :app_id AND user_id = :user_id"
    " AND is_primary = 1 AND removed_at_ms IS NULL"
)
_ADD_IDENTIFIER = point(
    f"INSERT INTO identifier (app_id, {_IDENTIFIER}, verified_how) VALUES (:app_id, :id, :user_id, :kind, :value,"
    " :verified_at_ms, :is_primary, :added_at_ms, :verified_how)"
    " ON CONFLICT (app_id, kind, value) WHERE removed_at_ms IS NULL DO NOTHING"
)
_VERIFY_IDENTIFIER = point(
    "UPDATE identifier SET verified_at_ms = :now_ms, verified_how = :how"
    " WHERE app_id = :app_id AND id = :id AND verified_at_ms IS NULL AND removed_at_ms IS NULL"
)
_REMOVE_IDENTIFIER = point(
    "UPDATE identifier SET removed_at_ms = :now_ms WHERE app_id = :app_id AND id = :id AND removed_at_ms IS NULL"
)
_ERASE_IDENTIFIERS = point(
    "UPDATE identifier SET removed_at_ms = coalesce(removed_at_ms, :now_ms), value = ''"
    " WHERE app_id = :app_id AND user_id = :user_id"
)

_FIND_PASSWORD = point(
    "SELECT id, user_id, secret FROM credential"
    " WHERE app_id = :app_id AND user_id = :user_id AND kind = 'password' AND removed_at_ms IS NULL"
)
_ADD_PASSWORD = point(
    "INSERT INTO credential (app_id, id, user_id, kind, secret, added_at_ms, added_by_event)"
    " VALUES (:app_id, :id, :user_id, 'password', :secret, :now_ms, :event_id)"
)
_REMOVE_CREDENTIAL = point(
    "UPDATE credential SET removed_at_ms = :now_ms WHERE app_id = :app_id AND id = :id AND removed_at_ms IS NULL"
)
_ERASE_CREDENTIALS = point(
    "UPDATE credential SET removed_at_ms = coalesce(removed_at_ms, :now_ms), secret = ''"
    " WHERE app_id = :app_id AND user_id = :user_id"
)

_ADD_ALIAS = point(
    "INSERT INTO user_alias (app_id, namespace, value, user_id) VALUES (:app_id, :namespace, :value, :user_id)"
    " ON CONFLICT (app_id, namespace, value) DO NOTHING"
)
_FIND_ALIAS = point(
    "SELECT user_id FROM user_alias WHERE app_id = :app_id AND namespace = :namespace AND value = :value"
)
_ALIAS_OF_USER = point(
    "SELECT value FROM user_alias WHERE app_id = :app_id AND user_id = :user_id AND namespace = :namespace"
    " ORDER BY value LIMIT 1"
)
_ALIASES_OF_USER = point("SELECT namespace, value FROM user_alias WHERE app_id = :app_id AND user_id = :user_id")

_REGISTRATION = "id, user_id, kind, value, password_hash, profile, created_at_ms, expires_at_ms"
_ADD_REGISTRATION = point(
    f"INSERT INTO registration (app_id, {_REGISTRATION}) VALUES (:app_id, :id, :user_id, :kind, :value,"
    " :password_hash, :profile, :created_at_ms, :expires_at_ms)"
)
_FIND_REGISTRATION = point(
    f"SELECT {_REGISTRATION} FROM registration"
    " WHERE app_id = :app_id AND id = :id AND ended_at_ms IS NULL AND expires_at_ms > :now_ms"
)
# The plus keeps SQLite from taking the sweeper's index, which it rates above that of the address.
_LIVE_REGISTRATIONS = point(
    f"SELECT {_REGISTRATION} FROM registration WHERE app_id = :app_id AND kind = :kind AND value = :value"
    " AND ended_at_ms IS NULL AND +expires_at_ms > :now_ms ORDER BY created_at_ms DESC LIMIT :count"
)
_END_REGISTRATIONS = point(
    "UPDATE registration SET ended_at_ms = :now_ms"
    " WHERE app_id = :app_id AND kind = :kind AND value = :value AND ended_at_ms IS NULL"
)
_ERASE_REGISTRATIONS = point(
    "DELETE FROM registration WHERE app_id = :app_id AND id IN ("
    " SELECT id FROM registration WHERE app_id = :app_id AND user_id = :user_id UNION"
    " SELECT id FROM registration WHERE app_id = :app_id AND kind = :kind AND value = :value) RETURNING id"
)


class SqlUsers:
    """Rows of users."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, user: User) -> None:
        await self._db.run(
            _ADD_USER,
            id=user.id,
            status=user.status.value,
            profile=json.dumps(user.profile),
            roles=json.dumps(user.roles),
            version=user.version,
            data_key=user.data_key,
            created_at_ms=user.created_at_ms,
            updated_at_ms=user.updated_at_ms,
            last_sign_in_at_ms=user.last_sign_in_at_ms,
        )

    async def find(self, user_id: UserId) -> User | None:
        row = await self._db.one(_FIND_USER, id=user_id)
        return None if row is None else _user(row)

    async def change_profile(self, user_id: UserId, version: int, profile: Profile, now_ms: int) -> bool:
        text = json.dumps(profile)
        return await self._db.run(_CHANGE_PROFILE, id=user_id, version=version, profile=text, now_ms=now_ms) == 1

    async def change_status(self, user_id: UserId, status: UserStatus, now_ms: int) -> bool:
        return await self._db.run(_CHANGE_STATUS, id=user_id, status=status.value, now_ms=now_ms) == 1

    async def change_roles(self, user_id: UserId, roles: tuple[str, ...], now_ms: int) -> bool:
        return await self._db.run(_CHANGE_ROLES, id=user_id, roles=json.dumps(roles), now_ms=now_ms) == 1

    async def erase(self, user_id: UserId, now_ms: int) -> bool:
        return await self._db.run(_ERASE_USER, id=user_id, now_ms=now_ms) == 1

    async def note_sign_in(self, user_id: UserId, now_ms: int) -> None:
        await self._db.run(_NOTE_SIGN_IN, id=user_id, now_ms=now_ms)

    async def list(self, after: str, limit: int) -> list[User]:
        return [_user(row) for row in await self._db.all(_LIST_USERS, after=after, count=limit)]


class SqlIdentifiers:
    """Rows of identifiers."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def find(self, kind: IdentifierKind, value: str) -> Identifier | None:
        row = await self._db.one(_FIND_IDENTIFIER, kind=kind.value, value=value)
        return None if row is None else _identifier(row)

    async def primary(self, user_id: UserId, kind: IdentifierKind) -> Identifier | None:
        row = await self._db.one(_PRIMARY_IDENTIFIER, user_id=user_id, kind=kind.value)
        return None if row is None else _identifier(row)

    async def primaries(self, user_id: UserId) -> list[Identifier]:
        return [_identifier(row) for row in await self._db.all(_PRIMARY_IDENTIFIERS, user_id=user_id)]

    async def add(self, identifier: Identifier, verified_how: str) -> bool:
        changed = await self._db.run(
            _ADD_IDENTIFIER,
            id=identifier.id,
            user_id=identifier.user_id,
            kind=identifier.kind.value,
            value=identifier.value,
            verified_at_ms=identifier.verified_at_ms,
            is_primary=int(identifier.is_primary),
            added_at_ms=identifier.added_at_ms,
            verified_how=verified_how,
        )
        return changed == 1

    async def verify(self, identifier_id: str, how: str, now_ms: int) -> bool:
        return await self._db.run(_VERIFY_IDENTIFIER, id=identifier_id, how=how, now_ms=now_ms) == 1

    async def remove(self, identifier_id: str, now_ms: int) -> bool:
        return await self._db.run(_REMOVE_IDENTIFIER, id=identifier_id, now_ms=now_ms) == 1

    async def erase_all(self, user_id: UserId, now_ms: int) -> None:
        await self._db.run(_ERASE_IDENTIFIERS, user_id=user_id, now_ms=now_ms)


class SqlCredentials:
    """Rows of credentials."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def find_password(self, user_id: UserId) -> Credential | None:
        row = await self._db.one(_FIND_PASSWORD, user_id=user_id)
        return None if row is None else Credential(*row)

    async def add_password(self, credential: Credential, event_id: str, now_ms: int) -> None:
        await self._db.run(
            _ADD_PASSWORD,
            id=credential.id,
            user_id=credential.user_id,
            secret=credential.secret,
            event_id=event_id,
            now_ms=now_ms,
        )

    async def remove(self, credential_id: str, now_ms: int) -> bool:
        return await self._db.run(_REMOVE_CREDENTIAL, id=credential_id, now_ms=now_ms) == 1

    async def erase_all(self, user_id: UserId, now_ms: int) -> None:
        await self._db.run(_ERASE_CREDENTIALS, user_id=user_id, now_ms=now_ms)


class SqlAliases:
    """Ids of other systems."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, namespace: str, value: str, user_id: UserId) -> bool:
        return await self._db.run(_ADD_ALIAS, namespace=namespace, value=value, user_id=user_id) == 1

    async def find(self, namespace: str, value: str) -> UserId | None:
        row = await self._db.one(_FIND_ALIAS, namespace=namespace, value=value)
        return None if row is None else UserId(row[0])

    async def of_user(self, user_id: UserId, namespace: str) -> str | None:
        row = await self._db.one(_ALIAS_OF_USER, user_id=user_id, namespace=namespace)
        return None if row is None else str(row[0])

    async def list(self, user_id: UserId) -> list[tuple[str, str]]:
        return sorted((row[0], row[1]) for row in await self._db.all(_ALIASES_OF_USER, user_id=user_id))


class SqlRegistrations:
    """Rows of registrations."""

    def __init__(self, executor: Executor) -> None:
        self._db = executor

    async def add(self, registration: Registration) -> None:
        await self._db.run(
            _ADD_REGISTRATION,
            id=registration.id,
            user_id=registration.user_id,
            kind=registration.kind.value,
            value=registration.value,
            password_hash=registration.password_hash,
            profile=json.dumps(registration.profile),
            created_at_ms=registration.created_at_ms,
            expires_at_ms=registration.expires_at_ms,
        )

    async def find(self, registration_id: str, now_ms: int) -> Registration | None:
        row = await self._db.one(_FIND_REGISTRATION, id=registration_id, now_ms=now_ms)
        return None if row is None else _registration(row)

    async def live(self, kind: IdentifierKind, value: str, now_ms: int, limit: int) -> list[Registration]:
        rows = await self._db.all(_LIVE_REGISTRATIONS, kind=kind.value, value=value, now_ms=now_ms, count=limit)
        return [_registration(row) for row in rows]

    async def end_all(self, kind: IdentifierKind, value: str, now_ms: int) -> None:
        await self._db.run(_END_REGISTRATIONS, kind=kind.value, value=value, now_ms=now_ms)

    async def erase(self, user_id: UserId, kind: IdentifierKind, value: str) -> list[str]:
        rows = await self._db.all(_ERASE_REGISTRATIONS, user_id=user_id, kind=kind.value, value=value)
        return [row[0] for row in rows]


def _user(row: Row) -> User:
    user_id, status, profile, roles, *rest = row
    return User(UserId(user_id), UserStatus(status), json.loads(profile), tuple(json.loads(roles)), *rest)


def _identifier(row: Row) -> Identifier:
    identifier_id, user_id, kind, value, verified_at_ms, is_primary, added_at_ms = row
    return Identifier(
        identifier_id, UserId(user_id), IdentifierKind(kind), value, verified_at_ms, bool(is_primary), added_at_ms
    )


def _registration(row: Row) -> Registration:
    registration_id, user_id, kind, value, password_hash, profile, created_at_ms, expires_at_ms = row
    return Registration(
        registration_id,
        UserId(user_id),
        IdentifierKind(kind),
        value,
        password_hash,
        json.loads(profile),
        created_at_ms,
        expires_at_ms,
    )
