"""Sign-in with a password and an address or a user name: charge, verify, admit."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.identifiers import Typed, read_typed
from vestibule.core.accounts.model import Credential, Identifier, IdentifierKind, Registration
from vestibule.core.accounts.people import counted_as, find_named
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import PASSWORD_FAILURES, SIGN_IN, Event, EventType
from vestibule.core.sessions.sessions import Opening
from vestibule.core.signin.door import Door, Opened
from vestibule.core.signin.model import Authenticated
from vestibule.core.signin.ports import Hasher
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import UserId, new_id
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

REGISTRATIONS_TRIED = 5
NOBODY = UserId("")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the store knows of a name; for an unknown one, nothing."""

    typed: str
    counted_as: str
    """One name for all that the user may type: two spellings are not two budgets of failures."""
    identifier: Identifier | None
    credential: Credential | None
    registrations: list[Registration]
    device_id: str


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """The password method. An unknown name costs the same work as a wrong password."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    hasher: Hasher
    door: Door

    async def sign_in(
        self,
        app: App,
        name: str,
        password: Secret[str],
        origin: Origin,
        opening: Opening | None = None,
        by: tuple[IdentifierKind, ...] = (IdentifierKind.EMAIL,),
    ) -> Opened:
        """Open a session for whoever knows the password; `by` says what a name may be, an address among it.

        Raises: invalid_credentials, email_not_verified, user_banned, too_many_attempts, overloaded.
        Source: NIST SP 800-63B-4 section 3.2.2, OWASP ASVS 6.3.8.
        """
        now_ms = self.clock.now_ms()
        found = await self._charge(app, read_typed(name, by), origin, now_ms)
        refusal = await self._verify(app, found, password)
        if refusal is not None:
            await self._note_refusal(app, found, origin, now_ms, refusal)
            raise refusal
        fresh_hash = await self._fresh_hash(found, password)
        try:
            return await self._admit(app, found, fresh_hash, origin, now_ms, opening)
        except DomainError as error:
            await self._note_refusal(app, found, origin, now_ms, error)
            raise

    async def _charge(self, app: App, typed: Typed, origin: Origin, now_ms: int) -> _Found:
        async with self.store.transaction(app.id) as tx:
            found = await _find(tx, typed, origin, now_ms)
            refusal = await self.limiter.charge(tx, app, SIGN_IN, origin, now_ms)
            refusal = refusal or await self.limiter.charge_failure(
                tx, app, PASSWORD_FAILURES, found.counted_as, now_ms, device_id=found.device_id
            )
        if refusal is not None:
            raise refusal
        return found

    async def _verify(self, app: App, found: _Found, password: Secret[str]) -> DomainError | None:
        """The same number of hashes for a fresh, a taken and an unknown address."""
        if found.credential is None:
            await self.hasher.verify_nothing(password)
        elif await self.hasher.verify(found.credential.secret, password):
            return None if _is_open(app, found.identifier) else refuse(Code.EMAIL_NOT_VERIFIED)
        for registration in found.registrations:
            if await self.hasher.verify(registration.password_hash, password):
                return refuse(Code.EMAIL_NOT_VERIFIED, "registration not confirmed")
        return refuse(Code.INVALID_CREDENTIALS, "wrong password" if found.credential else "unknown user")

    async def _fresh_hash(self, found: _Found, password: Secret[str]) -> str | None:
        if found.credential is None or not self.hasher.is_outdated(found.credential.secret):
            return None
        return await self.hasher.hash(password)

    async def _admit(
        self,
        app: App,
        found: _Found,
        fresh_hash: str | None,
        origin: Origin,
        now_ms: int,
        opening: Opening | None,
    ) -> Opened:
        if found.identifier is None or found.credential is None:
            raise AssertionError
        user_id = found.identifier.user_id
        async with self.store.transaction(app.id) as tx:
            live = await tx.credentials.find_password(user_id)
            if live is None or live.id != found.credential.id:
                raise refuse(Code.INVALID_CREDENTIALS, "the password changed while it was verified")
            # Before anything is opened: a token may name the password it was issued under.
            if fresh_hash is not None and await tx.credentials.remove(found.credential.id, now_ms):
                event = Event(EventType.PASSWORD_REHASHED, origin, "system", None, user_id)
                event_id = await self.audit.record(tx, event, now_ms)
                rehashed = Credential(new_id(now_ms, self.entropy), user_id, fresh_hash)
                await tx.credentials.add_password(rehashed, event_id, now_ms)
            proof = Authenticated(user_id, "password", now_ms)
            opened = await self.door.admit(tx, app, proof, origin, now_ms, opening)
            run = self.limiter.run_subject(app, found.counted_as, found.device_id)
            await tx.limits.forgive(PASSWORD_FAILURES.method, run)
            await self.audit.attempt(tx, _tried(found, None, opened), origin, now_ms)
        return opened

    async def _note_refusal(self, app: App, found: _Found, origin: Origin, now_ms: int, refusal: DomainError) -> None:
        async with self.store.transaction(app.id) as tx:
            await self.audit.attempt(tx, _tried(found, refusal), origin, now_ms)


def _tried(found: _Found, refusal: DomainError | None, opened: Opened | None = None) -> Tried:
    user_id = found.identifier.user_id if found.identifier else None
    session_id = opened.session.id if opened else None
    return Tried(EventType.SIGN_IN_ATTEMPT, "password", found.typed, user_id, session_id, refusal)


def _is_open(app: App, identifier: Identifier | None) -> bool:
    """Whether the right password may come in by this name: an address that nobody has proven may not."""
    if identifier is None:
        return False
    is_address = identifier.kind is IdentifierKind.EMAIL
    return not is_address or identifier.verified_at_ms is not None or not app.policy.confirm_email


async def _find(tx: Tx, typed: Typed, origin: Origin, now_ms: int) -> _Found:
    """Asks the same questions of an unknown name as of a known one."""
    identifier = await find_named(tx, typed)
    user_id = identifier.user_id if identifier else NOBODY
    counted = await counted_as(tx, user_id) or typed.best
    credential = await tx.credentials.find_password(user_id)
    registrations = await tx.registrations.live(IdentifierKind.EMAIL, typed.best, now_ms, REGISTRATIONS_TRIED)
    is_known = bool(origin.device_id) and await tx.sessions.knows_device(user_id, origin.device_id)
    return _Found(typed.best, counted, identifier, credential, registrations, origin.device_id if is_known else "")
