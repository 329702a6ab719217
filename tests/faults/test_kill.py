"""SIGKILL under write load: what was acknowledged is there, once and whole."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.faults import load
from tests.faults.server import Server, prepare, serving, sign_up
from tests.faults.trials import KILLS

pytestmark = pytest.mark.slow

SEED = 20261121


def start_load(server: Server, log: Path, session: str, user_id: str) -> subprocess.Popen[bytes]:
    """The client is another process with a file of its own: it does not die with the server."""
    command = [sys.executable, load.__file__, server.api, server.said["client_key"], session, user_id, str(log)]
    return subprocess.Popen(command)


def acknowledged(log: Path) -> list[tuple[str, str, str]]:
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()]


def check_through_the_api(server: Server, session: str, acks: list[tuple[str, str, str]]) -> None:
    headers = server.headers | {"session": session}
    said = httpx.get(f"{server.api}/auth/user", headers=headers, trust_env=False).raise_for_status().json()
    for kind, mark, got in acks:
        if kind == "update":
            run, number, turn = mark.rsplit("-", 2)
            kept_run, kept_number, kept_turn = said[f"field{number}"].rsplit("-", 2)
            # A later turn may have been written without its answer having arrived.
            assert (kept_run, kept_number) == (run, number)
            assert int(kept_turn) >= int(turn), f"lost: {got}, kept: {said[f'field{number}']}"
    emails = [f"{mark}@acme.test" for kind, mark, _ in acks if kind == "sign-up"]
    for email in emails[-1:]:  # each costs a password hash
        body = {"email": email, "password": load.PASSWORD}
        answer = httpx.post(f"{server.api}/auth/signin-email", json=body, headers=server.headers, trust_env=False)
        assert answer.status_code == 200


def check_by_sql(server: Server, user_id: str, acks: list[tuple[str, str, str]], total_updates: int) -> None:
    app = (server.said["app_id"],)
    with closing(sqlite3.connect(f"file:{server.data / 'vestibule.db'}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

        def number(query: str, *values: str) -> int:
            return int(connection.execute(query, app + values).fetchone()[0])

        owners = dict(connection.execute("SELECT value, user_id FROM identifier WHERE app_id = ?", app).fetchall())
        lost = [mark for kind, mark, got in acks if kind == "sign-up" and owners.get(f"{mark}@acme.test") != got]
        assert lost == []
        # None doubled, none half: a sign-up is a user, an address, a password, a session and their events.
        users = number('SELECT count(*) FROM "user" WHERE app_id = ?')
        for whole in (
            "SELECT count(*) FROM identifier WHERE app_id = ?",
            "SELECT count(DISTINCT user_id) FROM credential WHERE app_id = ?",
            "SELECT count(*) FROM credential WHERE app_id = ?",
            "SELECT count(*) FROM event WHERE app_id = ? AND type = 'user.created'",
            "SELECT count(DISTINCT subject) FROM event WHERE app_id = ? AND type = 'user.created'",
        ):
            assert number(whole) == users, whole
        opened = "SELECT count(*) FROM event WHERE app_id = ? AND type = 'session.opened'"
        assert number("SELECT count(*) FROM session WHERE app_id = ?") == number(opened)
        # A write of a profile is a version and an event; acknowledged ones are among them.
        version = number('SELECT version FROM "user" WHERE app_id = ? AND id = ?', user_id)
        changed = "SELECT count(*) FROM event WHERE app_id = ? AND type = 'user.changed' AND subject = ?"
        assert version - 1 == number(changed, user_id) >= total_updates
        # The log has no gap.
        events = number("SELECT count(*) FROM event WHERE app_id = ?")
        assert events == number("SELECT max(position) FROM event WHERE app_id = ?")
        assert events == number("SELECT position FROM event_feed WHERE app_id = ?")


def test_no_acknowledged_write_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice, data = random.Random(SEED), tmp_path / "data"
    acks: list[tuple[str, str, str]] = []
    total, updates, starts = 0, 0, []
    with serving(data) as server:
        prepare(server)
        user_id, session = sign_up(server, "ada@acme.test")
        port = server.port
    for kill in range(KILLS):
        began = time.monotonic()
        with serving(data, port=port) as server:
            starts.append(time.monotonic() - began)
            check_through_the_api(server, session, acks)
            check_by_sql(server, user_id, acks, updates)
            log = tmp_path / f"run{kill}"
            log.touch()
            with start_load(server, log, session, user_id) as client:
                deadline = time.monotonic() + 20
                while not log.stat().st_size and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(dice.uniform(0.05, 0.5))
                server.kill()
                assert client.wait(30) == 0
        acks = acknowledged(log)
        assert acks, "the load wrote nothing"
        total += len(acks)
        updates += sum(kind == "update" for kind, _, _ in acks)
    with serving(data, port=port) as server:
        check_through_the_api(server, session, acks)
        check_by_sql(server, user_id, acks, updates)
    with capsys.disabled():
        print(
            f"\n{KILLS} kills (seed {SEED}), {total} acknowledged writes, none lost, none doubled;"
            f" ready again after {sorted(starts)[len(starts) // 2]:.2f} s (longest {max(starts):.2f} s)"
        )
