"""Changing what signs a user in: password and address, and what ends with the old ones."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.identifiers import normal_email
from vestibule.core.accounts.model import Credential, Identifier, IdentifierKind, Person, UserStatus
from vestibule.core.accounts.passwords import PasswordRules
from vestibule.core.accounts.people import find_namesake, find_person, take_name
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import LINK, PASSWORD_FAILURES, SEND, STEP_UP, Event, EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.sessions.sessions import Current
from vestibule.core.signin.challenges import token_digest
from vestibule.core.signin.mails import Mails, Wish
from vestibule.core.signin.model import Challenge, Purpose
from vestibule.core.signin.ports import Hasher
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, all_of, refuse
from vestibule.kernel.ids import SessionId, TokenKind, UserId, new_id
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

BOUND_TO_CREDENTIALS = (Purpose.MAGIC_LINK, Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL, Purpose.RESET_GRANT)
"""Secrets that die when the address or the password they were made under changes."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Password and address changes."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    hasher: Hasher
    passwords: PasswordRules
    mails: Mails

    async def reset_password(self, app: App, token: str, password: Secret[str], origin: Origin) -> str:
        """Set a new password with the access token of a reset; every session ends. Answers the address.

        Atomic: the token works once, and not at all when the password is refused.
        Raises: grant_invalid, password_too_short, password_too_long, password_common, password_similar,
            too_many_attempts, overloaded.
        Source: OWASP ASVS 6.4.3, 7.4.3.
        """
        now_ms = self.clock.now_ms()
        digest = token_digest(app.id, TokenKind.GRANT, token)
        challenge = await self.store.reading(app.id).challenges.find(digest) if digest else None
        if digest is None or not _is_live_reset(challenge, now_ms):
            raise refuse(Code.GRANT_INVALID)
        person = await find_person(self.store.reading(app.id), UserId(challenge.subject)) if challenge else None
        if person is None:
            raise refuse(Code.GRANT_INVALID)
        self._check_new(app, password, person)
        password_hash = await self.hasher.hash(password)
        refusal: DomainError | None = None
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, LINK, origin, now_ms)
            if refusal is None and await tx.challenges.consume(digest, (Purpose.RESET_GRANT,), now_ms) is None:
                refusal = refuse(Code.GRANT_INVALID, "used a moment ago")
            if refusal is None:
                await self._set_password(tx, app, person, password_hash, None, origin, now_ms)
        if refusal is not None:
            raise refusal
        return person.email

    async def reset_address(self, app: App, token: str) -> str | None:
        """Whose password a reset token is about to set, by address or name; None when the token is dead."""
        digest = token_digest(app.id, TokenKind.GRANT, token)
        challenge = await self.store.reading(app.id).challenges.find(digest) if digest else None
        is_live = _is_live_reset(challenge, self.clock.now_ms())
        if challenge is None or not is_live:
            return None
        person = await find_person(self.store.reading(app.id), UserId(challenge.subject))
        return challenge.detail.email or (person.counted_as if person else "")

    async def change_password(self, current: Current, new: Secret[str], old: Secret[str], origin: Origin) -> None:
        """Change the password with the old one; every other session ends.

        Raises: invalid_credentials, password_too_short, password_too_long, password_common, password_similar,
            too_many_attempts, overloaded.
        """
        app, person = current.app, current.person
        proven = await self._prove_password(current, old, origin)
        self._check_new(app, new, person)
        password_hash = await self.hasher.hash(new)
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            await _require_unchanged(tx, current, proven, now_ms)
            await self._set_password(tx, app, person, password_hash, current.session.id, origin, now_ms)

    async def change_email(self, current: Current, new: str, password: Secret[str], origin: Origin) -> Person:
        """Ask for another address: it changes when the new one confirms. A taken one answers alike.

        Raises: email_invalid, invalid_credentials, email_taken, too_many_attempts, overloaded.
        """
        app = current.app
        address = normal_email(new)
        if address is None:
            raise refuse(Code.EMAIL_INVALID, field="newEmail")
        proven = await self._prove_password(current, password, origin)
        if not app.policy.confirm_email:
            return await self._change_at_once(current, proven, address, origin)
        await self.ask_email(app, current.session.user_id, address, origin, proof=(current, proven))
        return current.person

    async def ask_email(
        self, app: App, user_id: UserId, address: str, origin: Origin, *, proof: tuple[Current, str] | None = None
    ) -> None:
        """Mail a link and a code to the address a user wants; to a taken one, a notice at the same cost.

        Raises: too_many_attempts, invalid_credentials (what proved the wish has changed meanwhile).
        """
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            if proof is not None:
                await _require_unchanged(tx, *proof, now_ms)
            refusal = await self.limiter.charge(
                tx, app, SEND, origin, now_ms, destination=address, purpose=Purpose.CHANGE_EMAIL
            )
            if refusal is None:
                taken = await tx.identifiers.find(IdentifierKind.EMAIL, address)
                instead = MessageKind.ACCOUNT_EXISTS if taken else None
                wish = Wish(Purpose.CHANGE_EMAIL, user_id, address, instead=instead)
                await self.mails.one_time(tx, app, wish, origin, now_ms)
                event = Event(
                    EventType.EMAIL_CHANGE_ASKED, origin, "user", user_id, user_id, personal={"email": address}
                )
                await self.audit.record(tx, event, now_ms)
        if refusal is not None:
            raise refusal

    async def _change_at_once(self, current: Current, proven: str, address: str, origin: Origin) -> Person:
        now_ms, user_id = self.clock.now_ms(), current.session.user_id
        async with self.store.transaction(current.app.id) as tx:
            await _require_unchanged(tx, current, proven, now_ms)
            is_free = await find_namesake(tx, address, user_id) is None
            changed = is_free and await self.apply_email(tx, current.app, user_id, address, origin, now_ms)
            person = await find_person(tx, user_id)
        if not changed or person is None:
            raise refuse(Code.EMAIL_TAKEN, field="newEmail", value=address)
        return person

    async def apply_email(self, tx: Tx, app: App, user_id: UserId, address: str, origin: Origin, now_ms: int) -> bool:
        """Swap the primary address and tell the old one, if any. False when the new one is taken by now."""
        old = await tx.identifiers.primary(user_id, IdentifierKind.EMAIL)
        user = await tx.users.find(user_id)
        is_here = user is not None and user.status is not UserStatus.DELETED
        if not is_here or await tx.identifiers.find(IdentifierKind.EMAIL, address) is not None:
            return False
        identifier = Identifier(
            id=new_id(now_ms, self.entropy),
            user_id=user_id,
            kind=IdentifierKind.EMAIL,
            value=address,
            verified_at_ms=now_ms if app.policy.confirm_email else None,
            is_primary=True,
            added_at_ms=now_ms,
        )
        is_free = old is None or await tx.identifiers.remove(old.id, now_ms)
        if not is_free or not await tx.identifiers.add(identifier, "email"):
            raise refuse(Code.UNAVAILABLE, "the address changed at the same time")
        if identifier.verified_at_ms is not None:
            await take_name(tx, self.audit, address, user_id, origin, now_ms)
        await tx.registrations.end_all(IdentifierKind.EMAIL, address, now_ms)
        await self._supersede(tx, user_id, now_ms)
        if old is not None and old.verified_at_ms is not None:
            await self.mails.notice(tx, app, MessageKind.EMAIL_CHANGED, old.value, origin, now_ms)
        event = Event(
            EventType.EMAIL_CHANGED,
            origin,
            "user",
            user_id,
            user_id,
            personal={"from": old.value if old else "", "to": address},
        )
        await self.audit.record(tx, event, now_ms)
        return True

    async def _prove_password(self, current: Current, password: Secret[str], origin: Origin) -> str:
        """Fresh proof for a sensitive change; answers the credential that was proven.

        Its failures count in a run of the session's own: strangers who guess cannot lock the owner out of it.
        """
        app, address, session_id = current.app, current.person.counted_as, current.session.id
        user_id = current.session.user_id
        now_ms = self.clock.now_ms()
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, STEP_UP, origin, now_ms, destination=user_id)
            refusal = refusal or await self.limiter.charge_failure(
                tx, app, PASSWORD_FAILURES, address, now_ms, device_id=session_id
            )
            credential = await tx.credentials.find_password(user_id)
        if refusal is not None:
            raise refusal
        if credential is None:
            await self.hasher.verify_nothing(password)
        elif await self.hasher.verify(credential.secret, password):
            async with self.store.transaction(app.id) as tx:
                run = self.limiter.run_subject(app, address, session_id)
                await tx.limits.forgive(PASSWORD_FAILURES.method, run)
            return credential.id
        refused = refuse(Code.INVALID_CREDENTIALS, "wrong present password", field="password")
        tried = Tried(EventType.STEP_UP_ATTEMPT, "password", address, user_id, session_id, refused)
        async with self.store.transaction(app.id) as tx:
            await self.audit.attempt(tx, tried, origin, now_ms)
        raise refused

    def _check_new(self, app: App, password: Secret[str], person: Person) -> None:
        refusal = all_of(self.passwords.problems(app, password, person.email, person.known_as))
        if refusal is not None:
            raise refusal

    async def _set_password(
        self,
        tx: Tx,
        app: App,
        person: Person,
        password_hash: str,
        keep: SessionId | None,
        origin: Origin,
        now_ms: int,
    ) -> None:
        """With a session to keep it is a change, without one a reset."""
        how = EventType.PASSWORD_RESET if keep is None else EventType.PASSWORD_CHANGED
        user_id = person.user.id
        event_id = await self.audit.record(tx, Event(how, origin, "user", user_id, user_id, keep), now_ms)
        old = await tx.credentials.find_password(user_id)
        if old is not None:
            await tx.credentials.remove(old.id, now_ms)
        await tx.credentials.add_password(
            Credential(new_id(now_ms, self.entropy), user_id, password_hash), event_id, now_ms
        )
        await self._end_sessions(tx, user_id, keep, how, origin, now_ms)
        await tx.limits.forgive_all(PASSWORD_FAILURES.method, self.limiter.run_subject(app, person.counted_as))
        await self._supersede(tx, user_id, now_ms)
        if person.is_email_verified or keep is None:
            await self.mails.notice(tx, app, MessageKind.PASSWORD_CHANGED, person.email, origin, now_ms)

    async def evict(self, tx: Tx, user_id: UserId, origin: Origin, now_ms: int) -> None:
        """End password, sessions and open secrets of a user whose address turns out to be somebody else's."""
        password = await tx.credentials.find_password(user_id)
        if password is not None:
            await tx.credentials.remove(password.id, now_ms)
        await self._end_sessions(tx, user_id, None, EventType.EMAIL_VERIFIED, origin, now_ms)
        await self._supersede(tx, user_id, now_ms)

    async def _end_sessions(
        self, tx: Tx, user_id: UserId, keep: SessionId | None, why: EventType, origin: Origin, now_ms: int
    ) -> None:
        for ended in await tx.sessions.end_all(user_id, keep, why.value, now_ms):
            event = Event(
                EventType.SESSION_ENDED, origin, "user", user_id, user_id, ended, payload={"reason": why.value}
            )
            await self.audit.record(tx, event, now_ms)

    async def _supersede(self, tx: Tx, user_id: UserId, now_ms: int) -> None:
        for purpose in (*BOUND_TO_CREDENTIALS, Purpose.GRANT):
            await tx.challenges.supersede(purpose, user_id, now_ms)


async def _require_unchanged(tx: Tx, current: Current, credential_id: str, now_ms: int) -> None:
    """Hashing takes its time: a reset or a sign-out meanwhile wins. Raises: invalid_credentials."""
    live = await tx.sessions.find_by_id(current.session.id, now_ms)
    credential = await tx.credentials.find_password(current.session.user_id)
    if live is None or credential is None or credential.id != credential_id:
        raise refuse(Code.INVALID_CREDENTIALS, "session or password ended meanwhile", field="password")


def _is_live_reset(challenge: Challenge | None, now_ms: int) -> bool:
    return (
        challenge is not None
        and challenge.purpose is Purpose.RESET_GRANT
        and challenge.consumed_at_ms is None
        and challenge.superseded_at_ms is None
        and challenge.expires_at_ms > now_ms
    )
