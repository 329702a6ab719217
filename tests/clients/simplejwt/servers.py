"""The two servers as processes of their own: the oracle, and Vestibule in its strict mode."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.simplejwt.sides import DOMAIN, KEY, PASSWORD, Side
from tests.faults.server import Server, free_port, serving
from vestibule.core.guard.model import RULES
from vestibule.settings import Settings
from vestibule.workers.control import ask

START_S = 30.0


@dataclass
class Oracle:
    """The Django server; obeys commands on its standard input."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def command(self, name: str, **given: object) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, given]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        said, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if said else ""
        assert line, f"the Django server has ended or hangs:\n{self.log.read_text()[-4000:]}"
        return json.loads(line)

    def create(self, name: str) -> None:
        self.command(
            "create", username=name, password=PASSWORD, email=f"{name}@{DOMAIN}", first_name="A", last_name="B"
        )

    def deactivate(self, name: str) -> None:
        self.command("set_active", username=name, active=False)

    def delete(self, name: str) -> None:
        self.command("delete", username=name)


@contextmanager
def oracle(folder: Path) -> Iterator[Oracle]:
    port = free_port()
    program = [sys.executable, "-P", str(Path(__file__).with_name("oracle.py")), str(port), str(folder), KEY]
    log = folder / "oracle.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            running = Oracle(process, port, log)
            running.answer()
            yield running
        finally:
            process.kill()


@dataclass
class Vestibule:
    """One app of a development server; its administrator speaks through the control socket."""

    server: Server
    app: str

    def command(self, name: str, **given: object) -> Any:
        socket = Settings.development(self.server.data, self.server.port).control_socket
        answer = ask(socket, name, {"app": self.app, **given})
        assert answer is not None, "the server takes no commands"
        assert "ok" in answer, f"{name} said {answer}"
        return answer["ok"]

    def policy(self, **fields: object) -> None:
        """Set fields in this order."""
        for field, value in fields.items():
            self.command("app.set", field=field, value=value)

    def share(self, algorithm: str) -> None:
        """Sign with the key that the oracle has: no algorithm of its kind can be chosen before there is one."""
        self.command("signing_key.set", algorithm=algorithm, key=KEY)
        self.policy(ALGORITHM=algorithm)

    def create(self, name: str) -> None:
        self.command(
            "user.create", username=name, password=PASSWORD, email=f"{name}@{DOMAIN}", first_name="A", last_name="B"
        )

    def deactivate(self, name: str) -> None:
        self.command("user.ban", user=f"{name}@{DOMAIN}")

    def delete(self, name: str) -> None:
        self.command("user.delete", user=f"{name}@{DOMAIN}")


@contextmanager
def vestibule(folder: Path) -> Iterator[Vestibule]:
    """A server whose first app has no limits."""
    with serving(folder / "vestibule") as server:
        running = Vestibule(server, server.said["app_id"])
        running.policy(limits={rule.name: 10**9 for rule in RULES})
        yield running


@contextmanager
def theirs(folder: Path) -> Iterator[Side]:
    """The oracle with everybody in it."""
    with oracle(folder) as running:
        side = Side("Django", f"http://127.0.0.1:{running.port}", running)
        side.prepare()
        yield side


@contextmanager
def ours(folder: Path) -> Iterator[Side]:
    """Vestibule in its strict mode, with the oracle's key and everybody in it."""
    with vestibule(folder) as running:
        running.policy(REFRESH_REUSE_WINDOW=0)
        running.share("HS256")
        side = Side("Vestibule", running.server.env_url, running)
        side.prepare()
        yield side
