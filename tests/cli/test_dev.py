"""`vestibule dev` as its own process: the line when ready, commands, a graceful end, a second start."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("vestibule")
KEYS = {
    "env_url",
    "realtime_env_url",
    "simplejwt_url",
    "client_key",
    "api_key",
    "app_id",
    "inbox_url",
    "sign_in_url",
    "operator_url",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def dev(data, port, *words):
    """A running server and its line."""
    command = [str(COMMAND), "dev", "--json", "--port", str(port), "--data", str(data), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "it ended before it was ready"
            yield process, json.loads(line)
        finally:
            process.kill()


def end(process, sign):
    process.send_signal(sign)
    rest, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    return rest


def admin(data, *words):
    run = subprocess.run([COMMAND, *words, "--json", "--data", str(data)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.status


@pytest.mark.slow
def test_the_line_the_commands_and_the_second_start(tmp_path):
    port = free_port()
    with dev(tmp_path, port, "--redirect-url", "http://localhost:5173/r") as (process, first):
        assert set(first) == KEYS
        assert first["env_url"] == f"http://localhost:{port}/e:{first['app_id']}"
        assert first["realtime_env_url"] == f"http://app.vestibule.localhost:{port}/e:{first['app_id']}"
        assert first["simplejwt_url"] == f"{first['env_url']}/api/"
        assert get(first["sign_in_url"]) == 200
        assert get(first["inbox_url"]) == 200
        made = admin(tmp_path, "user", "create", "ada@acme.test")
        assert f":{port}/e:" in made["reset_url"]
        busy = subprocess.run(
            [COMMAND, "dev", "--port", str(free_port()), "--data", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (busy.returncode, "Another Vestibule works with" in busy.stderr) == (1, True)
        taken = subprocess.run(
            [COMMAND, "dev", "--port", str(port), "--data", tmp_path / "b"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (taken.returncode, "choose another" in taken.stderr) == (1, True)
        assert end(process, signal.SIGINT) == ""
    assert not (tmp_path / "control.sock").exists()
    with closing(sqlite3.connect(tmp_path / "vestibule.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert [user["email"] for user in admin(tmp_path, "user", "list")] == ["ada@acme.test"]
    with dev(tmp_path, port) as (process, second):
        same = KEYS - {"inbox_url", "operator_url"}
        assert {name: second[name] for name in same} == {name: first[name] for name in same}
        assert second["inbox_url"] != first["inbox_url"]
        assert admin(tmp_path, "app", "show")["redirect_url"] == "http://localhost:5173/r"
        end(process, signal.SIGTERM)


@pytest.mark.slow
def test_what_people_read(tmp_path):
    command = [str(COMMAND), "dev", "--port", str(free_port()), "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines: list[str] = []
            assert process.stdout is not None
            while "five an hour" not in "".join(lines):
                lines.append(process.stdout.readline())
                assert lines[-1]
            end(process, signal.SIGINT)
        finally:
            process.kill()
    text = "".join(lines)
    for word in (
        "is ready",
        "SimpleJWT",
        "/api/",
        "Sign-in page",
        "Mail inbox",
        "Operator",
        "createClient(",
        "raised 1,000 times",
    ):
        assert word in text
    assert [line for line in lines if line.rstrip() + "\n" != line] == []
