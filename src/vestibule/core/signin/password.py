"""Sign-in with e-mail and password: charge, verify, admit."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.identifiers import normal_email
from vestibule.core.accounts.model import Credential, Identifier, IdentifierKind, Registration
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import PASSWORD_FAILURES, SIGN_IN, Event, EventType
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
    """What the store knows of an address; for an unknown one, nothing."""

    identifier: Identifier | None
    credential: Credential | None
    registrations: list[Registration]
    device_id: str


@dataclass(frozen=True, slots=True)
class PasswordSignIn:
    """The password method. An unknown address costs the same work as a wrong password."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    hasher: Hasher
    door: Door

    async def sign_in(self, app: App, email: str, password: Secret[str], origin: Origin) -> Opened:
        """Open a session for whoever knows the password.

        Raises: invalid_credentials, email_not_verified, user_banned, too_many_attempts, overloaded.
        Source: NIST SP 800-63B-4 section 3.2.2, OWASP ASVS 6.3.8.
        """
        now_ms = self.clock.now_ms()
        address = normal_email(email) or email.strip().casefold()[:254]
        found = await self._charge(app, address, origin, now_ms)
        refusal = await self._verify(app, found, password)
        if refusal is not None:
            await self._note_refusal(app, found, address, origin, now_ms, refusal)
            raise refusal
        fresh_hash = await self._fresh_hash(found, password)
        try:
            return await self._admit(app, found, address, fresh_hash, origin, now_ms)
        except DomainError as error:
            await self._note_refusal(app, found, address, origin, now_ms, error)
            raise

    async def _charge(self, app: App, address: str, origin: Origin, now_ms: int) -> _Found:
        async with self.store.transaction(app.id) as tx:
            found = await _find(tx, address, origin, now_ms)
            refusal = await self.limiter.charge(tx, app, SIGN_IN, origin, now_ms)
            refusal = refusal or await self.limiter.charge_failure(
                tx, app, PASSWORD_FAILURES, address, now_ms, device_id=found.device_id
            )
        if refusal is not None:
            raise refusal
        return found

    async def _verify(self, app: App, found: _Found, password: Secret[str]) -> DomainError | None:
        """The same number of hashes for a fresh, a taken and an unknown address."""
        if found.credential is None:
            await self.hasher.verify_nothing(password)
        elif await self.hasher.verify(found.credential.secret, password):
            is_open = found.identifier is not None and (
                found.identifier.verified_at_ms is not None or not app.policy.confirm_email
            )
            return None if is_open else refuse(Code.EMAIL_NOT_VERIFIED)
        for registration in found.registrations:
            if await self.hasher.verify(registration.password_hash, password):
                return refuse(Code.EMAIL_NOT_VERIFIED, "registration not confirmed")
        return refuse(Code.INVALID_CREDENTIALS, "wrong password" if found.credential else "unknown user")

    async def _fresh_hash(self, found: _Found, password: Secret[str]) -> str | None:
        if found.credential is None or not self.hasher.is_outdated(found.credential.secret):
            return None
        return await self.hasher.hash(password)

    async def _admit(
        self, app: App, found: _Found, address: str, fresh_hash: str | None, origin: Origin, now_ms: int
    ) -> Opened:
        if found.identifier is None or found.credential is None:
            raise AssertionError
        user_id = found.identifier.user_id
        async with self.store.transaction(app.id) as tx:
            live = await tx.credentials.find_password(user_id)
            if live is None or live.id != found.credential.id:
                raise refuse(Code.INVALID_CREDENTIALS, "the password changed while it was verified")
            opened = await self.door.admit(tx, app, Authenticated(user_id, "password", now_ms), origin, now_ms)
            await tx.limits.forgive(PASSWORD_FAILURES.method, self.limiter.run_subject(app, address, found.device_id))
            await self.audit.attempt(tx, _tried(found, address, None, opened), origin, now_ms)
            if fresh_hash is not None and await tx.credentials.remove(found.credential.id, now_ms):
                event = Event(EventType.PASSWORD_REHASHED, origin, "system", None, user_id)
                event_id = await self.audit.record(tx, event, now_ms)
                rehashed = Credential(new_id(now_ms, self.entropy), user_id, fresh_hash)
                await tx.credentials.add_password(rehashed, event_id, now_ms)
        return opened

    async def _note_refusal(
        self, app: App, found: _Found, address: str, origin: Origin, now_ms: int, refusal: DomainError
    ) -> None:
        async with self.store.transaction(app.id) as tx:
            await self.audit.attempt(tx, _tried(found, address, refusal), origin, now_ms)


def _tried(found: _Found, address: str, refusal: DomainError | None, opened: Opened | None = None) -> Tried:
    user_id = found.identifier.user_id if found.identifier else None
    session_id = opened.session.id if opened else None
    return Tried(EventType.SIGN_IN_ATTEMPT, "password", address, user_id, session_id, refusal)


async def _find(tx: Tx, address: str, origin: Origin, now_ms: int) -> _Found:
    """Asks the same questions of an unknown address as of a known one."""
    identifier = await tx.identifiers.find(IdentifierKind.EMAIL, address)
    user_id = identifier.user_id if identifier else NOBODY
    credential = await tx.credentials.find_password(user_id)
    registrations = await tx.registrations.live(IdentifierKind.EMAIL, address, now_ms, REGISTRATIONS_TRIED)
    is_known = bool(origin.device_id) and await tx.sessions.knows_device(user_id, origin.device_id)
    return _Found(identifier, credential, registrations, origin.device_id if is_known else "")
