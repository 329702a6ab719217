"""What the guard slice asks of storage."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.guard.model import EventType, FailureRule, Rule, StoredEvent


class Limits(Protocol):
    """Counters that gate secrets. They live with the truth, not in a cache: a restart forgets nothing."""

    async def charge(self, rule: Rule, subject: str, now_ms: int, hit_id: str) -> int:
        """Count one. Answers 0 when it is within the rule, else the milliseconds until the next may pass.

        Atomic: of any burst at most `rule.limit` get 0 in every window.
        """
        ...

    async def take_back(self, rule: Rule, subject: str, now_ms: int, hit_id: str) -> None:
        """Undo a charge: another rule of the same attempt has refused it."""
        ...

    async def note_refusal(self, rule: str, subject: str, now_ms: int) -> None:
        """Add to the refusals of this subject in this minute."""
        ...

    async def charge_failure(self, rule: FailureRule, subject: str, now_ms: int) -> int:
        """Count an attempt as failed before it is verified. Answers 0 when it may go on, else the wait in ms.

        Atomic: no burst gets past the run. At the hard cap the wait is the rule's longest, for ever.
        """
        ...

    async def forgive(self, method: str, subject: str) -> None:
        """The attempt succeeded: the run starts again at zero."""
        ...

    async def forgive_all(self, method: str, subject: str) -> None:
        """What is tried was replaced: the runs of the subject and of each of its devices start again at zero."""
        ...


class Events(Protocol):
    """The one log: audit, mail, webhooks, revocation, realtime and risk read it."""

    async def append(self, event: StoredEvent) -> None:
        """Write it with the next position of its app, in the fact's own transaction."""
        ...

    async def list_of(self, types: tuple[EventType, ...], after_position: int, limit: int) -> list[StoredEvent]:
        """Events of these types, at most four, in order. Scans: for `Store.scanning` only."""
        ...

    async def last(self, type_: EventType) -> int:
        """The position of the newest event of a type; 0 when there is none."""
        ...

    async def before(self, at_ms: int) -> int:
        """The position of the newest event before an instant; 0 when there is none."""
        ...

    async def feed(self) -> tuple[str, int]:
        """The epoch of the log and its last position."""
        ...

    async def list(self, after_position: int, limit: int) -> list[StoredEvent]:
        """Events in order. Scans: for `Store.scanning` only."""
        ...
