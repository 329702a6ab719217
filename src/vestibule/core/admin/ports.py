"""What the operators' services ask of the outside, beside the store."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from vestibule.kernel.secret import Secret


class Hashes(Protocol):
    """Makes password hashes; never inside a transaction."""

    async def hash(self, password: Secret[str]) -> str:
        """A new hash with the present parameters. Raises: overloaded."""
        ...


class OldHashes(Protocol):
    """Knows the password hashes of other systems."""

    def can_verify(self, stored: str) -> bool:
        """Whether a user with this hash can sign in."""
        ...


@runtime_checkable
class TurningKeys(Protocol):
    """A key ring that can get a new key while the house stands."""

    @property
    def current(self) -> str:
        """Id of the key that new values use."""
        ...

    def turn(self) -> str:
        """Put a new key in front, durably, and use it from now on; answers its id. The old keys stay."""
        ...
