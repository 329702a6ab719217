"""Identifiers: 24 hex characters, time-ordered; and the grammar of opaque tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.secret import Secret

AppId = NewType("AppId", str)
UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)

SYSTEM_APP = AppId("0" * 24)
"""The reserved app whose users are the operators."""

ID = re.compile(r"[0-9a-f]{24}")
_TOKEN = re.compile(r"([a-z]{2})_([0-9a-f]{24})_([A-Za-z0-9_-]{43})")


def new_id(now_ms: int, entropy: Entropy) -> str:
    """A fresh id: 12 hex of milliseconds, 12 random. Sorts by time; grants nothing."""
    return f"{now_ms:012x}{entropy.token_bytes(6).hex()}"


def is_id(value: object) -> bool:
    """Whether a value has the form of one of our ids."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


class TokenKind(StrEnum):
    """First letters of a token, so that one kind is never taken for another."""

    CLIENT_KEY = "ck"
    API_KEY = "ak"
    SESSION = "ss"
    LINK = "lk"
    GRANT = "gr"
    DEVICE = "dv"
    FLOW = "fl"
    OPERATOR_LINK = "op"


@dataclass(frozen=True, slots=True)
class TokenParts:
    """What a token says before any look-up."""

    kind: TokenKind
    app_id: AppId


def new_token(kind: TokenKind, app_id: AppId, entropy: Entropy) -> Secret[str]:
    """A 256-bit token `<kind>_<app>_<43 characters>`."""
    return token_from(kind, app_id, entropy.token_bytes(32))


def token_from(kind: TokenKind, app_id: AppId, raw: bytes) -> Secret[str]:
    """The token that holds these 32 bytes (random, or derived for tokens that may be asked for twice)."""
    return Secret(f"{kind}_{app_id}_{text_of(raw)}")


def read_token(text: str) -> TokenParts | None:
    """Kind and app of a well-formed token, else None."""
    match = _TOKEN.fullmatch(text)
    if match is None or match[1] not in _KINDS:
        return None
    return TokenParts(TokenKind(match[1]), AppId(match[2]))


_KINDS = frozenset(TokenKind)
