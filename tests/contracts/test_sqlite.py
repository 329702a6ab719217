"""What only the SQLite store promises: one process, durable settings, nothing slow on the loop."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.contracts.rows import a_user
from vestibule.adapters.store import sqlite
from vestibule.adapters.store.migrate import migrate
from vestibule.adapters.store.sqlite import FileInUseError, SqliteStore
from vestibule.adapters.store.statement import Statement
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import AppId

ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE :app_id = :app_id"
)
APP_ID = AppId("0" * 24)


@pytest.fixture
def path(tmp_path):
    migrate(tmp_path / "vestibule.db")
    return tmp_path / "vestibule.db"


@pytest.fixture
async def store(path):
    store = SqliteStore(path)
    yield store
    await store.close()


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


async def test_every_commit_is_synced_and_no_checkpoint_waits_in_a_request(store):
    for connection in (store._writer, store._reader.connection):
        figures = [pragma(connection, name) for name in ("journal_mode", "synchronous", "wal_autocheckpoint")]
        assert figures == ["wal", 2, 0]


async def test_the_loop_never_waits_for_a_lock(store):
    assert pragma(store._writer, "busy_timeout") == pragma(store._reader.connection, "busy_timeout") == 0


async def test_one_process_only(store, path):
    with pytest.raises(FileInUseError):
        SqliteStore(path)
    script = (
        "import sys, pathlib; from vestibule.adapters.store import sqlite\n"
        "try: sqlite.SqliteStore(pathlib.Path(sys.argv[1]))\n"
        "except sqlite.FileInUseError: print('in use')"
    )
    command = [sys.executable, "-c", script, path]
    other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert other.stdout == "in use\n"


async def test_the_file_is_its_owners_alone(store, path):
    assert path.stat().st_mode & 0o077 == 0


async def test_a_closed_store_lets_the_next_one_in(path):
    await SqliteStore(path).close()
    await SqliteStore(path).close()


async def test_a_statement_on_the_loop_is_cut_at_its_budget(store):
    reader = store.reading(APP_ID).users._db
    with pytest.raises(DomainError) as refused:
        await reader.one(Statement(ENDLESS))
    assert refused.value.code is Code.UNAVAILABLE
    assert await reader.one(Statement("SELECT 1 WHERE :app_id = :app_id")) == (1,)  # a budget for each


async def test_a_scan_is_cut_too(store, monkeypatch):
    monkeypatch.setattr(sqlite, "SCAN_STEP_BUDGET", 1_000_000)
    with pytest.raises(DomainError) as refused:
        await store.scanning(APP_ID).users._db.all(Statement(ENDLESS, may_scan=True))
    assert refused.value.code is Code.UNAVAILABLE


async def test_scans_run_beside_the_loop(store):
    scans = [store.scanning(APP_ID).users.list("", 10) for _ in range(50)]
    assert await asyncio.gather(*scans) == [[]] * 50


async def test_what_sqlite_rolled_back_itself_is_not_half_kept(store, path):
    """After some errors (full disk, broken disk) SQLite undoes the whole batch in the middle of a body."""

    async def add(user):
        async with store.transaction(APP_ID) as tx:
            await tx.users.add(user)

    async def rolled_back():
        async with store.transaction(APP_ID):
            store._writer.execute("ROLLBACK")
            raise LookupError

    users = [a_user(), a_user()]
    answers = await asyncio.gather(add(users[0]), rolled_back(), add(users[1]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DomainError, LookupError, DomainError]
    assert [await store.reading(APP_ID).users.find(user.id) for user in users] == [None, None]
    await add(users[0])
    assert await store.reading(APP_ID).users.find(users[0].id) == users[0]


async def test_another_writer_is_waited_for(store, path):
    """`migrate`, a backup or a doctor may hold the file for a moment."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        user = a_user()

        async def add():
            async with store.transaction(APP_ID) as tx:
                await tx.users.add(user)

        waiting = asyncio.create_task(add())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting
    assert await store.reading(APP_ID).users.find(user.id) == user


async def test_after_a_failed_sync_nothing_is_accepted(store, monkeypatch):
    """The page cache cannot be believed any more; only a restart, which replays the log, can tell."""

    def fail():
        store._writer.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(store, "_commit", fail)
    for _ in range(3):
        with pytest.raises(DomainError) as refused:
            async with store.transaction(APP_ID) as tx:
                await tx.users.add(a_user())
        assert refused.value.code is Code.UNAVAILABLE
        monkeypatch.undo()


async def test_a_checkpoint_moves_the_log_into_the_file(store, path):
    async with store.transaction(APP_ID) as tx:
        await tx.users.add(user := a_user())
    await store.checkpoint()
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as file_alone:
        assert file_alone.execute('SELECT id FROM "user"').fetchall() == [(user.id,)]
