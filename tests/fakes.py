"""Fakes at the ports: a clock that is moved, chance from a seed, a hasher that costs nothing and counts."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

from vestibule.core.messages.model import Message
from vestibule.core.store import in_transaction
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import AppId
from vestibule.kernel.origin import Agent, Version
from vestibule.kernel.secret import Secret

START_MS = 1_795_264_320_000  # 21 Nov 2026, 12:32 UTC


@dataclass
class FrozenClock:
    at_ms: int = START_MS

    def now_ms(self) -> int:
        return self.at_ms

    def tick(self, ms: int) -> None:
        self.at_ms += ms


@dataclass
class SeededEntropy:
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def digits(self, count: int) -> str:
        return f"{self._random.randrange(10**count):0{count}d}"


@dataclass
class CheapHasher:
    """SHA-256 in place of Argon2. `work` counts hashes and verifications of either kind."""

    work: int = 0
    generation: int = 1
    fault: Exception | None = None
    """Raised in place of any work."""

    async def hash(self, password: Secret[str]) -> str:
        self._count()
        return self._stored(password)

    async def verify(self, stored: str, password: Secret[str]) -> bool:
        self._count()
        return stored.split(":")[1:] == self._stored(password).split(":")[1:]

    async def verify_nothing(self, password: Secret[str]) -> None:
        self._count()

    def can_verify(self, stored: str) -> bool:
        return stored.startswith("cheap")

    def is_outdated(self, stored: str) -> bool:
        return not stored.startswith(f"cheap{self.generation}:")

    def _stored(self, password: Secret[str]) -> str:
        return f"cheap{self.generation}:{hashlib.sha256(password.reveal().encode()).hexdigest()}"

    def _count(self) -> None:
        assert not in_transaction.get(), "hashing inside a transaction"
        if self.fault is not None:
            raise self.fault
        self.work += 1


@dataclass
class MemoryChannel:
    """Keeps what is sent; `failures` deliveries are refused first."""

    sent: list[Message] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    failures: int = 0

    async def deliver(self, app_id: AppId, message: Message, message_id: str, now_ms: int, expires_at_ms: int) -> None:
        assert not in_transaction.get(), "mail inside a transaction"
        if self.failures:
            self.failures -= 1
            raise refuse(Code.UNAVAILABLE, "the mail server is away")
        self.sent.append(message)
        self.ids.append(message_id)


class PlainAgents:
    async def parse(self, user_agent: str) -> Agent:
        return Agent(browser=Version(user_agent or "Other"))
