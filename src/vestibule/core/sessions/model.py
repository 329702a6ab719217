"""Sessions and devices."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.signin.model import Authenticated
from vestibule.kernel.ids import SessionId, UserId
from vestibule.kernel.origin import Agent


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or program."""

    id: SessionId
    user_id: UserId
    device_id: str | None
    digest: str
    proofs: tuple[Authenticated, ...]
    aal: int
    auth_at_ms: int
    door: str
    address: str
    agent: Agent
    created_at_ms: int
    last_active_at_ms: int
    absolute_expires_at_ms: int
    idle_expires_at_ms: int
    policy_version: int = 1

    @property
    def handle(self) -> str:
        """Names the session to its own user, for signing it out; grants nothing."""
        return f"sh_{self.id}"


@dataclass(frozen=True, slots=True)
class Device:
    """One browser or install, known by a cookie."""

    id: str
    digest: str
    created_at_ms: int
