"""What tests ask of a house from outside: its rows, its work, its refusals."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.world import World
from vestibule.core.messages.model import Message
from vestibule.kernel.errors import Code, DomainError

_TABLE = re.compile(r'(?:FROM|INTO|UPDATE)\s+"?(\w+)"?')
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")


@contextmanager
def refused(code: Code, **fields: str | int) -> Iterator[None]:
    """The block ends with this refusal, and with these fields if some are given."""
    with pytest.raises(DomainError) as caught:
        yield
    assert caught.value.code is code
    assert fields.items() <= caught.value.fields.items()


def rows(world: World, sql: str, *values: object) -> list[Any]:
    """Committed rows, through a connection of the test's own; single columns come unpacked."""
    with closing(sqlite3.connect(world.running.store._path)) as connection:
        found = connection.execute(sql, values).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def events(world: World, after: int = 0, app_id: str = "") -> Counter[str]:
    """Types of the app's events past a position."""
    asked = "SELECT type FROM event WHERE app_id = ? AND position > ?"
    return Counter(rows(world, asked, app_id or world.app.id, after))


def position(world: World, app_id: str = "") -> int:
    """Where the app's feed stands."""
    found = rows(world, "SELECT position FROM event_feed WHERE app_id = ?", app_id or world.app.id)
    return int(found[0]) if found else 0


def code_of(mail: Message) -> str:
    """The code of a mail."""
    assert mail.code is not None
    return mail.code


@dataclass
class Work:
    """What a call cost."""

    hashes: int = 0
    statements: list[str] = field(default_factory=list)
    mail_sizes: list[int] = field(default_factory=list)


@contextmanager
def counted(world: World) -> Iterator[Work]:
    """Count what the block costs: hashes, statements as `verb table`, rows of the outbox with their bytes."""
    work, before, store = Work(), world.hasher.work, world.running.store
    known = set(rows(world, "SELECT id FROM outbox"))
    connections = store._writer, store._reader.connection

    def note(statement: str) -> None:
        if not statement.startswith(_FRAME):
            table = _TABLE.search(statement)
            work.statements.append(f"{statement.split(maxsplit=1)[0]} {table[1] if table else statement}")

    for connection in connections:
        connection.set_trace_callback(note)
    try:
        yield work
    finally:
        for connection in connections:
            connection.set_trace_callback(None)
    work.hashes = world.hasher.work - before
    work.mail_sizes = [size for id_, size in rows(world, "SELECT id, length(sealed) FROM outbox") if id_ not in known]
