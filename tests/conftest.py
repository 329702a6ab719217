"""What every test shares."""

import ipaddress
import sys
from typing import Any


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
