"""The servers beside ours: processes of their own on loopback, on the same HTTP server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.server import free_port

START_S = 30.0


@contextmanager
def starlette() -> Iterator[str]:
    """A bare Starlette app."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.starlette_peer", str(port)], port) as url:
        yield url


@contextmanager
def django(folder: Path, synchronous: str) -> Iterator[str]:
    """Django REST framework + SimpleJWT: one worker, as ours is one process, and a thread for each core."""
    port = free_port()
    options = ["--interface", "wsgi", "--http", "1", "--no-ws", "--no-log", "--factory"]
    options += ["--port", str(port), "--blocking-threads", str(os.cpu_count() or 1)]
    environ = {"DATABASE": str(folder / f"django-{synchronous}.sqlite3"), "SYNCHRONOUS": synchronous}
    with _running([sys.executable, "-m", "granian", *options, "bench.django_peer:application"], port, environ) as url:
        yield url


@contextmanager
def _running(command: list[str], port: int, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run until the end of the block, with all its workers."""
    with subprocess.Popen(command, start_new_session=True, env=os.environ | dict(environ or {})) as process:
        try:
            _wait(process, port)
            yield f"http://localhost:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.perf_counter() + START_S
    while time.perf_counter() < ends and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"the peer has ended or hangs: {process.args!r}")
