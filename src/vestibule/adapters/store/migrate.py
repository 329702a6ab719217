"""Numbered migrations, forward only, each applied with the record that it ran in one transaction."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

_RECORD = (
    "CREATE TABLE IF NOT EXISTS schema_migration"
    " (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)


class MigrationError(Exception):
    """The database was migrated by other text than this program holds."""


def migrate(path: Path) -> list[str]:
    """Bring the database to this version's schema; tells what was applied.

    Atomic: a migration is applied whole with its record, or not at all; running again resumes.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return [name for name, text in migrations() if _apply(connection, name, text)]


def pending(path: Path) -> list[str]:
    """Names of migrations that have not run on this database."""
    if not path.exists():
        return [name for name, _ in migrations()]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        done = _done(connection)
    return [name for name, _ in migrations() if _version(name) not in done]


def migrations() -> list[tuple[str, str]]:
    """Name and SQL of every migration, in order."""
    folder = resources.files("vestibule.adapters.store") / "migrations"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name)
    return [(entry.name.removesuffix(".sql"), entry.read_text()) for entry in files]


def _apply(connection: sqlite3.Connection, name: str, text: str) -> bool:
    checksum = hashlib.sha256(text.encode()).hexdigest()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_RECORD)
        known = _done(connection).get(_version(name))
        if known is None:
            for statement in _statements(text):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_migration VALUES (?, ?, ?)", (_version(name), name, checksum))
        elif known != checksum:
            msg = f"migration {name} has another text than the one that ran on this database"
            raise MigrationError(msg)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return known is None


def _done(connection: sqlite3.Connection) -> dict[int, str]:
    try:
        return dict(connection.execute("SELECT version, checksum FROM schema_migration").fetchall())
    except sqlite3.OperationalError:
        return {}


def _version(name: str) -> int:
    return int(name.split("_", 1)[0])


def _statements(text: str) -> list[str]:
    """The statements of a migration; comments go, and no literal of ours holds a semicolon."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]
