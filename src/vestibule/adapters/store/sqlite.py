"""Store on SQLite: point reads on the event loop, group commit off it. Implements core.store.Store.

One writer connection. Each transaction is a savepoint in the open batch; when its body has ended, a commit
thread makes the whole batch durable, and the transactions that end meanwhile share the next batch. Entry waits
while a commit runs. A body that really suspends is an error: it would hold every other writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from vestibule.adapters.store.sqlite_executors import RETRY_S, Budgeted, LoopReader, ThreadReader, Writer
from vestibule.adapters.store.statement import Row, Statement
from vestibule.adapters.store.tx import SqlTx
from vestibule.core.store import in_transaction
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import AppId

STEP_BUDGET = 20_000
"""Virtual machine steps a statement on the loop may take (about two milliseconds)."""
SCAN_STEP_BUDGET = 200_000_000
_BEGIN_RETRIES = 1_000


class FileInUseError(Exception):
    """Another server process holds the database file."""


class SqliteStore:
    """One database file, one process. End with `close()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _locked(path)
        self._writer = _connect(path)
        self._reader = Budgeted(_connect(path, read_only=True), STEP_BUDGET)
        self._commits = ThreadPoolExecutor(1, "commit")
        self._scans = ThreadPoolExecutor(2, "scan")
        self._scan_readers: list[Budgeted] = []
        self._batch: _Batch | None = None
        self._committing: asyncio.Future[None] | None = None
        self._broken = False
        self._body_open = False

    async def close(self) -> None:
        """Let the running commit end, then release the file."""
        if self._batch is not None:
            await asyncio.gather(self._batch.done, return_exceptions=True)
        self._commits.shutdown()
        self._scans.shutdown()
        self._checkpoint(truncate=True)
        for reader in (self._reader, *self._scan_readers):
            reader.close()
        self._writer.close()
        self._lock.close()

    # Reading --------------------------------------------------------------------------------------

    def reading(self, app_id: AppId) -> SqlTx:
        """Committed rows, by key, on the loop."""
        return SqlTx(LoopReader(app_id, self._reader))

    def scanning(self, app_id: AppId) -> SqlTx:
        """Committed rows by statements that may scan, on a reader thread."""
        return SqlTx(ThreadReader(app_id, self._scan))

    async def _scan(self, work: Callable[[Budgeted], list[Row]]) -> list[Row]:
        """Run a read on a pooled connection in a reader thread."""

        def run() -> list[Row]:
            try:
                reader = self._scan_readers.pop()
            except IndexError:
                reader = Budgeted(_connect(self._path, read_only=True, timeout_s=5.0), SCAN_STEP_BUDGET)
            try:
                return work(reader)
            finally:
                self._scan_readers.append(reader)

        return await asyncio.get_running_loop().run_in_executor(self._scans, run)

    # Writing --------------------------------------------------------------------------------------

    @asynccontextmanager
    async def transaction(self, app_id: AppId) -> AsyncIterator[SqlTx]:
        """Storage calls only; leaves after the batch that holds it is durable.

        Raises: unavailable (nothing of it was kept).
        """
        batch = await self._enter()
        guard = _SuspensionGuard(self)
        token = in_transaction.set(True)
        try:
            yield SqlTx(Writer(app_id, self._writer))
            guard.check()
        except BaseException:
            self._undo()
            raise
        else:
            self._writer.execute("RELEASE body")
        finally:
            in_transaction.reset(token)
            self._body_open = False
            guard.cancel()
            self._schedule(batch)
        await asyncio.shield(batch.done)

    async def _enter(self) -> _Batch:
        for _ in range(_BEGIN_RETRIES):
            while self._committing is not None:
                await asyncio.shield(self._committing)
            if self._broken:
                raise refuse(Code.UNAVAILABLE, "a commit failed; the store needs a restart")
            if self._body_open:
                msg = "a transaction began inside another one, or its body suspended"
                raise RuntimeError(msg)
            try:
                return self._begin()
            except sqlite3.Error as error:
                if "locked" not in str(error):
                    raise refuse(Code.UNAVAILABLE, str(error)) from error
            await asyncio.sleep(RETRY_S)
        raise refuse(Code.UNAVAILABLE, "another process keeps the database locked")

    def _begin(self) -> _Batch:
        if self._batch is None:
            self._writer.execute("BEGIN IMMEDIATE")
            self._batch = _Batch()
        elif not self._writer.in_transaction:
            # SQLite undid the whole batch after a full or broken disk: its commit is about to tell everyone.
            raise refuse(Code.UNAVAILABLE, "the batch was rolled back")
        self._writer.execute("SAVEPOINT body")
        self._body_open = True
        return self._batch

    def _undo(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            # A full disk may have rolled the whole batch back already; then COMMIT fails and tells everyone.
            self._writer.execute("ROLLBACK TO body")
            self._writer.execute("RELEASE body")

    def _schedule(self, batch: _Batch) -> None:
        if not batch.is_scheduled:
            batch.is_scheduled = True
            asyncio.get_running_loop().call_soon(self._start_commit, batch)

    def _start_commit(self, batch: _Batch) -> None:
        loop = asyncio.get_running_loop()
        if self._body_open:
            # A body that suspended will be undone: a commit now would keep the half that it has written.
            loop.call_later(RETRY_S, self._start_commit, batch)
            return
        self._committing = loop.create_future()
        work = loop.run_in_executor(self._commits, self._commit)
        work.add_done_callback(lambda done: self._committed(batch, done))

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise

    def _committed(self, batch: _Batch, done: asyncio.Future[None]) -> None:
        waiting, self._committing = self._committing, None
        self._batch = None
        error = done.exception()
        if error is None:
            batch.done.set_result(None)
        else:
            # After a failed sync the page cache can no longer be believed: nothing is accepted until a restart
            # has replayed the log. A full disk is different: SQLite rolled back and may go on.
            self._broken = "disk I/O" in str(error)
            batch.done.set_exception(refuse(Code.UNAVAILABLE, f"commit failed: {error}"))
            batch.done.exception()  # callers that were cancelled do not read it
        if waiting is not None:
            waiting.set_result(None)

    # Upkeep ---------------------------------------------------------------------------------------

    async def checkpoint(self) -> None:
        """Move the log into the database file, off the loop, with a connection of its own."""
        await asyncio.get_running_loop().run_in_executor(self._scans, self._checkpoint)

    def _checkpoint(self, *, truncate: bool = False) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=5.0, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA wal_checkpoint({'TRUNCATE' if truncate else 'PASSIVE'})")

    def query_plan(self, statement: Statement) -> list[str]:
        """How SQLite would run a statement: for the test that forbids scans on the loop."""
        names = dict.fromkeys(_parameters(statement.text))
        rows = self._reader.connection.execute(f"EXPLAIN QUERY PLAN {statement.text}", names)
        return [row[3] for row in rows]


class _Batch:
    """The transactions that share one durable commit."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_scheduled = False


class _SuspensionGuard:
    """Notices that a transaction body gave the loop away."""

    def __init__(self, store: SqliteStore) -> None:
        self._suspended = False
        self._handle = asyncio.get_running_loop().call_soon(self._notice)

    def _notice(self) -> None:
        self._suspended = True

    def check(self) -> None:
        if self._suspended:
            msg = "a transaction body suspended: only storage calls belong there"
            raise RuntimeError(msg)

    def cancel(self) -> None:
        self._handle.cancel()


def _locked(path: Path) -> Any:
    """Hold the file for this process, or say who else does."""
    lock = path.with_suffix(".lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise FileInUseError(str(path)) from error
    return lock


def _connect(path: Path, *, read_only: bool = False, timeout_s: float = 0.0) -> sqlite3.Connection:
    fresh = not path.exists()
    connection = sqlite3.connect(
        path, timeout=timeout_s, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    if fresh:
        path.chmod(0o600)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0"):
        connection.execute(f"PRAGMA {pragma}")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def _parameters(text: str) -> set[str]:
    return set(re.findall(r":([a-z_0-9]+)", text))
