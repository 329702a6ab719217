"""The control socket: the CLI of this machine speaks through it to a running server.

A Unix socket beside the database, mode 600; each line is a request `{"op": …, "args": {…}}`, each answer one
line, `{"ok": …}` or `{"error": {"code": …, "fields": {…}}}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog

from vestibule.core.house import House
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.workers.operations import perform

log = structlog.get_logger("control")

LINE_BYTES = 1024 * 1024
LONGEST_PATH_BYTES = 100
"""The system allows a socket's path about this much."""


@asynccontextmanager
async def control(house: House, path: Path) -> AsyncIterator[None]:
    """Take commands while the block lasts. Whoever holds the database's lock owns the socket's name."""
    conversations: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = asyncio.create_task(_converse(house, reader, writer))
        conversations.add(conversation)
        conversation.add_done_callback(conversations.discard)

    listening = _listening(path)
    server = await asyncio.start_unix_server(begin, sock=listening, limit=LINE_BYTES)
    try:
        yield
    finally:
        server.close()
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
        _forget(path)


async def _converse(house: House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(await _answer(house, line) + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        pass  # gone, or a line longer than any request
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _answer(house: House, line: bytes) -> bytes:
    try:
        name, values = _request(line)
        answer: dict[str, object] = {"ok": await perform(house, name, values)}
    except DomainError as error:
        answer = {"error": error_of(error)}
    except Exception:
        log.exception("fault")
        answer = {"error": {"code": "fault", "fields": {}}}
    return json.dumps(answer).encode()


def _request(line: bytes) -> tuple[str, dict[str, object]]:
    """Name and arguments. Raises: body_invalid."""
    try:
        match json.loads(line):
            case {"op": str(name), "args": dict(values)}:
                return name, values
    except ValueError:
        pass
    raise refuse(Code.BODY_INVALID)


def error_of(error: DomainError) -> dict[str, object]:
    """A refusal as JSON."""
    return {"code": error.code.value, "fields": error.fields}


def ask(path: Path, name: str, values: dict[str, object]) -> dict[str, object] | None:
    """The answer of the server behind a socket; None when none listens. Blocks, for the CLI."""
    with socket.socket(socket.AF_UNIX) as connection, _short(path) as address:
        try:
            connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps({"op": name, "args": values}).encode() + b"\n")
            stream.flush()
            answer = json.loads(stream.readline())
    return answer if isinstance(answer, dict) else None


def is_listening(path: Path) -> bool:
    """Whether a server takes commands there."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.ExitStack() as names:
        try:
            connection.connect(names.enter_context(_short(path)))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _listening(path: Path) -> socket.socket:
    _forget(path)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with _short(path) as address:
            listening.bind(address)
    finally:
        os.umask(before)
    listening.listen()
    return listening


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket that the system takes: a long one goes through its folder's descriptor."""
    if len(os.fsencode(path)) <= LONGEST_PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
