"""Argon2id in a bounded pool, and the hashes of imported users. Implements core.signin.ports.Hasher."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from argon2.low_level import Type

from vestibule.adapters.foreign_hashes import check_of
from vestibule.core.store import in_transaction
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.secret import Secret

T = TypeVar("T")

SALT_BYTES = 16
DIGEST_BYTES = 32
QUEUE_LIMIT = 64
"""Hashes that may wait: about a second of work on two cores."""
RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Strength:
    """What one hash costs."""

    memory_kib: int
    passes: int
    lanes: int = 1

    def is_met_by(self, other: Strength) -> bool:
        """Whether the other costs an attacker at least as much."""
        return other.memory_kib >= self.memory_kib and other.passes >= self.passes


# As of 2026-11-21, rows of equal strength. Source: OWASP Password Storage Cheat Sheet, RFC 9106 section 4.
EQUAL = (
    Strength(47_104, 1),
    Strength(19_456, 2),
    Strength(12_288, 3),
    Strength(9_216, 4),
    Strength(7_168, 5),
)
CURRENT = Strength(19_456, 2)
CEILING = Strength(1_048_576, 16, 16)
"""Nothing we or others write costs more; a hash that claims to is corrupt, and is not worth its memory."""

_HASH = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{11,86})\$[A-Za-z0-9+/]{16,86}"
)


class Argon2Hasher:
    """Hashes and verifies on threads of its own; past the queue limit it refuses at once."""

    def __init__(
        self,
        entropy: Entropy,
        strength: Strength = CURRENT,
        threads: int | None = None,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        threads = threads or os.cpu_count() or 1
        self._entropy = entropy
        self._strength = strength
        self._argon2 = PasswordHasher(
            time_cost=strength.passes,
            memory_cost=strength.memory_kib,
            parallelism=strength.lanes,
            hash_len=DIGEST_BYTES,
            salt_len=SALT_BYTES,
            type=Type.ID,
        )
        self._pool = ThreadPoolExecutor(threads, "argon2")
        self._places = BoundedSemaphore(threads + queue_limit)
        self._nobodys = _nobodys_hash(strength, entropy)

    async def hash(self, password: Secret[str]) -> str:
        """A new hash with the present parameters. Raises: overloaded."""
        salt = self._entropy.token_bytes(SALT_BYTES)
        return await self._work(lambda: self._argon2.hash(_normal(password), salt=salt))

    async def verify(self, stored: str, password: Secret[str]) -> bool:
        """Whether they belong together; a corrupt hash is a wrong password. Raises: overloaded.

        A hash of another system takes the time that it takes there, until the first sign-in replaces it.
        """
        return await self._work(lambda: self._matches(stored, password))

    async def verify_nothing(self, password: Secret[str]) -> None:
        """The same work as `verify`, for a user who does not exist. Raises: overloaded."""
        await self._work(lambda: self._matches(self._nobodys, password))

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash should be made again at the next sign-in."""
        accepted = EQUAL if self._strength in EQUAL else (self._strength,)
        found = _strength_of(stored)
        return found is None or not any(row.is_met_by(found) for row in accepted)

    def can_verify(self, stored: str) -> bool:
        """Whether a hash of another system is one that `verify` understands."""
        return check_of(stored) is not None

    def close(self) -> None:
        """Let the running hashes end."""
        self._pool.shutdown(cancel_futures=True)

    def _matches(self, stored: str, password: Secret[str]) -> bool:
        if _strength_of(stored) is None:
            check = check_of(stored)
            return check is not None and check(password.reveal().encode("utf-8", "surrogatepass"))
        try:
            return self._argon2.verify(stored, _normal(password))
        except (Argon2Error, ValueError):
            return False

    async def _work(self, work: Callable[[], T]) -> T:
        if in_transaction.get():
            raise RuntimeError("a slow hash inside a transaction would hold every other writer")
        if not self._places.acquire(blocking=False):
            raise refuse(Code.OVERLOADED, "the queue for hashing is full", retry_after_s=RETRY_AFTER_S)
        task = self._pool.submit(work)
        # Given back when the work ends, not when the caller stops waiting: a running hash is not cancelled.
        task.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(task)


def _normal(password: Secret[str]) -> bytes:
    """NFC, the one change made to a password, so that é is é however a keyboard composes it."""
    return unicodedata.normalize("NFC", password.reveal()).encode("utf-8", "surrogatepass")


def _nobodys_hash(strength: Strength, entropy: Entropy) -> str:
    """A well-formed hash of no known password: verifying against it is the full work and fails."""
    parts = (entropy.token_bytes(SALT_BYTES), entropy.token_bytes(DIGEST_BYTES))
    salt, digest = (base64.b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"$argon2id$v=19$m={strength.memory_kib},t={strength.passes},p={strength.lanes}${salt}${digest}"


def _strength_of(stored: str) -> Strength | None:
    match = _HASH.fullmatch(stored)
    found = match and Strength(int(match[1]), int(match[2]), int(match[3]))
    return found if found and found.is_met_by(CEILING) else None
