"""How statements run on SQLite: in the open transaction, on the loop, or on a reader thread. Implements Executor."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from vestibule.adapters.store.statement import Row, Statement
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import AppId

RETRY_S = 0.002
READ_RETRIES = 50
_STEPS = 1_000
"""How many virtual machine steps pass between two looks at the budget."""


class Budgeted:
    """A read connection that aborts a statement past its step budget."""

    def __init__(self, connection: sqlite3.Connection, budget: int) -> None:
        self.connection = connection
        self._budget = budget // _STEPS
        self._left = self._budget
        connection.set_progress_handler(self._step, _STEPS)

    def _step(self) -> int:
        self._left -= 1
        return int(self._left < 0)

    def fetch(self, statement: Statement, values: dict[str, object], *, first: bool) -> list[Row]:
        self._left = self._budget
        cursor = self.connection.execute(statement.text, values)
        if not first:
            return cursor.fetchall()
        row = cursor.fetchone()
        cursor.close()
        return [] if row is None else [row]

    def close(self) -> None:
        self.connection.close()


class Writer:
    """Statements of an open transaction."""

    def __init__(self, app_id: AppId, connection: sqlite3.Connection) -> None:
        self.app_id = app_id
        self._connection = connection

    async def one(self, statement: Statement, **values: object) -> Row | None:
        rows = self._execute(statement, values).fetchall()
        return rows[0] if rows else None

    async def all(self, statement: Statement, **values: object) -> list[Row]:
        return self._execute(statement, values).fetchall()

    async def run(self, statement: Statement, **values: object) -> int:
        return self._execute(statement, values).rowcount

    def _execute(self, statement: Statement, values: dict[str, object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement.text, {"app_id": self.app_id, **values})
        except sqlite3.OperationalError as error:
            raise refuse(Code.UNAVAILABLE, str(error)) from error


class _Reader(ABC):
    """What both kinds of reader share: committed rows, and no writing."""

    def __init__(self, app_id: AppId) -> None:
        self.app_id = app_id

    async def one(self, statement: Statement, **values: object) -> Row | None:
        rows = await self._fetch(statement, {"app_id": self.app_id, **values}, first=True)
        return rows[0] if rows else None

    async def all(self, statement: Statement, **values: object) -> list[Row]:
        return await self._fetch(statement, {"app_id": self.app_id, **values}, first=False)

    async def run(self, statement: Statement, **values: object) -> int:
        raise RuntimeError("writes belong in a transaction")

    @abstractmethod
    async def _fetch(self, statement: Statement, values: dict[str, object], *, first: bool) -> list[Row]: ...


class LoopReader(_Reader):
    """Point reads on the loop; another process's lock is waited for without blocking it."""

    def __init__(self, app_id: AppId, reader: Budgeted) -> None:
        super().__init__(app_id)
        self._reader = reader

    async def _fetch(self, statement: Statement, values: dict[str, object], *, first: bool) -> list[Row]:
        if statement.may_scan:
            raise RuntimeError("a statement that may scan does not run on the loop")
        for attempt in range(READ_RETRIES):
            try:
                return self._reader.fetch(statement, values, first=first)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt == READ_RETRIES - 1:
                    raise refuse(Code.UNAVAILABLE, str(error)) from error
                await asyncio.sleep(RETRY_S)
        raise AssertionError


Scan = Callable[[Callable[[Budgeted], list[Row]]], Awaitable[list[Row]]]


class ThreadReader(_Reader):
    """Reads that may scan, on a thread."""

    def __init__(self, app_id: AppId, scan: Scan) -> None:
        super().__init__(app_id)
        self._scan = scan

    async def _fetch(self, statement: Statement, values: dict[str, object], *, first: bool) -> list[Row]:
        try:
            return await self._scan(lambda reader: reader.fetch(statement, values, first=first))
        except sqlite3.OperationalError as error:
            raise refuse(Code.UNAVAILABLE, str(error)) from error
