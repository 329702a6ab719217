"""The registry of statements and the schema, read from the database itself."""

import re
import sqlite3
from contextlib import closing

import pytest

from tests.fakes import START_MS, SeededEntropy
from vestibule.adapters.store.migrate import migrate
from vestibule.adapters.store.sqlite import SqliteStore
from vestibule.adapters.store.statement import STATEMENTS, Statement
from vestibule.kernel.ids import is_id, new_id

MAY_SCAN_ON_THE_LOOP = {"FROM app WHERE app_id <> :app_id"}
"""The directory of apps: a handful of rows, all of them wanted."""
SMALL = {
    "app": "one row",
    "event_feed": "one row",
    "policy": "as many rows as a policy has fields",
    "app_key": "the keys an operator made",
    "signing_key": "two for each algorithm in use, and those whose tokens have not all expired",
}
"""Tables of which a statement on the loop may walk through everything that an app has in them."""

ON_THE_LOOP = [statement for statement in STATEMENTS if not statement.may_scan]
NOT_OF_AN_APP = {"schema_migration"}


def short(statement):
    return re.sub(r"\W+", " ", statement.text)[:90]


@pytest.fixture
async def store(tmp_path):
    migrate(tmp_path / "vestibule.db")
    store = SqliteStore(tmp_path / "vestibule.db")
    yield store
    await store.close()


@pytest.fixture
def schema(tmp_path):
    migrate(tmp_path / "vestibule.db")
    with closing(sqlite3.connect(tmp_path / "vestibule.db")) as connection:
        yield connection


def tables(schema):
    rows = schema.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in rows if name not in NOT_OF_AN_APP]


def test_the_registry_is_full():
    assert len(STATEMENTS) > 90
    assert len({statement.text for statement in STATEMENTS}) == len(STATEMENTS)


@pytest.mark.parametrize("statement", STATEMENTS, ids=short)
def test_names_its_app(statement):
    assert ":app_id" in statement.text


@pytest.mark.parametrize("statement", [each for each in STATEMENTS if not each.across_apps], ids=short)
def test_touches_its_own_app_only(statement):
    """As many conditions on the app as tables that are read or changed."""
    touched = re.findall(r"\b(?:FROM|UPDATE|INTO|JOIN)\s+\"?[a-z_]+", statement.text.replace("DO UPDATE", ""))
    bound = re.findall(r"app_id = :app_id|VALUES \(:app_id|SELECT :app_id", statement.text)
    assert len(bound) >= len(touched)


@pytest.mark.parametrize("statement", ON_THE_LOOP, ids=short)
async def test_is_answered_by_an_index(statement, store):
    if any(known in statement.text for known in MAY_SCAN_ON_THE_LOOP):
        return
    plan = store.query_plan(statement)
    assert [step for step in plan if step.startswith("SCAN")] == []


@pytest.mark.parametrize("statement", ON_THE_LOOP, ids=short)
async def test_does_not_walk_through_a_whole_app(statement, store):
    """SQLite calls it a search when nothing but the app is given; for one big app it is a scan."""
    walks = [step for step in store.query_plan(statement) if step.endswith("(app_id=?)")]
    assert [step for step in walks if step.split()[1] not in SMALL] == []


@pytest.mark.parametrize("statement", [each for each in STATEMENTS if ":before_ms" in each.text], ids=short)
async def test_a_sweep_looks_at_nothing_that_lives(statement, store):
    """The dead stand together in an index, in the order in which they died."""
    plan = store.query_plan(statement)
    died = re.findall(r"ORDER BY (\w+_ms) LIMIT", statement.text)[0]
    assert any(step.endswith(f"(app_id=? AND {died}<?)") for step in plan), plan
    assert [step for step in plan if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("statement", [each for each in ON_THE_LOOP if ":before_ms" not in each.text], ids=short)
async def test_the_indexes_of_the_dead_are_for_sweeps(statement, store):
    """SQLite rates a range above an equality: asked for the living of one user, it would walk those of all."""
    sweeping = re.compile(r"USING (COVERING )?INDEX \w+_(expires|ended|removed|created|superseded|retired|told) ")
    assert [step for step in store.query_plan(statement) if sweeping.search(step)] == []


async def test_the_check_would_see_a_scan(store):
    assert store.query_plan(Statement("SELECT * FROM session WHERE door = :app_id")) == ["SCAN session"]
    (step,) = store.query_plan(Statement("SELECT * FROM session WHERE app_id = :app_id AND door = 'x'"))
    assert step.startswith("SEARCH session")
    assert step.endswith("(app_id=?)")


async def test_every_parameter_is_named_and_bound(store):
    for statement in STATEMENTS:
        assert "?" not in statement.text
        store.query_plan(statement)  # names every parameter: SQLite refuses a missing one


def test_the_app_leads_every_primary_key_and_unique_index(schema):
    assert len(tables(schema)) > 20
    for table in tables(schema):
        unique = [row[1] for row in schema.execute(f'PRAGMA index_list("{table}")') if row[2]]
        first = [schema.execute(f'PRAGMA index_info("{name}")').fetchone()[2] for name in unique]
        assert first, f"{table} has no key"
        assert set(first) == {"app_id"}, table
        keys = [row[1] for row in schema.execute(f'PRAGMA table_info("{table}")') if row[5] == 1]
        assert keys == ["app_id"], table


def test_types_are_those_both_databases_know(schema):
    for table in tables(schema):
        columns = schema.execute(f'PRAGMA table_info("{table}")').fetchall()
        assert {column[2] for column in columns} <= {"TEXT", "BIGINT"}, table
        assert {column[2] for column in columns if column[1].endswith("_ms")} <= {"BIGINT"}, table


def test_ids_are_24_hex_and_sort_by_time():
    entropy = SeededEntropy()
    ids = [new_id(START_MS + step, entropy) for step in range(1_000)]
    assert all(map(is_id, ids))
    assert ids == sorted(ids)
