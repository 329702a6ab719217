"""Asking for mailed links and codes, and confirming them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vestibule.core.accounts.identifiers import normal_email
from vestibule.core.accounts.model import Identifier, IdentifierKind
from vestibule.core.accounts.people import take_name
from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit, Tried
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import CODE, CODE_FAILURES, LINK, SEND, Event, EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.challenges import Challenges, refusal_of, token_digest
from vestibule.core.signin.changes import Changes
from vestibule.core.signin.mails import Mails, Wish
from vestibule.core.signin.model import MAILED, Challenge, ChallengeDetail, Purpose
from vestibule.core.signin.password import REGISTRATIONS_TRIED
from vestibule.core.signin.signup import SignUp
from vestibule.core.store import Store, Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import TokenKind, UserId
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Peek:
    """What a link's page may show before anybody has confirmed anything."""

    purpose: Purpose
    detail: ChallengeDetail
    asked_at_ms: int
    expires_at_ms: int
    refusal: DomainError | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmed link or code leads to: an access token for the app, except after a change of address."""

    purpose: Purpose
    token: Secret[str] | None
    email: str
    door: str
    return_to: str


@dataclass(frozen=True, slots=True)
class Links:
    """Links and codes by mail. What is asked for an unknown address costs and answers as for a known one."""

    store: Store
    clock: Clock
    audit: Audit
    limiter: Limiter
    challenges: Challenges
    mails: Mails
    sign_up: SignUp
    changes: Changes

    async def send(
        self, app: App, purpose: Purpose, email: str, origin: Origin, *, return_to: str = "", again: str = ""
    ) -> str:
        """Mail a link and a code: a new confirmation, a magic link or a reset. Always one mail, whoever is behind it.

        `again` is the challenge that a flow waits for: the new one takes its place. Answers the new one's id.

        Raises: email_invalid, feature_off, too_many_attempts.
        """
        if app.is_system or (purpose is Purpose.EMAIL_CONFIRM and not app.policy.confirm_email):
            raise refuse(Code.FEATURE_OFF, field="email")  # operators come in by their own link only
        address = normal_email(email)
        if address is None:
            raise refuse(Code.EMAIL_INVALID, field="email")
        now_ms, challenge_id = self.clock.now_ms(), ""
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, SEND, origin, now_ms, destination=address, purpose=purpose)
            if refusal is None:
                before = await tx.challenges.find_by_id(again)
                subject, instead = await self._behind(
                    tx, purpose, address, now_ms, before.subject if before is not None else ""
                )
                subject = subject or self.challenges.recipient(app.id, address)
                wish = Wish(purpose, subject, address, return_to, instead)
                challenge_id = await self.mails.one_time(tx, app, wish, origin, now_ms)
                await self._asked(tx, app, purpose, address, origin, now_ms)
        if refusal is not None:
            raise refusal
        return challenge_id

    async def send_again(self, app: App, token: str, origin: Origin) -> None:
        """Mail what an old link was about once more, to the same address: nobody types it again.

        Raises: link_invalid, too_many_attempts.
        """
        challenge = await self._find(app, token)
        if challenge is None:
            raise refuse(Code.LINK_INVALID)
        detail = challenge.detail
        origin = replace(origin, door=detail.door)  # it leads where the old one would have led
        if challenge.purpose is Purpose.CHANGE_EMAIL:
            refusal = refusal_of(challenge, self.clock.now_ms())
            if refusal is None or refusal.code is not Code.LINK_EXPIRED:
                # Used, or made void by a later change: only the signed-in user may ask again.
                raise refuse(Code.LINK_INVALID)
            await self.changes.ask_email(app, UserId(challenge.subject), detail.email, origin)
        else:
            await self.send(app, challenge.purpose, detail.email, origin, return_to=detail.return_to)

    async def _behind(
        self, tx: Tx, purpose: Purpose, address: str, now_ms: int, wanted: str
    ) -> tuple[str, MessageKind | None]:
        """Who a mail is for, or the notice to send instead. Reads the same rows in every case."""
        identifier = await tx.identifiers.find(IdentifierKind.EMAIL, address)
        registrations = await tx.registrations.live(IdentifierKind.EMAIL, address, now_ms, REGISTRATIONS_TRIED)
        is_verified = identifier is not None and identifier.verified_at_ms is not None
        if purpose is not Purpose.EMAIL_CONFIRM:
            # A reset proves the address by itself and ends what a squatter may hold; a magic link would let one stay.
            if identifier is not None and (is_verified or purpose is Purpose.RESET_PASSWORD):
                return identifier.user_id, None
            return "", MessageKind.NO_ACCOUNT
        if is_verified:
            return "", MessageKind.ACCOUNT_EXISTS
        if identifier is not None:
            return identifier.user_id, None
        own = [each.id for each in registrations if each.id == wanted] or [each.id for each in registrations]
        return (own[0], None) if own else ("", MessageKind.NO_ACCOUNT)

    async def _asked(self, tx: Tx, app: App, purpose: Purpose, address: str, origin: Origin, now_ms: int) -> None:
        event = Event(
            EventType.MESSAGE_ASKED,
            origin,
            "anonymous",
            payload={"purpose": purpose.value, "identifier": self.audit.identifier_digest(app.id, address)},
            personal={"identifier": address},
        )
        await self.audit.record(tx, event, now_ms)

    async def peek(self, app: App, token: str) -> Peek:
        """What a link is about and whether it still works; changes nothing (mail scanners open links).

        Raises: link_invalid.
        """
        challenge = await self._find(app, token)
        if challenge is None:
            raise refuse(Code.LINK_INVALID)
        return Peek(
            challenge.purpose,
            challenge.detail,
            challenge.created_at_ms,
            challenge.expires_at_ms,
            refusal_of(challenge, self.clock.now_ms()),
        )

    async def _find(self, app: App, token: str) -> Challenge | None:
        digest = token_digest(app.id, TokenKind.LINK, token)
        challenge = await self.store.reading(app.id).challenges.find(digest) if digest else None
        return challenge if challenge is not None and challenge.purpose in MAILED else None

    async def confirm(self, app: App, token: str, origin: Origin) -> Confirmed:
        """Use a link.

        Atomic: of concurrent callers exactly one succeeds.
        Raises: link_invalid, link_expired, link_used, link_superseded, too_many_attempts.
        """
        now_ms = self.clock.now_ms()
        digest = token_digest(app.id, TokenKind.LINK, token)
        confirmed: Confirmed | DomainError
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, LINK, origin, now_ms)
            challenge = None
            if refusal is None and digest is not None:
                challenge = await tx.challenges.consume(digest, MAILED, now_ms)
            if refusal is not None:
                confirmed = refusal
            elif challenge is None:
                found = await tx.challenges.find(digest) if digest else None
                confirmed = refusal_of(found, now_ms) or refuse(Code.LINK_INVALID)
                address = found.detail.email if found else ""
                tried = Tried(EventType.SIGN_IN_ATTEMPT, "email_link", address, refusal=confirmed)
                await self.audit.attempt(tx, tried, origin, now_ms)
            else:
                confirmed = await self._effect(tx, app, challenge, "email_link", origin, now_ms)
        if isinstance(confirmed, DomainError):
            raise confirmed
        return confirmed

    async def confirm_code(
        self, app: App, purpose: Purpose, email: str, code: str, origin: Origin, challenge_id: str = ""
    ) -> Confirmed:
        """Use the code of a mail: of the one this flow waits for, or of the newest for people whose link was cut.

        Atomic: the try is counted before the code is compared; of concurrent right codes exactly one succeeds.
        Raises: code_wrong, link_superseded, too_many_attempts.
        """
        now_ms = self.clock.now_ms()
        address = normal_email(email) or email.strip().casefold()[:254]
        confirmed: Confirmed | DomainError
        async with self.store.transaction(app.id) as tx:
            refusal = await self.limiter.charge(tx, app, CODE, origin, now_ms, destination=address)
            refusal = refusal or await self.limiter.charge_failure(tx, app, CODE_FAILURES, address, now_ms)
            proven: Challenge | DomainError = refusal or await self.challenges.prove_code(
                tx, app, purpose, address, code, now_ms, challenge_id
            )
            if isinstance(proven, DomainError):
                confirmed = proven
                if refusal is None:
                    tried = Tried(EventType.SIGN_IN_ATTEMPT, "email_code", address, refusal=proven)
                    await self.audit.attempt(tx, tried, origin, now_ms)
            else:
                confirmed = await self._effect(tx, app, proven, "email_code", origin, now_ms)
        if isinstance(confirmed, DomainError):
            raise confirmed
        return confirmed

    async def _effect(
        self, tx: Tx, app: App, challenge: Challenge, method: str, origin: Origin, now_ms: int
    ) -> Confirmed | DomainError:
        """What a consumed challenge does; refusals are returned, because the challenge stays consumed."""
        user_id = await self._resolve(tx, app, challenge, origin, now_ms)
        if user_id is None:
            return refuse(Code.LINK_SUPERSEDED, "nobody is behind it any more")
        await self._confirmed(tx, user_id, challenge, method, origin, now_ms)
        run = self.limiter.run_subject(app, challenge.detail.email)
        await tx.limits.forgive(CODE_FAILURES.method, run)
        token: Secret[str] | None = None
        if challenge.purpose is Purpose.RESET_PASSWORD:
            token = (
                await self.challenges.grant(
                    tx, app, Purpose.RESET_GRANT, user_id, ChallengeDetail(email=challenge.detail.email), now_ms
                )
            ).token
        elif challenge.purpose is not Purpose.CHANGE_EMAIL:
            token = (
                await self.challenges.grant(tx, app, Purpose.GRANT, user_id, ChallengeDetail(method=method), now_ms)
            ).token
        detail = challenge.detail
        return Confirmed(challenge.purpose, token, detail.email, detail.door, detail.return_to)

    async def _resolve(self, tx: Tx, app: App, challenge: Challenge, origin: Origin, now_ms: int) -> UserId | None:
        """The user a challenge is for, made or changed on the way."""
        subject = UserId(challenge.subject)
        if challenge.purpose is Purpose.CHANGE_EMAIL:
            done = await self.changes.apply_email(tx, app, subject, challenge.detail.email, origin, now_ms)
            return subject if done else None
        registration = await tx.registrations.find(challenge.subject, now_ms)
        if registration is not None and challenge.purpose is Purpose.EMAIL_CONFIRM:
            made = await self.sign_up.create_user(tx, registration, "email", origin, now_ms)
            return registration.user_id if made else None
        if challenge.purpose is Purpose.RESET_PASSWORD and not challenge.detail.email:
            return subject  # handed over by an operator: it proves no address
        identifier = await tx.identifiers.primary(subject, IdentifierKind.EMAIL)
        if identifier is None or identifier.value != challenge.detail.email:
            return None
        if challenge.purpose is not Purpose.MAGIC_LINK and identifier.verified_at_ms is None:
            # Whoever made this user without owning the address loses the way in that they chose.
            await self.changes.evict(tx, subject, origin, now_ms)
            await self._verify(tx, identifier, origin, now_ms)
        return subject

    async def _verify(self, tx: Tx, identifier: Identifier, origin: Origin, now_ms: int) -> None:
        if await tx.identifiers.verify(identifier.id, "email", now_ms):
            user_id = identifier.user_id
            await take_name(tx, self.audit, identifier.value, user_id, origin, now_ms)
            await self.audit.record(tx, Event(EventType.EMAIL_VERIFIED, origin, "user", user_id, user_id), now_ms)

    async def _confirmed(
        self, tx: Tx, user_id: UserId, challenge: Challenge, method: str, origin: Origin, now_ms: int
    ) -> None:
        event = Event(
            EventType.LINK_CONFIRMED,
            origin,
            "user",
            user_id,
            user_id,
            payload={"purpose": challenge.purpose.value, "method": method},
        )
        await self.audit.record(tx, event, now_ms)
