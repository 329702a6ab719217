"""Writing the log: one event per fact, in the fact's transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vestibule.core.guard.model import Event, EventType, StoredEvent
from vestibule.core.store import Tx
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import DomainError
from vestibule.kernel.ids import AppId, UserId, new_id
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt to come in, or to prove oneself again: what a risk engine will want to know of it."""

    type: EventType
    method: str
    address: str = ""
    """As it was typed, in its normal form."""
    user_id: UserId | None = None
    """Whose address it is, if anybody's."""
    session_id: str | None = None
    """The session that was opened, or in which a user proves again."""
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """Gives events their id and stored form."""

    entropy: Entropy
    keys: KeyRing

    async def record(self, tx: Tx, event: Event, now_ms: int) -> str:
        """Write one event; answers its id."""
        event_id = new_id(now_ms, self.entropy)
        origin = event.origin
        payload = {
            **event.payload,
            "door": origin.door,
            "network": origin.prefix,
            "agent": origin.agent.label,
            "locale": origin.locale,
            "request_id": origin.request_id,
        }
        stored = StoredEvent(
            id=event_id,
            type=event.type,
            at_ms=now_ms,
            actor_kind=event.actor_kind,
            actor_id=event.actor_id,
            subject=event.subject,
            session_id=event.session_id,
            attempt_id=event.attempt_id,
            device_id=origin.device_id or None,
            payload=json.dumps(payload),
            personal=await self._sealed(tx, event, event_id),
        )
        await tx.events.append(stored)
        return event_id

    async def attempt(self, tx: Tx, tried: Tried, origin: Origin, now_ms: int) -> str:
        """Write one attempt, failed ones too; answers the event's id."""
        refusal = tried.refusal
        is_known = tried.user_id is not None and (refusal is None or tried.session_id is not None)
        event = Event(
            tried.type,
            origin,
            "user" if is_known else "anonymous",
            tried.user_id if is_known else None,
            tried.user_id,
            tried.session_id,
            payload={
                "method": tried.method,
                "outcome": "failure" if refusal else "success",
                "reason": (refusal.reason or refusal.code.value) if refusal else "",
                "identifier": self.identifier_digest(tx.app_id, tried.address),
            },
            personal={"identifier": tried.address},
        )
        return await self.record(tx, event, now_ms)

    async def _sealed(self, tx: Tx, event: Event, event_id: str) -> str:
        """Under the key of the user it is about: forgetting that key erases it from every copy of the log.

        What is about nobody yet has no key that could be forgotten, so of names and addresses that were typed it keeps
        none: the digest in the payload finds them for whoever knows them.
        """
        user = await tx.users.find(UserId(event.subject or ""))  # asked for nobody too: the same work for all
        place = personal_place(event_id, user.data_key if user else "")
        typed = event.personal if user else {}
        personal = {**typed, "address": event.origin.address, "user_agent": event.origin.user_agent}
        return self.keys.seal(tx.app_id, place, json.dumps(personal).encode())

    def identifier_digest(self, app_id: AppId, identifier: str) -> str:
        """What the log and the counters keep of an address that somebody typed."""
        return self.keys.mac(app_id, "identifier", identifier, self.keys.lookup).hex()[:32]


def personal_place(event_id: str, data_key: str) -> str:
    """The sealing place of an event's personal part."""
    return f"event.personal.{event_id}.{data_key}"
