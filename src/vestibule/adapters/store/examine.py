"""A look at a database file from outside, for `vestibule doctor`: reads only, also while a server runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vestibule.adapters.store.migrate import MigrationError, pending
from vestibule.adapters.store.sql_apps import read_policy
from vestibule.core.apps.apps import key_place
from vestibule.core.apps.policy import Policy
from vestibule.core.tokens.model import SHARED
from vestibule.kernel.ids import AppId
from vestibule.kernel.keys import KeyRing

_APPS = "SELECT app_id, name, environment FROM app WHERE disabled_at_ms IS NULL ORDER BY app_id"
_POLICY = "SELECT field, value FROM policy WHERE app_id = ?"
_DEVELOPMENT_KEYS = (
    "SELECT count(*) FROM app_key WHERE environment = 'development' AND revoked_at_ms IS NULL AND app_id = ?"
)
_FOREIGN_HASHES = (
    "SELECT count(*) FROM credential WHERE app_id = ? AND kind = 'password' AND removed_at_ms IS NULL"
    " AND secret NOT LIKE '$argon2id$%'"
)
_SECRETS = "SELECT count(*) FROM signing_key WHERE app_id = ? AND algorithm = ? AND state = 'current' AND public = ''"
_IMPORTED = (
    'SELECT count(DISTINCT a.user_id) FROM user_alias AS a JOIN "user" AS u ON u.app_id = a.app_id AND u.id = a.user_id'
    " WHERE a.app_id = ? AND u.status = 'active' AND"
)
_UNVERIFIED = (
    f"{_IMPORTED} EXISTS (SELECT 1 FROM identifier AS i WHERE i.app_id = a.app_id AND i.user_id = a.user_id"
    " AND i.kind = 'email' AND i.verified_at_ms IS NULL AND i.removed_at_ms IS NULL)"
)
_WITHOUT_PASSWORD = (
    f"{_IMPORTED} NOT EXISTS (SELECT 1 FROM credential AS c WHERE c.app_id = a.app_id AND c.user_id = a.user_id"
    " AND c.kind = 'password' AND c.removed_at_ms IS NULL)"
)
_SEALED = "SELECT app_id, id, sealed FROM app_key WHERE sealed IS NOT NULL ORDER BY id"
_NEWEST_EVENT = "SELECT max(at_ms) FROM event"
_OLDEST_MAIL = "SELECT count(*), min(created_at_ms) FROM outbox WHERE state = 'waiting'"


@dataclass(frozen=True, slots=True)
class AppFacts:
    """What matters of an app."""

    id: str
    name: str
    environment: str
    policy: Policy
    development_keys: int
    foreign_hashes: int = 0
    """Users whose password is still hashed as another system did it."""
    has_secret: bool = True
    """Whether the shared secret of its algorithm was given; True for algorithms that have none."""
    imported_unverified: int = 0
    imported_without_password: int = 0


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a database says of itself."""

    damage: str = ""
    """What SQLite's quick check found; empty when it is whole."""
    pending: tuple[str, ...] = ()
    journal_mode: str = "wal"
    newest_event_ms: int = 0
    waiting_mails: int = 0
    oldest_mail_ms: int = 0
    apps: tuple[AppFacts, ...] = field(default=())
    sealed_keys: tuple[tuple[str, str, str], ...] = ()
    """App, id and sealed text of every app key, to try the master keys on."""


def examine(path: Path) -> DatabaseFacts:
    """Read everything the doctor wants to know."""
    try:
        missing = tuple(pending(path))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            check = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
            damage = "" if check == ["ok"] else "; ".join(check)
            mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
            if damage or missing:
                return DatabaseFacts(damage, missing, mode)
            waiting, oldest = connection.execute(_OLDEST_MAIL).fetchone()
            return DatabaseFacts(
                pending=missing,
                journal_mode=mode,
                newest_event_ms=connection.execute(_NEWEST_EVENT).fetchone()[0] or 0,
                waiting_mails=waiting,
                oldest_mail_ms=oldest or 0,
                apps=tuple(_app(connection, *row) for row in connection.execute(_APPS).fetchall()),
                sealed_keys=tuple(connection.execute(_SEALED).fetchall()),
            )
    except (sqlite3.Error, MigrationError) as error:
        return DatabaseFacts(damage=str(error))


def refuse_foreign_ring(path: Path, keys: KeyRing) -> None:
    """Stop before anything is sealed under keys that are not this database's. Raises ValueError."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        require_own_ring(connection.execute(_SEALED).fetchall(), keys)


def require_own_ring(sealed_keys: Iterable[tuple[str, str, str]], keys: KeyRing) -> None:
    """Every sealed app key opens. Raises ValueError that says how to mend it."""
    try:
        for app_id, key_id, sealed in sealed_keys:
            keys.unseal(AppId(app_id), key_place(key_id), sealed)
    except ValueError as error:
        raise ValueError(f"The master key is not the one of this database ({error}): bring its own back") from error


def _app(connection: sqlite3.Connection, app_id: str, name: str, environment: str) -> AppFacts:
    def count(sql: str, *values: str) -> int:
        return int(connection.execute(sql, (app_id, *values)).fetchone()[0])

    policy = read_policy(connection.execute(_POLICY, (app_id,)).fetchall())
    return AppFacts(
        app_id,
        name,
        environment,
        policy,
        development_keys=count(_DEVELOPMENT_KEYS),
        foreign_hashes=count(_FOREIGN_HASHES),
        has_secret=policy.ALGORITHM not in SHARED or count(_SECRETS, policy.ALGORITHM) > 0,
        imported_unverified=count(_UNVERIFIED),
        imported_without_password=count(_WITHOUT_PASSWORD),
    )
