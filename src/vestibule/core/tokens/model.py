"""Signing keys, token types, refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from vestibule.kernel.ids import SessionId, UserId

SHARED = frozenset({"HS256", "HS384", "HS512"})
"""Algorithms whose key signs and verifies alike: never published."""
ALGORITHMS = SHARED | {
    *("ES256", "ES384", "ES512", "EdDSA"),
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
}
FEED_ALGORITHM = "ES256"
"""Signs the revocation feed, whatever signs the tokens: whoever reads it must not be able to write it."""


class TokenType(StrEnum):
    """What a signed token is for; it does nothing else."""

    ACCESS = "access"
    REFRESH = "refresh"
    SLIDING = "sliding"


class KeyState(StrEnum):
    """A key is published before it signs, and stays published while its tokens live."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of an app; `sealed` holds its private part."""

    id: str
    algorithm: str
    state: KeyState
    public: str
    """The public JWK as JSON; empty for a shared secret."""
    sealed: str
    created_at_ms: int
    retired_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One generation of a refresh family. The family is the session."""

    session_id: SessionId
    generation: int
    client: str
    """Who it was issued to: a digest of the user agent, or the thumbprint of a DPoP key."""
    issued_at_ms: int
    expires_at_ms: int
    superseded_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token of ours says."""

    type: TokenType
    session_id: SessionId
    user_id: UserId
    generation: int
    issued_at_s: int
    expires_at_s: int
    is_shared: bool
    """Whether others than we have the key that signed it."""
    all: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """What a client gets; `refresh` is None where the one it has stays the newest."""

    access: str
    refresh: str | None
    notices: tuple[str, ...] = ()
    """What the person was to be told and could not be, for want of a verified address."""
