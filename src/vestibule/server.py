"""Serving the house with granian inside this process's own event loop.

granian closes a connection whose headers are late (also one that sends nothing: HTTP/1 mode has no protocol
sniffing that would wait). Bodies are timed by the gate, because granian does not.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from vestibule.app import Running, at_work
from vestibule.settings import Settings

EVERYWHERE = {str(IPv4Address(0)), str(IPv6Address(0))}
CONNECT_TRIES = 500
CONNECT_PAUSE_S = 0.01
STOP_S = 10.0
"""How long the stop waits for answers under way: who does not read what it asked for is left then."""


async def serve(running: Running, settings: Settings, ready: Callable[[], Awaitable[None]]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered before it returns, if they are read.

    `ready` is awaited once connections are accepted.
    """
    server = Server(
        running.asgi,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.http.header_timeout_s * 1000)),
        websockets=True,
        backlog=1024,
        log_enabled=False,
    )
    async with at_work(running):
        loop = asyncio.get_running_loop()

        def stop() -> None:
            running.stopping.set()
            server.stop()  # type: ignore[no-untyped-call]  # granian's

        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)
        serving = asyncio.create_task(server.serve())
        await _until_connected(settings, serving)
        if not serving.done():
            await ready()
        stopping = asyncio.create_task(running.stopping.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({serving}, timeout=STOP_S)
        if serving.done():
            serving.result()


async def _until_connected(settings: Settings, serving: asyncio.Task[None]) -> None:
    host = "localhost" if settings.host in EVERYWHERE else settings.host
    for _ in range(CONNECT_TRIES):
        if serving.done():
            return
        try:
            _, writer = await asyncio.open_connection(host, settings.port)
        except OSError:
            await asyncio.sleep(CONNECT_PAUSE_S)
        else:
            writer.close()
            return
