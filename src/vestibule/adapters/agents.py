"""User-Agent strings as browser, device and system. Makes kernel.origin.Agent."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from ua_parser import OS, BestAvailableResolver, Domain, Resolver, UserAgent, load_lazy_builtins

from vestibule.kernel.origin import AGENT_LIMIT_BYTES, Agent, Version

REMEMBERED = 2_000


class AgentParser:
    """Parses off the event loop, on one thread, and remembers the latest answers."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._known: OrderedDict[str, Agent] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, "agent")

    async def parse(self, text: str) -> Agent:
        """The parts of a User-Agent; at once when it was seen lately."""
        text = _cut(text)
        agent = self._known.pop(text, None)
        if agent is None:
            agent = await asyncio.get_running_loop().run_in_executor(self._thread, parse_agent, text)
        self._known[text] = agent
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return agent

    def close(self) -> None:
        """Let the running parse end."""
        self._thread.shutdown(cancel_futures=True)


def parse_agent(text: str) -> Agent:
    """The parts of a User-Agent, cut at 512 bytes; what is unknown is `Other` and `0`."""
    found = _resolver()(_cut(text), Domain.ALL)
    return Agent(
        browser=_version(found.user_agent),
        device=Version(found.device.family) if found.device else Version(),
        os=_version(found.os),
    )


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:AGENT_LIMIT_BYTES].decode("utf-8", "ignore")


def _version(found: UserAgent | OS | None) -> Version:
    if found is None:
        return Version()
    return Version(found.family, found.major or "0", found.minor or "0", found.patch or "0")


@cache
def _resolver() -> Resolver:
    """The compiled rules: megabytes and a good part of a second, so on first use."""
    return BestAvailableResolver(load_lazy_builtins())
