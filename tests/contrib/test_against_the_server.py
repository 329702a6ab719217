"""The integrations and the real server, each in a process of its own: what ends here is refused there within a second."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.architecture.source import ROOT
from tests.contrib.issuer import until

VESTIBULE, GRANIAN = (Path(sys.executable).with_name(name) for name in ("vestibule", "granian"))
PASSWORD = "correct-horse-7-battery"
APPS = [("flask", "wsgi", ""), ("fastapi", "asgi", ""), ("django", "wsgi", ""), ("flask", "wsgi", "poll")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, **more):
    with subprocess.Popen(command, text=True, cwd=ROOT, start_new_session=True, **more) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The real thing, with one user."""
    data = tmp_path_factory.mktemp("house")
    command = [VESTIBULE, "dev", "--json", "--port", str(free_port()), "--data", data]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        line = json.loads(process.stdout.readline())

        def admin(*words, **more):
            run = subprocess.run(
                [VESTIBULE, *words, "--json", "--data", data], capture_output=True, text=True, check=True, **more
            )
            return json.loads(run.stdout or "null")

        admin("user", "create", "ada@acme.test", "--username", "ada", "--password-stdin", input=PASSWORD)
        yield line, admin


@contextmanager
def served(name, interface, feed, line):
    """An app that trusts the server, in another process; gives what asks it."""
    port = free_port()
    command = [GRANIAN, "--interface", interface, "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "ISSUER_URL": line["env_url"], "ISSUER_KEY": line["api_key"], "ISSUER_FEED": feed}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        running([*command, f"tests.contrib.apps.{name}_app:app"], env=environment, **quiet),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):

        def answers():
            try:
                return client.get("/").status_code == 401
            except httpx.TransportError:
                return False

        until(answers, 20)
        yield lambda token: client.get("/", headers={"Authorization": f"Bearer {token}"})


def sign_in(line):
    answer = httpx.post(f"{line['env_url']}/api/token/", json={"username": "ada", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json()


def seconds_until(condition):
    began = time.monotonic()
    until(condition)
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize(("name", "interface", "feed"), APPS, ids=[f"{name} {feed}".strip() for name, _, feed in APPS])
def test_what_ends_in_one_process_is_refused_in_another_within_a_second(server, capsys, name, interface, feed):
    line, admin = server
    admin("user", "roles", "ada@acme.test", "reader")
    with served(name, interface, feed, line) as ask:
        first, second = sign_in(line), sign_in(line)
        for pair in (first, second):
            assert ask(pair["access"]).json()["roles"] == ["reader"]
        assert ask(first["refresh"]).status_code == 401

        admin("user", "roles", "ada@acme.test", "editor", "author")
        took = {"role": seconds_until(lambda: ask(first["access"]).json()["roles"] == ["editor", "author"])}

        newest = admin("session", "list", "ada@acme.test")[0]["session"]
        admin("session", "revoke", newest)
        took["revoked"] = seconds_until(lambda: ask(second["access"]).status_code == 401)
        assert ask(first["access"]).status_code == 200

        began = time.monotonic()
        httpx.post(f"{line['env_url']}/api/token/blacklist/", json={"refresh": first["refresh"]}).raise_for_status()
        until(lambda: ask(first["access"]).status_code == 401)
        took["signed out"] = time.monotonic() - began

    with capsys.disabled():
        print(f"\n{name} {feed}:", ", ".join(f"{what} after {seconds * 1000:.0f} ms" for what, seconds in took.items()))
    assert max(took.values()) < 1
