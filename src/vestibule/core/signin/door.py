"""The only way to a session. Methods prove; the door admits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vestibule.core.accounts.model import Person, UserStatus
from vestibule.core.accounts.people import find_person
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import Event, EventType
from vestibule.core.sessions.model import Session
from vestibule.core.sessions.sessions import Opening, fresh_session_id, open_session
from vestibule.core.signin.methods import METHODS
from vestibule.core.signin.model import Authenticated
from vestibule.core.store import Tx
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import TokenKind, new_token
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, its token (known only now) and its user."""

    session: Session
    token: Secret[str]
    person: Person


@dataclass(frozen=True, slots=True)
class Door:
    """Turns proofs into a session, or refuses."""

    entropy: Entropy
    audit: Audit

    async def admit(
        self,
        tx: Tx,
        app: App,
        proof: Authenticated,
        origin: Origin,
        now_ms: int,
        opening: Opening | None = None,
    ) -> Opened:
        """Open a session for whoever proved enough.

        Raises: user_banned, user_not_found.
        """
        if proof.method not in METHODS:
            msg = f"no such sign-in method: {proof.method}"
            raise ValueError(msg)
        person = await find_person(tx, proof.user_id)
        if person is None or person.user.status is UserStatus.DELETED:
            raise refuse(Code.USER_NOT_FOUND)
        if person.user.status is UserStatus.BANNED:
            raise refuse(Code.USER_BANNED)
        opening = opening or Opening()
        token = opening.token or new_token(TokenKind.SESSION, app.id, self.entropy)
        opening, session_id = replace(opening, token=token), fresh_session_id(now_ms, self.entropy)
        session = await open_session(tx, app, (proof,), opening, origin, now_ms, session_id)
        if opening.is_noted:
            await tx.users.note_sign_in(proof.user_id, now_ms)
        event = Event(
            EventType.SESSION_OPENED,
            origin,
            "user",
            proof.user_id,
            proof.user_id,
            session.id,
            payload={"method": proof.method, "amr": METHODS[proof.method].amr, "aal": session.aal},
        )
        await self.audit.record(tx, event, now_ms)
        person = await find_person(tx, proof.user_id) or person
        return Opened(session, token, person)
