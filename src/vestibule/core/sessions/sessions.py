"""Opening, checking and ending sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from vestibule.core.accounts.model import Person, UserStatus
from vestibule.core.accounts.people import find_person
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.sessions.activity import Activity
from vestibule.core.sessions.model import Session
from vestibule.core.signin.model import Authenticated
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import HOUR_MS, MINUTE_MS, Clock
from vestibule.kernel.entropy import Entropy, fingerprint
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SessionId, TokenKind, is_id, new_id, read_token
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

OPERATOR_ABSOLUTE_MS = 12 * HOUR_MS
OPERATOR_IDLE_MS = 30 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Current:
    """Who is asking: a live session and its user."""

    app: App
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class Opening:
    """What a protocol wants of the session it opens."""

    token: Secret[str] | None = None
    """Given where it is derived, for replays."""
    idle_ms: int | None = None
    """Another idle life than the policy's: that of the first refresh token."""
    is_noted: bool = True
    """Whether it counts as the user's last sign-in."""
    also: Callable[[Tx, Session], Awaitable[None]] | None = None
    """What is written with the session or not at all."""


async def open_session(
    tx: Tx, app: App, proofs: tuple[Authenticated, ...], opening: Opening, origin: Origin, now_ms: int, id_: str
) -> Session:
    """Write a session. Private to the door: a test fails when anything else calls it."""
    absolute_ms, default_ms = (
        (OPERATOR_ABSOLUTE_MS, OPERATOR_IDLE_MS)
        if app.is_system
        else (app.policy.session_absolute_ms, app.policy.session_idle_ms)
    )
    idle_ms = default_ms if opening.idle_ms is None else min(opening.idle_ms, absolute_ms)
    if opening.token is None:
        raise AssertionError
    session = Session(
        id=SessionId(id_),
        user_id=proofs[-1].user_id,
        device_id=origin.device_id or None,
        digest=fingerprint(opening.token.reveal()),
        proofs=proofs,
        aal=1,
        auth_at_ms=now_ms,
        door=origin.door,
        address=origin.address,
        agent=origin.agent,
        created_at_ms=now_ms,
        last_active_at_ms=now_ms,
        absolute_expires_at_ms=now_ms + absolute_ms,
        idle_expires_at_ms=now_ms + idle_ms,
    )
    await tx.sessions.add(session)
    if opening.also is not None:
        await opening.also(tx, session)
    return session


@dataclass(frozen=True, slots=True)
class Sessions:
    """What a signed-in user can do about sessions."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    activity: Activity

    async def check(self, app: App, token: str) -> Current:
        """Who this token is, if its session lives and its user may sign in.

        Raises: session_invalid.
        """
        parts = read_token(token)
        if parts is None or parts.kind is not TokenKind.SESSION or parts.app_id != app.id:
            raise refuse(Code.SESSION_INVALID, "malformed, or of another app")
        now_ms = self.clock.now_ms()
        tx = self.store.reading(app.id)
        session = await tx.sessions.find(fingerprint(token), now_ms)
        if session is None:
            raise refuse(Code.SESSION_INVALID, "unknown, expired or ended")
        person = await find_person(tx, session.user_id)
        if person is None or person.user.status is not UserStatus.ACTIVE:
            raise refuse(Code.SESSION_INVALID, "user is gone or banned")
        self.activity.note(app, session, now_ms)
        return Current(app, session, person)

    async def list(self, current: Current) -> list[Session]:
        """The user's live sessions, newest first."""
        tx = self.store.reading(current.app.id)
        return await tx.sessions.of_user(current.session.user_id, self.clock.now_ms())

    async def sign_out(self, current: Current, which: str | None, origin: Origin) -> None:
        """End the caller's session, or another of the same user by handle or token; an unknown one changes nothing."""
        now_ms = self.clock.now_ms()
        async with self.store.transaction(current.app.id) as tx:
            session_id = current.session.id if which is None else await self._named(tx, which, now_ms)
            if session_id and await tx.sessions.end(session_id, current.session.user_id, "sign_out", now_ms):
                await self._record_end(tx, current, session_id, "sign_out", origin, now_ms)

    async def sign_out_all(self, current: Current, origin: Origin, *, keep_current: bool = False) -> None:
        """End every session of the user, or every other one."""
        now_ms = self.clock.now_ms()
        keep = current.session.id if keep_current else None
        async with self.store.transaction(current.app.id) as tx:
            for ended in await tx.sessions.end_all(current.session.user_id, keep, "sign_out", now_ms):
                await self._record_end(tx, current, ended, "sign_out_all", origin, now_ms)

    async def _named(self, tx: Tx, which: str, now_ms: int) -> SessionId | None:
        if which.startswith("sh_") and is_id(which[3:]):
            return SessionId(which[3:])
        session = await tx.sessions.find(fingerprint(which), now_ms)
        return None if session is None else session.id

    async def _record_end(
        self, tx: Tx, current: Current, ended: SessionId, reason: str, origin: Origin, now_ms: int
    ) -> None:
        user_id = current.session.user_id
        event = Event(EventType.SESSION_ENDED, origin, "user", user_id, user_id, ended, payload={"reason": reason})
        await self.audit.record(tx, event, now_ms)


def fresh_session_id(now_ms: int, entropy: Entropy) -> SessionId:
    """An id for a session about to be opened."""
    return SessionId(new_id(now_ms, entropy))
