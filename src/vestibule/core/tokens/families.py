"""Refresh families: rotation that honest tabs survive and thieves do not.

A family is a session; its refresh tokens are generations. Presenting the newest spends it and makes the next; what
presenting a spent one means is decided in `reuse.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.model import IdentifierKind, Person, UserStatus
from vestibule.core.accounts.people import find_person
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import REFRESH, Event, EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.sessions.model import Session
from vestibule.core.sessions.sessions import Current, Opening
from vestibule.core.signin.mails import Mails
from vestibule.core.signin.password import PasswordSignIn
from vestibule.core.store import Store, Tx
from vestibule.core.tokens.claims import password_mark
from vestibule.core.tokens.dpop import Client, Clients, Presenter
from vestibule.core.tokens.model import Claims, Pair, RefreshToken, TokenType
from vestibule.core.tokens.reuse import Verdict, judge, refuse_spent
from vestibule.core.tokens.tokens import Stamp, Tokens
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import new_id
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

NAMES = (IdentifierKind.USERNAME, IdentifierKind.EMAIL)
"""What may stand in `username`, in this order."""


@dataclass(frozen=True, slots=True)
class Families:
    """Signed tokens that belong to sessions."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    tokens: Tokens
    clients: Clients
    mails: Mails
    passwords: PasswordSignIn

    # Coming in --------------------------------------------------------------------------------------

    async def sign_in(self, app: App, name: str, password: Secret[str], presenter: Presenter, origin: Origin) -> Pair:
        """A session and its first pair.

        Raises: invalid_credentials, email_not_verified, user_banned, too_many_attempts, overloaded, proof_invalid.
        """
        client = self.clients.identify(app, presenter)
        lifetime_s = app.policy.REFRESH_TOKEN_LIFETIME
        made: list[RefreshToken] = []
        notices: list[str] = []

        async def begin(tx: Tx, session: Session) -> None:
            await client.spend_proof(tx, session.created_at_ms)
            made.append(_generation(session, 0, client.name, session.created_at_ms, lifetime_s))
            await tx.refresh_tokens.add(made[0])
            notices.extend(await tx.notices.take(session.user_id, session.created_at_ms))

        opening = Opening(idle_ms=lifetime_s * SECOND_MS, is_noted=app.policy.UPDATE_LAST_LOGIN, also=begin)
        opened = await self.passwords.sign_in(app, name, password, origin, opening, NAMES)
        access = await self._access(app, opened.person, made[0], opened.session.created_at_ms)
        return Pair(access, await self._refresh(app, opened.person, made[0]), tuple(notices))

    async def sign_in_sliding(self, app: App, name: str, password: Secret[str], origin: Origin) -> Pair:
        """A session and its sliding token, which opens what an access token opens and refreshes itself.

        Raises: invalid_credentials, email_not_verified, user_banned, too_many_attempts, overloaded.
        """
        lifetime_ms = app.policy.SLIDING_TOKEN_REFRESH_LIFETIME * SECOND_MS
        notices: list[str] = []

        async def begin(tx: Tx, session: Session) -> None:
            notices.extend(await tx.notices.take(session.user_id, session.created_at_ms))

        opening = Opening(idle_ms=lifetime_ms, is_noted=app.policy.UPDATE_LAST_LOGIN, also=begin)
        opened = await self.passwords.sign_in(app, name, password, origin, opening, NAMES)
        return Pair(await self._sliding(app, opened.person, opened.session), None, tuple(notices))

    # Going on ---------------------------------------------------------------------------------------

    async def refresh(self, app: App, text: str, presenter: Presenter, origin: Origin) -> Pair:
        """A new pair for the newest refresh token; for one that a tab still holds, the newest pair again.

        Atomic: of concurrent callers with the same token one makes the next generation, the others get that one.
        Raises: token_invalid, token_expired, token_wrong_type, token_revoked, user_banned, user_not_found,
            proof_invalid, too_many_attempts.
        """
        claims = await self.tokens.read(app, text, TokenType.REFRESH)
        client = self.clients.identify(app, presenter)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            current = await self._standing(tx, app, claims, now_ms)
            outcome = await self._turn(tx, current, claims, client, origin, now_ms)
        if isinstance(outcome, DomainError):
            raise outcome
        newest, verdict = outcome
        refuse_spent(verdict)
        access = await self._access(app, current.person, newest, now_ms)
        is_kept = newest.generation == claims.generation
        return Pair(access, None if is_kept else await self._refresh(app, current.person, newest))

    async def refresh_sliding(self, app: App, text: str) -> str:
        """The sliding token with a new end, until its refresh period is over.

        Raises: token_invalid, token_expired (with `claim` when the period is over), token_wrong_type, token_revoked,
            user_banned, user_not_found.
        """
        claims = await self.tokens.read(app, text, TokenType.SLIDING)
        name = app.policy.SLIDING_TOKEN_REFRESH_EXP_CLAIM
        ends_at_s = claims.all.get(name)
        if type(ends_at_s) is not int:
            raise refuse(Code.TOKEN_INVALID, "without an end of its refresh period")
        if ends_at_s * SECOND_MS <= self.clock.now_ms() - app.policy.LEEWAY * SECOND_MS:
            raise refuse(Code.TOKEN_EXPIRED, claim=name)
        current = await self._current(app, claims)
        return await self._sliding(app, current.person, current.session)

    # Asking -----------------------------------------------------------------------------------------

    async def authenticate(self, app: App, text: str, type_: TokenType) -> Current:
        """Who bears a token of this type, if its session lives: that of an ended one is refused at once.

        Raises: token_invalid, token_expired, token_wrong_type, token_revoked, user_banned, user_not_found.
        """
        claims = await self.tokens.read(app, text, type_)
        current = await self._current(app, claims)
        if type_ is TokenType.ACCESS and claims.is_shared:
            await self._refuse_stretched(app, claims)
        return current

    async def verify(self, app: App, text: str, presenter: Presenter) -> None:
        """Whether a token of any type would be taken now; changes nothing.

        Raises: token_invalid, token_expired, token_wrong_type, token_revoked, user_banned, user_not_found,
            proof_invalid.
        """
        claims = await self.tokens.read(app, text, *TokenType)
        await self._current(app, claims)
        if claims.type is TokenType.REFRESH:
            client = self.clients.identify(app, presenter)
            tx = self.store.reading(app.id)
            _, verdict = await judge(tx, app.policy, claims, client.name, self.clock.now_ms())
            refuse_spent(verdict)

    # Going ------------------------------------------------------------------------------------------

    async def revoke(self, app: App, text: str, presenter: Presenter, origin: Origin) -> None:
        """Sign out for good: the session of a refresh token ends, and every token of its family with it.

        Raises: token_invalid, token_expired, token_wrong_type, token_revoked, user_banned, user_not_found,
            proof_invalid.
        """
        claims = await self.tokens.read(app, text, TokenType.REFRESH)
        client = self.clients.identify(app, presenter)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            current = await self._standing(tx, app, claims, now_ms)
            await client.spend_proof(tx, now_ms)
            _, verdict = await judge(tx, app.policy, claims, client.name, now_ms)
            await self._note_reuse(tx, current, verdict, origin, now_ms)
            if verdict in {Verdict.NEWEST, Verdict.AGAIN}:
                await self._end(tx, current.session, "sign_out", origin, now_ms)
        refuse_spent(verdict)

    # ------------------------------------------------------------------------------------------------

    async def _refuse_stretched(self, app: App, claims: Claims) -> None:
        """Whoever shares the signing key could sign an access token again with a later end: ask when it began."""
        policy = app.policy
        if not (policy.ROTATE_REFRESH_TOKENS and policy.BLACKLIST_AFTER_ROTATION):
            return  # then one generation gives access tokens for as long as it lives
        issued = await self.store.reading(app.id).refresh_tokens.find(claims.session_id, claims.generation)
        longest_s = policy.reuse_window_s + policy.ACCESS_TOKEN_LIFETIME + policy.LEEWAY
        if issued is None or self.clock.now_ms() >= issued.issued_at_ms + longest_s * SECOND_MS:
            raise refuse(Code.TOKEN_EXPIRED, "longer than we give them")

    async def _current(self, app: App, claims: Claims) -> Current:
        return await self._standing(self.store.reading(app.id), app, claims, self.clock.now_ms())

    async def _standing(self, tx: Tx, app: App, claims: Claims, now_ms: int) -> Current:
        """The person and the live session of a token; what became of the person is said first."""
        person = await find_person(tx, claims.user_id)
        if person is None or person.user.status is UserStatus.DELETED:
            raise refuse(Code.USER_NOT_FOUND)
        if person.user.status is UserStatus.BANNED:
            raise refuse(Code.USER_BANNED)
        session = await tx.sessions.find_by_id(claims.session_id, now_ms)
        if session is None or session.user_id != person.user.id:
            raise refuse(Code.TOKEN_REVOKED, "its session has ended")
        if app.policy.CHECK_REVOKE_TOKEN:
            mark = await password_mark(tx, app, person, self.tokens.ring)
            if claims.all.get(app.policy.REVOKE_TOKEN_CLAIM) != mark:
                raise refuse(Code.TOKEN_REVOKED, "the password changed", cause="password")
        return Current(app, session, person)

    async def _turn(
        self, tx: Tx, current: Current, claims: Claims, client: Client, origin: Origin, now_ms: int
    ) -> tuple[RefreshToken, Verdict] | DomainError:
        """What a refresh does to the family: the next generation, nothing, or its end.

        Too many of them are refused; a crowd of tabs that get the newest pair again writes nothing and is not counted.
        """
        await client.spend_proof(tx, now_ms)
        app = current.app
        newest, verdict = await judge(tx, app.policy, claims, client.name, now_ms)
        if verdict in {Verdict.NEWEST, Verdict.SPENT}:
            session_id = claims.session_id
            if refusal := await self.limiter.charge(tx, app, REFRESH, origin, now_ms, destination=session_id):
                return refusal
        if verdict is Verdict.NEWEST and app.policy.ROTATE_REFRESH_TOKENS:
            newest = await self._rotate(tx, app, current.session, newest, client.name, now_ms)
        await self._note_reuse(tx, current, verdict, origin, now_ms)
        return newest, verdict

    async def _rotate(
        self, tx: Tx, app: App, session: Session, newest: RefreshToken, client: str, now_ms: int
    ) -> RefreshToken:
        if not await tx.refresh_tokens.supersede(session.id, newest.generation, now_ms):
            raise refuse(Code.UNAVAILABLE, "the family moved at the same time")
        made = _generation(session, newest.generation + 1, client, now_ms, app.policy.REFRESH_TOKEN_LIFETIME)
        await tx.refresh_tokens.add(made)
        await tx.sessions.touch(session.id, now_ms, made.expires_at_ms)
        return made

    async def _note_reuse(self, tx: Tx, current: Current, verdict: Verdict, origin: Origin, now_ms: int) -> None:
        """Write down a refresh token that was spent before; for a theft end the session and tell the person."""
        if verdict in {Verdict.NEWEST, Verdict.AGAIN}:
            return
        session, person = current.session, current.person
        event = Event(
            EventType.REFRESH_REUSED,
            origin,
            "anonymous",
            None,
            person.user.id,
            session.id,
            payload={"verdict": verdict.value},
        )
        await self.audit.record(tx, event, now_ms)
        if verdict is Verdict.SPENT:
            return
        await self._end(tx, session, f"refresh_{verdict.value}", origin, now_ms)
        if verdict is Verdict.UNKNOWN:
            return
        if person.is_email_verified:
            await self.mails.notice(tx, current.app, MessageKind.TOKEN_REUSED, person.email, origin, now_ms)
        else:
            notice_id = new_id(now_ms, self.entropy)
            await tx.notices.add(notice_id, person.user.id, MessageKind.TOKEN_REUSED, now_ms)

    async def _end(self, tx: Tx, session: Session, reason: str, origin: Origin, now_ms: int) -> None:
        user_id = session.user_id
        if await tx.sessions.end(session.id, user_id, reason, now_ms):
            event = Event(
                EventType.SESSION_ENDED, origin, "user", user_id, user_id, session.id, payload={"reason": reason}
            )
            await self.audit.record(tx, event, now_ms)

    # Minting ----------------------------------------------------------------------------------------

    async def _access(self, app: App, person: Person, token: RefreshToken, now_ms: int) -> str:
        """Its whole life is before it, however old its pair: the tab that asks keeps it until its own next turn.

        It begins when the roles in it were read, and ends with the refresh token, so with the session, at the latest.
        """
        now_s = now_ms // SECOND_MS
        ends_at_s = min(now_s + app.policy.ACCESS_TOKEN_LIFETIME, token.expires_at_ms // SECOND_MS)
        stamp = Stamp(TokenType.ACCESS, token.session_id, token.generation, now_s, ends_at_s)
        return await self.tokens.issue(app, person, stamp)

    async def _refresh(self, app: App, person: Person, token: RefreshToken) -> str:
        times = (token.issued_at_ms // SECOND_MS, token.expires_at_ms // SECOND_MS)
        stamp = Stamp(TokenType.REFRESH, token.session_id, token.generation, *times)
        return await self.tokens.issue(app, person, stamp)

    async def _sliding(self, app: App, person: Person, session: Session) -> str:
        policy = app.policy
        now_s, refresh_ends_at_s = self.clock.now_ms() // SECOND_MS, session.idle_expires_at_ms // SECOND_MS
        ends_at_s = min(now_s + policy.SLIDING_TOKEN_LIFETIME, refresh_ends_at_s)
        stamp = Stamp(TokenType.SLIDING, session.id, 0, now_s, ends_at_s)
        more = {policy.SLIDING_TOKEN_REFRESH_EXP_CLAIM: refresh_ends_at_s}
        return await self.tokens.issue(app, person, stamp, **more)


def _generation(session: Session, number: int, client: str, now_ms: int, lifetime_s: int) -> RefreshToken:
    """A generation, whose end is told in whole seconds and never lies behind the session's."""
    ends_at_ms = min(now_ms + lifetime_s * SECOND_MS, session.absolute_expires_at_ms)
    return RefreshToken(session.id, number, client, now_ms, ends_at_ms // SECOND_MS * SECOND_MS)
