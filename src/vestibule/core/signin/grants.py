"""Redeeming the access token of an app's redirect. It may be asked for twice: browsers run effects twice."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.people import find_person
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import LINK, EventType
from vestibule.core.sessions.sessions import Current, Opening
from vestibule.core.signin.challenges import Challenges, token_digest
from vestibule.core.signin.door import Door, Opened
from vestibule.core.signin.model import Authenticated, Challenge, ChallengeDetail, Purpose
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import SessionId, TokenKind, UserId, token_from
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Grants:
    """One session per access token; its session token is derived, so that a repeat gets the same one."""

    store: Store
    clock: Clock
    keys: KeyRing
    audit: Audit
    limiter: Limiter
    challenges: Challenges
    door: Door

    async def redeem(self, app: App, token: str, key_id: str, origin: Origin) -> Opened:
        """Exchange an access token for its session.

        Atomic: of concurrent callers one opens the session; the others get the same one, within the window,
        from the same client key, while the session lives. A reset token is refused and not used up.
        Raises: grant_invalid, user_banned, user_not_found, too_many_attempts.
        """
        digest = token_digest(app.id, TokenKind.GRANT, token)
        if digest is None:
            raise refuse(Code.GRANT_INVALID, "malformed")
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, LINK, origin, now_ms)
        if refusal is not None:
            raise refusal
        try:
            async with self.store.transaction(app.id) as tx:
                challenge = await tx.challenges.consume(digest, (Purpose.GRANT,), now_ms)
                if challenge is not None:
                    return await self._open(tx, app, challenge, key_id, origin, now_ms)
                return await self._again(tx, app, await tx.challenges.find(digest), key_id, now_ms)
        except DomainError as error:
            async with self.store.transaction(app.id) as tx:
                tried = Tried(EventType.SIGN_IN_ATTEMPT, "grant", refusal=error)
                await self.audit.attempt(tx, tried, origin, now_ms)
            raise

    async def issue(self, current: Current) -> Secret[str]:
        """An access token for a user who is signed in on our pages, to carry into the app."""
        now_ms = self.clock.now_ms()
        detail = ChallengeDetail(method=current.session.proofs[-1].method)
        async with self.store.transaction(current.app.id) as tx:
            issued = await self.challenges.grant(
                tx, current.app, Purpose.GRANT, current.session.user_id, detail, now_ms
            )
        return issued.token

    async def _open(self, tx: Tx, app: App, challenge: Challenge, key_id: str, origin: Origin, now_ms: int) -> Opened:
        proof = Authenticated(UserId(challenge.subject), challenge.detail.method, now_ms)
        opened = await self.door.admit(tx, app, proof, origin, now_ms, Opening(self._token(app, challenge)))
        await tx.challenges.note_result(challenge.id, f"{opened.session.id} {key_id}")
        tried = Tried(EventType.SIGN_IN_ATTEMPT, proof.method, opened.person.email, proof.user_id, opened.session.id)
        await self.audit.attempt(tx, tried, origin, now_ms)
        return opened

    async def _again(self, tx: Tx, app: App, challenge: Challenge | None, key_id: str, now_ms: int) -> Opened:
        if (
            challenge is None
            or challenge.purpose is not Purpose.GRANT
            or challenge.consumed_at_ms is None
            or now_ms >= challenge.consumed_at_ms + app.policy.grant_replay_ms
        ):
            raise refuse(Code.GRANT_INVALID, "unknown, expired, of another purpose or used before the window")
        session_id, _, first_key_id = (challenge.result or "").partition(" ")
        session = await tx.sessions.find_by_id(SessionId(session_id), now_ms)
        person = await find_person(tx, UserId(challenge.subject))
        if session is None or person is None or first_key_id != key_id:
            raise refuse(Code.GRANT_INVALID, "its session has ended, or another client asks")
        return Opened(session, self._token(app, challenge), person)

    def _token(self, app: App, challenge: Challenge) -> Secret[str]:
        try:
            raw = self.keys.mac(app.id, "grant.session", challenge.id, challenge.key_id)
        except ValueError as error:
            raise refuse(Code.GRANT_INVALID, "its key has left the ring") from error
        return token_from(TokenKind.SESSION, app.id, raw)
