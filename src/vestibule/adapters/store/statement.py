"""SQL statements as registered values: what may run on the event loop is a closed, tested list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from vestibule.kernel.ids import AppId

Row = tuple[Any, ...]

STATEMENTS: list[Statement] = []
"""Every statement of the program, in the order its module was loaded; tests read their query plans."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL text with named parameters; `:app_id` is bound by the executor, never by a caller."""

    text: str
    may_scan: bool = False
    across_apps: bool = False


def point(text: str) -> Statement:
    """A statement that touches rows by key only, so that it may run on the event loop."""
    return _registered(Statement(text))


def scan(text: str) -> Statement:
    """A statement whose cost grows with the data: it runs on a reader thread with a time limit."""
    return _registered(Statement(text, may_scan=True))


def directory(text: str) -> Statement:
    """A statement of the house itself (apps, due work), which by nature looks across apps."""
    return _registered(Statement(text, across_apps=True))


def _registered(statement: Statement) -> Statement:
    STATEMENTS.append(statement)
    return statement


class Executor(Protocol):
    """Runs statements for one app: on the writer, on the loop's reader or on a reader thread."""

    @property
    def app_id(self) -> AppId:
        """The app that every statement is bound to."""
        ...

    async def one(self, statement: Statement, **values: object) -> Row | None:
        """The first row, or None."""
        ...

    async def all(self, statement: Statement, **values: object) -> list[Row]:
        """All rows."""
        ...

    async def run(self, statement: Statement, **values: object) -> int:
        """How many rows changed."""
        ...
