"""`vestibule dev --json` as a process of its own, to be killed, traced and starved."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faults.load import CLIENTS
from vestibule.core.guard.model import RULES

PROGRAM = str(Path(sys.executable).with_name("vestibule"))
START_S = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One run of the program. `said` is what it printed when it was ready."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    said: dict[str, str]

    @property
    def env_url(self) -> str:
        return self.said["env_url"]

    @property
    def api(self) -> str:
        return f"{self.env_url}/_api/rest/v1"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Client-Key": self.said["client_key"]}

    def kill(self) -> None:
        """SIGKILL to the process group: nothing is tidied up."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@contextmanager
def serving(data: Path, *before: str, environ: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Server]:
    """Run until the end of the block; `before` is a command that runs it (a tracer)."""
    port = port or free_port()
    data.mkdir(parents=True, exist_ok=True)
    log = data.parent / "server.log"
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            [*before, PROGRAM, "dev", "--json", "--port", str(port), "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env=os.environ | dict(environ or {}),
        ) as process,
    ):
        server = Server(process, port, data, {})
        try:
            server.said = _ready(process, log)
            yield server
        finally:
            server.kill()


def _ready(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    assert process.stdout is not None
    said, _, _ = select.select([process.stdout], [], [], START_S)
    line = process.stdout.readline() if said else b""
    assert line, f"not ready after {START_S} s:\n{log.read_text()[-4000:]}"
    ready: dict[str, Any] = json.loads(line)
    return ready


def set_policy(server: Server, field: str, value: object) -> None:
    """As its administrator does, while it runs."""
    command = [PROGRAM, "app", "set", "--data", str(server.data), field, json.dumps(value)]
    subprocess.run(command, check=True, capture_output=True)


def sign_up(server: Server, email: str) -> tuple[str, str]:
    """A user with a session, where no confirmation is asked: id and token."""
    body = {"email": email, "password": "correct-horse-7-battery"}
    answer = httpx.post(f"{server.api}/auth/signup-email", json=body, headers=server.headers, trust_env=False)
    said = answer.raise_for_status().json()
    return said["user"]["_id"], said["session"]["token"]


def prepare(server: Server) -> None:
    """No limits but those of the disk, no confirmation, and fields to write to."""
    set_policy(server, "limits", {rule.name: 10**9 for rule in RULES})
    set_policy(server, "confirm_email", False)
    set_policy(server, "user_fields", [f"field{number}" for number in range(CLIENTS)])
