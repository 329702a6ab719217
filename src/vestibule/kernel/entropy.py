"""Randomness as an argument, and the one way to fingerprint a token."""

from __future__ import annotations

import base64
import hashlib
from typing import Protocol


class Entropy(Protocol):
    """Where services ask for randomness."""

    def token_bytes(self, count: int) -> bytes:
        """Unpredictable bytes."""
        ...

    def digits(self, count: int) -> str:
        """A uniform decimal code with its leading zeros."""
        ...


def text_of(raw: bytes) -> str:
    """Bytes as unpadded base64url: 32 bytes give 43 characters of `[A-Za-z0-9_-]`."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def fingerprint(token: str) -> str:
    """What is stored of a 256-bit token: its SHA-256, hex. Enough, because the token cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
