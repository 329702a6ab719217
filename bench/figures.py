"""What is measured. Every figure is a ratio to a peer in the same run, or a time beside one."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.load import CONNECTIONS, PASSWORD, USERS, Connection, Visitor, always, connected, rate, request
from tests.contracts.rows import a_user, an_app
from tests.faults.server import Server, sign_up
from vestibule.adapters.hashing import Argon2Hasher
from vestibule.adapters.store.migrate import migrate
from vestibule.adapters.store.sqlite import SqliteStore
from vestibule.adapters.system import SystemEntropy
from vestibule.kernel.secret import Secret

SECONDS = 1.5
TOGETHER = 64
BEFORE_A_DELAY = 9
"""Wrong passwords for one address that are answered without a delay."""


async def against_the_peer(url: str, bare: str, visitors: list[Visitor]) -> tuple[float, float, int]:
    """Answers per second, those of the peer with answers of the same size, and that size."""
    asked = visitors[0](b"")
    async with connected(url) as connection:
        size = len((await connection.ask(asked)).body)
    own = await rate(url, visitors, SECONDS)
    body = {"email": "ada@acme.test", "password": PASSWORD} if asked.startswith(b"POST") else None
    return own, await rate(bare, [always(request(f"{bare}/{size}", {}, body))] * CONNECTIONS, SECONDS), size


def visitors_of(server: Server) -> dict[str, list[Visitor]]:
    """Who visits the server, by the name in the table."""
    mark = itertools.count(time.time_ns())

    def asking(path: str, email: str) -> bytes:
        return request(f"{server.api}/auth/{path}", server.headers, {"email": email, "password": PASSWORD})

    emails = [f"{user}@first.test" for user in USERS]
    sessions = [sign_up(server, email)[1] for email in emails]
    return {
        "session check (GET auth/user)": [
            always(request(f"{server.api}/auth/user", server.headers | {"session": session})) for session in sessions
        ],
        "sign-in page (GET sign-in)": [always(request(f"{server.env_url}/sign-in"))] * CONNECTIONS,
        "sign-in (POST auth/signin-email)": [always(asking("signin-email", email)) for email in emails],
        "sign-up (POST auth/signup-email)": [lambda _: asking("signup-email", f"user{next(mark)}@acme.test")]
        * CONNECTIONS,
    }


async def hashes(threads: int = 2) -> float:
    """Password hashes per second, with nothing around them: the ceiling of sign-in and sign-up."""
    hasher, password = Argon2Hasher(SystemEntropy(), threads=threads), Secret(PASSWORD)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        await asyncio.gather(*(hasher.hash(password) for _ in range(4)))
        done += 4
    hasher.close()
    return done / (time.perf_counter() - began)


async def commits(folder: Path) -> tuple[float, float]:
    """Transactions per second, together and one after the other: what sharing commits is worth on this disk."""
    migrate(folder / "bench.db")
    store, app = SqliteStore(folder / "bench.db"), an_app()

    async def write() -> None:
        async with store.transaction(app.id) as tx:
            await tx.users.add(a_user())

    async def together() -> int:
        await asyncio.gather(*(write() for _ in range(TOGETHER)))
        return TOGETHER

    async def alone() -> int:
        await write()
        return 1

    figures = await per_second(together), await per_second(alone)
    await store.close()
    return figures


async def per_second(work: Callable[[], Awaitable[int]]) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        done += await work()
    return done / (time.perf_counter() - began)


def import_ms(statement: str, runs: int = 5) -> float:
    """The best time of a fresh interpreter that imports something and ends."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - began)
    return 1000 * min(times)


async def timing(server: Server, pairs: int) -> float:
    """How well the answer time of a wrong password tells a known address from an unknown one: 0.5 is not at all.

    The area under the ROC curve over interleaved pairs (Mann-Whitney).
    """
    mark, known, unknown = time.time_ns(), [], []

    async def timed(connection: Connection, email: str) -> float:
        body = {"email": email, "password": "wrong-horse-7-battery"}
        asked = request(f"{server.api}/auth/signin-email", server.headers, body)
        began = time.perf_counter()
        reply = await connection.ask(asked)
        took = time.perf_counter() - began
        assert reply.status == 401, reply
        return took

    async with connected(server.api) as connection:
        for pair in range(pairs):
            group = mark + pair // BEFORE_A_DELAY
            if pair % BEFORE_A_DELAY == 0:
                sign_up(server, f"known{group}@acme.test")
            if pair % 2:
                known.append(await timed(connection, f"known{group}@acme.test"))
            unknown.append(await timed(connection, f"other{group}@acme.test"))
            if not pair % 2:
                known.append(await timed(connection, f"known{group}@acme.test"))
    wins = sum((one > two) + 0.5 * (one == two) for one in known for two in unknown)
    return wins / (len(known) * len(unknown))
