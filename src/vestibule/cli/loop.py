"""What `dev` and `serve` share: the event loop, and the port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import click
import uvloop

from vestibule.settings import Settings


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def refuse_taken_port(settings: Settings) -> None:
    """End the command with a way out when another program listens there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {settings.host} port {settings.port} ({error.strerror}):"
                f" choose another, for example --port {settings.port % 65_535 + 1}"
            ) from None
