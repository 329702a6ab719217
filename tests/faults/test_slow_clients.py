"""Clients that are slow or send too much are cut, and cost nothing."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.server import free_port

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
SENT = 100 * MEGABYTE
GROWTH_ALLOWED = 32 * MEGABYTE
PATIENCE_S = 1.0
ROUTE = "/_api/rest/v1/auth/signin-email"


@dataclass
class Impatient:
    port: int
    pid: int
    key: str

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def head(self, *lines: str) -> bytes:
        basic = (f"POST {ROUTE} HTTP/1.1", "Host: localhost", f"X-Client-Key: {self.key}")
        return "\r\n".join([*basic, "Content-Type: application/json", *lines, "", ""]).encode()

    def rss(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Impatient]:
    port = free_port()
    script, data = Path(__file__).with_name("impatient.py"), tmp_path_factory.mktemp("slow")
    with subprocess.Popen([sys.executable, str(script), str(port), str(data)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said, _, _ = select.select([process.stdout], [], [], 30)
        try:
            yield Impatient(port, process.pid, process.stdout.readline().decode().strip() if said else "")
        finally:
            process.kill()


def until_closed(connection: socket.socket) -> tuple[bytes, float]:
    """Everything that is said until the other side closes, and how long that took."""
    began, said = time.monotonic(), b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass
    return said, time.monotonic() - began


@pytest.mark.parametrize("beginning", [b"", b"P", b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_headers_that_do_not_come_are_cut(server, beginning):
    with server.connect() as connection:
        connection.sendall(beginning)
        _, took_s = until_closed(connection)
    assert PATIENCE_S * 0.5 <= took_s <= PATIENCE_S + 2


def test_headers_that_come_drop_by_drop_are_cut_too(server):
    began = time.monotonic()
    with server.connect() as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
        while time.monotonic() - began < 8:
            connection.sendall(b"X-Slow: 1\r\n")
            time.sleep(0.2)
    assert time.monotonic() - began <= PATIENCE_S + 2


def test_a_body_that_stands_still_is_cut_with_an_answer(server):
    with server.connect() as connection:
        connection.sendall(server.head("Content-Length: 100") + b'{"email":')
        said, took_s = until_closed(connection)
    assert PATIENCE_S * 0.5 <= took_s <= PATIENCE_S + 2
    assert said.startswith(b"HTTP/1.1 408")


def test_others_are_served_meanwhile(server):
    slow = [server.connect() for _ in range(50)]
    for connection in slow:
        connection.sendall(server.head("Content-Length: 100") + b"{")
    began = time.monotonic()
    with server.connect() as connection:
        connection.sendall(server.head("Content-Length: 2", "Connection: close") + b"{}")
        said, _ = until_closed(connection)
    assert said.startswith(b"HTTP/1.1 4")
    assert time.monotonic() - began < PATIENCE_S
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("how", ["announced", "chunked"])
def test_too_much_is_cut_before_it_is_held(server, how):
    piece = b" " * MEGABYTE
    framing = f"Content-Length: {SENT}" if how == "announced" else "Transfer-Encoding: chunked"
    before, most, said = server.rss(), 0, b""
    with server.connect() as connection:
        connection.sendall(server.head(framing))
        try:
            for _ in range(SENT // MEGABYTE):
                connection.sendall(piece if how == "announced" else b"100000\r\n" + piece + b"\r\n")
                most = max(most, server.rss())
        except (BrokenPipeError, ConnectionResetError):
            pass
        said, _ = until_closed(connection)
    assert most - before < GROWTH_ALLOWED
    assert not said or said.startswith(b"HTTP/1.1 413")
