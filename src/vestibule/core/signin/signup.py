"""Sign-up: a registration until its address is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts import fields
from vestibule.core.accounts.identifiers import normal_email
from vestibule.core.accounts.model import (
    Credential,
    Identifier,
    IdentifierKind,
    Person,
    Profile,
    Registration,
    User,
    UserStatus,
    name_of,
)
from vestibule.core.accounts.passwords import PasswordRules
from vestibule.core.accounts.people import find_namesake, take_name
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import SEND, SIGN_UP, Event, EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.door import Door, Opened
from vestibule.core.signin.mails import Mails, Wish
from vestibule.core.signin.model import Authenticated, Purpose
from vestibule.core.signin.ports import Hasher
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.errors import Code, all_of, refuse
from vestibule.kernel.ids import UserId, new_id
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person typed to sign up."""

    email: str
    password: Secret[str]
    values: dict[str, object]
    return_to: str = ""


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The future user as its own data describes it; a session only where no confirmation is asked."""

    person: Person
    opened: Opened | None
    challenge_id: str = ""
    """What the browser that signed up waits for: its code, and nobody else's for the same address."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """Makes registrations, and users out of them."""

    store: Store
    clock: Clock
    entropy: Entropy
    audit: Audit
    limiter: Limiter
    hasher: Hasher
    passwords: PasswordRules
    mails: Mails
    door: Door

    async def sign_up(self, app: App, wanted: Wanted, origin: Origin) -> SignedUp:
        """Ask for an account. With confirmation on, a taken address answers exactly as a fresh one.

        Raises: email_invalid, password_too_short, password_too_long, password_common, password_similar,
            password_is_email, field_protected, field_unknown, field_invalid, feature_off, email_taken,
            too_many_attempts, overloaded.
        """
        if not app.policy.sign_up_open:
            raise refuse(Code.FEATURE_OFF, field="signup")
        now_ms = self.clock.now_ms()
        email, profile = self._checked(app, wanted)
        await self._charge(app, email, origin, now_ms)
        password_hash = await self.hasher.hash(wanted.password)
        registration = Registration(
            id=new_id(now_ms, self.entropy),
            user_id=UserId(new_id(now_ms, self.entropy)),
            kind=IdentifierKind.EMAIL,
            value=email,
            password_hash=password_hash,
            profile=profile,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + app.policy.confirm_ms,
        )
        if app.policy.confirm_email:
            return await self._register(app, registration, wanted.return_to, origin, now_ms)
        return await self._create_at_once(app, registration, origin, now_ms)

    def _checked(self, app: App, wanted: Wanted) -> tuple[str, Profile]:
        profile, problems = fields.first_profile(wanted.values, app.policy)
        email = normal_email(wanted.email)
        name = name_of(profile)
        if email is None:
            problems.insert(0, refuse(Code.EMAIL_INVALID, field="email"))
        if name is not None and normal_email(wanted.password.reveal()) is not None:
            problems.append(refuse(Code.PASSWORD_IS_EMAIL, field="password"))
        else:
            problems += self.passwords.problems(app, wanted.password, email or "", name or "")
        refusal = all_of(problems)
        if refusal is not None or email is None:
            raise refusal or refuse(Code.EMAIL_INVALID, field="email")
        return email, profile

    async def _charge(self, app: App, email: str, origin: Origin, now_ms: int) -> None:
        rules = (*SIGN_UP, *SEND) if app.policy.confirm_email else SIGN_UP
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(
                tx, app, rules, origin, now_ms, destination=email, purpose=Purpose.EMAIL_CONFIRM
            )
        if refusal is not None:
            raise refusal

    async def _register(
        self, app: App, registration: Registration, return_to: str, origin: Origin, now_ms: int
    ) -> SignedUp:
        email, challenge_id = registration.value, ""
        async with self.store.transaction(app.id) as tx:
            taken = await tx.identifiers.find(IdentifierKind.EMAIL, email)
            if taken is None or not app.policy.reveal_taken_email:
                await tx.registrations.add(registration)
                instead = MessageKind.ACCOUNT_EXISTS if taken else None
                wish = Wish(Purpose.EMAIL_CONFIRM, registration.id, email, return_to, instead)
                challenge_id = await self.mails.one_time(tx, app, wish, origin, now_ms)
            await self.audit.attempt(tx, _tried(email, is_taken=taken is not None), origin, now_ms)
        if taken is not None and app.policy.reveal_taken_email:
            raise refuse(Code.EMAIL_TAKEN, field="email", value=email)
        person = Person(_future_user(registration, ""), email, is_email_verified=False)
        return SignedUp(person, None, challenge_id)

    async def _create_at_once(self, app: App, registration: Registration, origin: Origin, now_ms: int) -> SignedUp:
        opened: Opened | None = None
        async with self.store.transaction(app.id) as tx:
            is_free = await find_namesake(tx, registration.value) is None
            created = is_free and await self.create_user(tx, registration, "", origin, now_ms)
            await self.audit.attempt(tx, _tried(registration.value, is_taken=not created), origin, now_ms)
            if created:
                proof = Authenticated(registration.user_id, "password", now_ms)
                opened = await self.door.admit(tx, app, proof, origin, now_ms)
        if opened is None:
            raise refuse(Code.EMAIL_TAKEN, field="email", value=registration.value)
        return SignedUp(opened.person, opened)

    async def create_user(
        self, tx: Tx, registration: Registration, verified_how: str, origin: Origin, now_ms: int
    ) -> bool:
        """Turn a registration into the user it promised and end its rivals. False when the address is taken."""
        user_id = registration.user_id
        identifier = Identifier(
            id=new_id(now_ms, self.entropy),
            user_id=user_id,
            kind=registration.kind,
            value=registration.value,
            verified_at_ms=now_ms if verified_how else None,
            is_primary=True,
            added_at_ms=now_ms,
        )
        if not await tx.identifiers.add(identifier, verified_how):
            return False
        if verified_how:
            await take_name(tx, self.audit, registration.value, user_id, origin, now_ms)
        await tx.users.add(_future_user(registration, text_of(self.entropy.token_bytes(24))))
        await tx.registrations.end_all(registration.kind, registration.value, now_ms)
        event = Event(
            EventType.USER_CREATED,
            origin,
            "user",
            user_id,
            user_id,
            payload={"verified_how": verified_how},
            personal={"email": registration.value},
        )
        event_id = await self.audit.record(tx, event, now_ms)
        credential = Credential(new_id(now_ms, self.entropy), user_id, registration.password_hash)
        await tx.credentials.add_password(credential, event_id, now_ms)
        return True


def _tried(email: str, *, is_taken: bool) -> Tried:
    refusal = refuse(Code.EMAIL_TAKEN, "taken") if is_taken else None
    return Tried(EventType.SIGN_UP_ATTEMPT, "password", email, refusal=refusal)


def _future_user(registration: Registration, data_key: str) -> User:
    at_ms = registration.created_at_ms
    return User(registration.user_id, UserStatus.ACTIVE, registration.profile, (), 1, data_key, at_ms, at_ms, at_ms)
