"""The operating system's clock and randomness. Implements kernel.clock.Clock and kernel.entropy.Entropy."""

from __future__ import annotations

import secrets
import time


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        """The present instant. Units: milliseconds UTC since 1970."""
        return time.time_ns() // 1_000_000


class SystemEntropy:
    """The machine's own randomness."""

    def token_bytes(self, count: int) -> bytes:
        """Unpredictable bytes."""
        return secrets.token_bytes(count)

    def digits(self, count: int) -> str:
        """A uniform decimal code with its leading zeros."""
        return f"{secrets.randbelow(10**count):0{count}}"
