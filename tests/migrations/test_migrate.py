"""Migrations run once, whole or not at all, and only the text that ran before is believed."""

import sqlite3
import threading
from contextlib import closing

import pytest

from vestibule.adapters.store import migrate as module
from vestibule.adapters.store.migrate import MigrationError, migrate, migrations, pending

NAMES = [name for name, _ in migrations()]
NEXT = "9999_next"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "vestibule.db"


@pytest.fixture
def follow(monkeypatch):
    """Put another migration behind those there are."""

    def put(text, name=NEXT):
        known = [pair for pair in migrations() if pair[0] != name]
        monkeypatch.setattr(module, "migrations", lambda: [*known, (name, text)])

    return put


def schema(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_new_database_gets_everything_once(path):
    assert pending(path) == NAMES
    assert migrate(path) == NAMES
    before = schema(path)
    assert (migrate(path), pending(path), schema(path)) == ([], [], before)


def test_versions_are_numbered_without_gaps():
    assert [int(name.split("_")[0]) for name in NAMES] == list(range(1, len(NAMES) + 1))


def test_the_file_and_its_folder_are_their_owners_alone(path):
    migrate(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_newer_version_adds_what_is_missing(path, follow):
    migrate(path)
    follow("CREATE TABLE later (app_id TEXT NOT NULL PRIMARY KEY)")
    assert pending(path) == [NEXT]
    assert migrate(path) == [NEXT]
    assert "later" in dict(schema(path))


def test_a_migration_that_fails_leaves_nothing_and_may_run_again(path, follow):
    migrate(path)
    before = schema(path)
    follow("CREATE TABLE later (a TEXT); CREATE TABLE later (b TEXT)")
    with pytest.raises(sqlite3.OperationalError):
        migrate(path)
    assert schema(path) == before
    follow("CREATE TABLE later (a TEXT)")
    assert migrate(path) == [NEXT]


def test_another_text_under_a_known_name_is_refused(path, follow):
    migrate(path)
    follow("CREATE TABLE later (a TEXT)")
    migrate(path)
    follow("CREATE TABLE later (a TEXT, b TEXT)")
    with pytest.raises(MigrationError, match=NEXT):
        migrate(path)


def test_two_that_start_together_migrate_once(path):
    applied = []
    threads = [threading.Thread(target=lambda: applied.extend(migrate(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == NAMES  # each of them once, by whichever was quicker
