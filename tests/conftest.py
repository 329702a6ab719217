"""What every test shares."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.world import World


def _stay_at_home(event: str, args: tuple[Any, ...]) -> None:
    """Refuse every connection that leaves this machine: tests speak to loopback only."""
    if event == "socket.connect" and isinstance(args[1], tuple) and not _is_here(args[1][0]):
        raise PermissionError(f"a test tried to reach {args[1][0]}")


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


sys.addaudithook(_stay_at_home)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A composed house with dials."""
    from tests.world import World  # noqa: PLC0415 - tests of the kernel alone do not load the house

    opened = await World.open(tmp_path)
    yield opened
    await opened.close()
