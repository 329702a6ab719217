"""The revocation feed: which tokens that have not expired are no longer to be taken, for services that verify alone.

It reads the event log: sessions that ended, users that were banned or deleted, roles that changed. A reader holds a
cursor; what it has missed comes in order, and it forgets an entry when no token that it concerns can be alive.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.apps.policy import ACCESS_LIFETIMES, ACCESS_MOST_S
from vestibule.core.guard.model import EventType, StoredEvent
from vestibule.core.store import Store, Tx
from vestibule.core.tokens.keys import SigningKeys
from vestibule.core.tokens.model import FEED_ALGORITHM
from vestibule.core.tokens.tokens import Tokens
from vestibule.kernel.clock import MINUTE_MS, SECOND_MS, Clock
from vestibule.kernel.ids import AppId
from vestibule.kernel.pseudonym import pseudonym
from vestibule.kernel.secret import Secret

ENTRIES = 1_000
TEXT_BYTES = 1024 * 1024
"""What a frame may hold; the rest comes with the next."""
TOLD = (EventType.SESSION_ENDED, EventType.USER_BANNED, EventType.USER_DELETED, EventType.USER_ROLES_CHANGED)
SLACK_MS = MINUTE_MS
"""By how much the times of events may differ from the order in which they were committed."""
TYPE = "revocations+jwt"
_CURSOR = re.compile(r"([0-9a-z.]{1,64})-([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Frame:
    """One answer of the feed, before it is made out to a reader."""

    epoch: str
    cursor: int
    is_snapshot: bool
    """Whether the reader begins anew with this one."""
    has_more: bool
    """Whether it was cut: the next one goes on at its cursor."""
    window_s: int
    """How long an entry matters."""
    events: tuple[StoredEvent, ...]

    @property
    def tag(self) -> str:
        """Names what a reader knows when it has read this."""
        return f"{self.epoch}-{self.cursor}"


@dataclass(frozen=True, slots=True)
class Revocations:
    """The feeds of all apps."""

    store: Store
    clock: Clock
    keys: SigningKeys
    tokens: Tokens
    started_at_ms: int
    """Part of the epoch: while the server was down its log may have been replaced by an older copy."""

    async def read(self, app: App, since: str) -> Frame:
        """What happened since a tag; everything that matters when it tells nothing, or nothing that can be trusted."""
        now_ms = self.clock.now_ms()
        tx = self.store.reading(app.id)
        epoch, position = await tx.events.feed()
        epoch = f"{epoch}.{self.started_at_ms:x}"
        window_s = await self._window_s(tx, app, now_ms)
        oldest_ms = now_ms - window_s * SECOND_MS
        start, head = await tx.events.before(oldest_ms - SLACK_MS), await self.head(app.id)
        after = _cursor(since, epoch, position)
        is_snapshot = after is None or after < min(start, head)
        if after is None or is_snapshot:
            after = start
        events, has_more = (await self._events(app, after)) if head > after else ([], False)
        cursor = head if is_snapshot else after
        if events:
            cursor = events[-1].position or cursor
        told = tuple(event for event in events if event.at_ms > oldest_ms)
        return Frame(epoch, cursor, is_snapshot, has_more, window_s, told)

    async def head(self, app_id: AppId) -> int:
        """Where the newest event stands that the feed tells of; 0 when there is none."""
        tx = self.store.reading(app_id)
        return max([await tx.events.last(type_) for type_ in TOLD])

    async def sign(self, app: App, frame: Frame, reader: Secret[str]) -> str:
        """The frame as a JWS for the holder of an API key, which alone can tell whose ids stand in it."""
        claims = {
            "iss": self.tokens.issuer(app),
            "iat": self.clock.now_ms() // SECOND_MS,
            "reader": pseudonym(reader.reveal(), "reader"),
            "epoch": frame.epoch,
            "cursor": frame.cursor,
            "snapshot": frame.is_snapshot,
            "more": frame.has_more,
            "window": frame.window_s,
            "entries": [_entry(event, reader) for event in frame.events],
        }
        key_id, key = await self.keys.current(app, FEED_ALGORITHM)
        return key.sign({"typ": TYPE, "kid": key_id}, claims)

    async def _window_s(self, tx: Tx, app: App, now_ms: int) -> int:
        """The longest life of an access token; of any, when it was changed so lately that longer ones may be alive."""
        changed_at_ms = [await tx.apps.policy_changed_at_ms(name) for name in ACCESS_LIFETIMES]
        since_ms = max(app.created_at_ms, now_ms - ACCESS_MOST_S * SECOND_MS)
        return ACCESS_MOST_S if max(changed_at_ms) > since_ms else app.policy.longest_access_s

    async def _events(self, app: App, after: int) -> tuple[list[StoredEvent], bool]:
        """The next events, and whether there may be more."""
        found = await self.store.scanning(app.id).events.list_of(TOLD, after, ENTRIES)
        size_bytes = 0
        for number, event in enumerate(found, 1):
            size_bytes += len(event.payload)
            if size_bytes > TEXT_BYTES:
                return found[:number], True
        return found, len(found) == ENTRIES


def _entry(event: StoredEvent, reader: Secret[str]) -> dict[str, object]:
    """Told in whole seconds, as the times of tokens are: rounded up, so that it covers the second it happened in."""
    at_s = -(-event.at_ms // SECOND_MS)
    if event.type is EventType.SESSION_ENDED:
        return {"at": at_s, "session": pseudonym(reader.reveal(), f"session:{event.session_id}")}
    entry: dict[str, object] = {"at": at_s, "user": pseudonym(reader.reveal(), f"user:{event.subject}")}
    if event.type is EventType.USER_ROLES_CHANGED:
        entry["roles"] = json.loads(json.loads(event.payload)["roles"])
    return entry


def _cursor(since: str, epoch: str, position: int) -> int | None:
    """The cursor of a tag; None when it is no tag, of another epoch, or of a time that has not come."""
    match = _CURSOR.fullmatch(since)
    if match is None or match[1] != epoch or int(match[2]) > position:
        return None
    return int(match[2])
