"""What the core may know of a request."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

AGENT_LIMIT_BYTES = 512


@dataclass(frozen=True, slots=True)
class Version:
    """A family with its version numbers as text, as npm `useragent` and ua-parser give them."""

    family: str = "Other"
    major: str = "0"
    minor: str = "0"
    patch: str = "0"


@dataclass(frozen=True, slots=True)
class Agent:
    """A parsed User-Agent; every level is present."""

    browser: Version = Version()
    device: Version = Version()
    os: Version = Version()

    @property
    def label(self) -> str:
        """For people: `Chrome on Linux`."""
        browser = "Unknown app" if self.browser.family == "Other" else self.browser.family
        return browser if self.os.family == "Other" else f"{browser} on {self.os.family}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str = ""
    user_agent: str = ""
    agent: Agent = Agent()
    locale: str = ""
    door: str = ""
    """Which protocol carried it: `altogic`, `pages`, `cli` …"""
    request_id: str = ""
    device_id: str = ""

    @property
    def network(self) -> str:
        """The address as limits count it: IPv4 whole, IPv6 by its /64, IPv4-mapped folded."""
        return network_of(self.address)

    @property
    def prefix(self) -> str:
        """The address as the audit log keeps it: IPv4 /24, IPv6 /48."""
        return _masked(self.address, 24, 48)


def network_of(address: str) -> str:
    """The canonical key of an address for counting."""
    return _masked(address, 32, 64)


def _masked(address: str, v4_bits: int, v6_bits: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = v4_bits if parsed.version == 4 else v6_bits
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))
