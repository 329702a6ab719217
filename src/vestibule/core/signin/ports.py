"""What the sign-in slice asks of storage, and of the password hasher."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.signin.model import Attempt, Challenge, Purpose
from vestibule.kernel.secret import Secret


class Challenges(Protocol):
    """The one table of one-time secrets."""

    async def add(self, challenge: Challenge) -> None:
        """Write it."""
        ...

    async def supersede(self, purpose: Purpose, subject: str, now_ms: int) -> None:
        """A newer one is coming: end the live ones of this purpose and subject."""
        ...

    async def find(self, digest: str) -> Challenge | None:
        """The challenge of a token, in whatever state, to show it; never to act on it."""
        ...

    async def find_by_id(self, challenge_id: str) -> Challenge | None:
        """The challenge in whatever state, to show it."""
        ...

    async def consume(self, digest: str, purposes: tuple[Purpose, ...], now_ms: int) -> Challenge | None:
        """Use a token up. Atomic: of concurrent callers exactly one gets the row, the rest None."""
        ...

    async def charge_code(
        self, purpose: Purpose, recipient: str, now_ms: int, challenge_id: str = ""
    ) -> Challenge | None:
        """Pay one try for a recipient's live code: the named one, else the newest.

        Atomic: no burst gets more tries than there are.
        """
        ...

    async def consume_by_id(self, challenge_id: str, now_ms: int) -> bool:
        """Use a charged code's challenge up. Atomic: exactly one caller gets True."""
        ...

    async def erase(self, subject: str, recipient: str, now_ms: int) -> None:
        """End every challenge of a subject, and of a recipient if one is named; forget what was asked, and by whom."""
        ...

    async def note_result(self, challenge_id: str, result: str) -> None:
        """Remember what consuming it made."""
        ...


class Attempts(Protocol):
    """Rows of attempts."""

    async def add(self, attempt: Attempt) -> None:
        """Write it."""
        ...

    async def find(self, digest: str, now_ms: int) -> Attempt | None:
        """The live attempt of a flow token."""
        ...

    async def change_state(self, attempt_id: str, state: dict[str, str]) -> None:
        """Replace what the attempt carries from page to page."""
        ...

    async def end(self, attempt_id: str, now_ms: int) -> bool:
        """End it. Atomic: exactly one caller gets True."""
        ...


class Hasher(Protocol):
    """Slow password hashes in a bounded pool; never inside a transaction."""

    async def hash(self, password: Secret[str]) -> str:
        """A new hash with the present parameters. Raises: overloaded."""
        ...

    async def verify(self, stored: str, password: Secret[str]) -> bool:
        """Whether they belong together; a corrupt hash is a wrong password. Raises: overloaded."""
        ...

    async def verify_nothing(self, password: Secret[str]) -> None:
        """The same work as `verify`, for a user who does not exist. Raises: overloaded."""
        ...

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash should be made again at the next sign-in."""
        ...

    def can_verify(self, stored: str) -> bool:
        """Whether a hash of another system is one that `verify` understands."""
        ...
