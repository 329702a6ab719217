"""The first operator: a user of the system app who comes in by a one-time link."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.model import Identifier, IdentifierKind, User, UserStatus
from vestibule.core.apps.apps import Apps
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.limiter import Limiter
from vestibule.core.guard.model import OPERATOR_SIGN_IN, Event, EventType
from vestibule.core.signin.challenges import token_digest
from vestibule.core.signin.door import Door, Opened
from vestibule.core.signin.model import Authenticated, Challenge, ChallengeDetail, Purpose
from vestibule.core.store import Store
from vestibule.kernel.clock import HOUR_MS, Clock
from vestibule.kernel.entropy import Entropy, fingerprint, text_of
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import SYSTEM_APP, TokenKind, UserId, new_id, new_token
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

LINK_LIFE_MS = 12 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Operators:
    """Operators come in through the same door as everybody else."""

    store: Store
    clock: Clock
    entropy: Entropy
    keys: KeyRing
    audit: Audit
    limiter: Limiter
    apps: Apps
    door: Door

    async def ensure(self, email: str, origin: Origin) -> UserId:
        """The operator of that address, made if there is none."""
        now_ms = self.clock.now_ms()
        await self.apps.ensure_system(origin)
        async with self.store.transaction(SYSTEM_APP) as tx:
            found = await tx.identifiers.find(IdentifierKind.EMAIL, email)
            if found is not None:
                return found.user_id
            user_id = UserId(new_id(now_ms, self.entropy))
            data_key = text_of(self.entropy.token_bytes(24))
            await tx.users.add(User(user_id, UserStatus.ACTIVE, {}, ("operator",), 1, data_key, now_ms, now_ms, now_ms))
            await tx.identifiers.add(
                Identifier(new_id(now_ms, self.entropy), user_id, IdentifierKind.EMAIL, email, now_ms, True, now_ms),
                "operator",
            )
            event = Event(EventType.USER_CREATED, origin, "system", None, user_id, personal={"email": email})
            await self.audit.record(tx, event, now_ms)
        return user_id

    async def link(self, user_id: UserId) -> Secret[str]:
        """A one-time link token; an older one dies."""
        now_ms = self.clock.now_ms()
        token = new_token(TokenKind.OPERATOR_LINK, SYSTEM_APP, self.entropy)
        async with self.store.transaction(SYSTEM_APP) as tx:
            await tx.challenges.supersede(Purpose.OPERATOR_LINK, user_id, now_ms)
            await tx.challenges.add(
                Challenge(
                    id=new_id(now_ms, self.entropy),
                    purpose=Purpose.OPERATOR_LINK,
                    subject=user_id,
                    recipient="",
                    digest=fingerprint(token.reveal()),
                    code_mac=None,
                    key_id=self.keys.current,
                    tries_left=0,
                    detail=ChallengeDetail(method="operator_link"),
                    created_at_ms=now_ms,
                    expires_at_ms=now_ms + LINK_LIFE_MS,
                    code_expires_at_ms=now_ms,
                )
            )
        return token

    async def come_in(self, token: str, origin: Origin) -> Opened:
        """Exchange a link for a session of the operator.

        Atomic: of concurrent callers exactly one succeeds.
        Raises: link_invalid, too_many_attempts.
        """
        now_ms = self.clock.now_ms()
        digest = token_digest(SYSTEM_APP, TokenKind.OPERATOR_LINK, token)
        if digest is None:
            raise refuse(Code.LINK_INVALID)
        app = await self.apps.get(SYSTEM_APP)
        async with self.store.transaction(SYSTEM_APP) as tx:
            refusal = await self.limiter.charge(tx, app, OPERATOR_SIGN_IN, origin, now_ms)
        if refusal is not None:
            raise refusal
        async with self.store.transaction(SYSTEM_APP) as tx:
            challenge = await tx.challenges.consume(digest, (Purpose.OPERATOR_LINK,), now_ms)
            if challenge is None:
                raise refuse(Code.LINK_INVALID)
            user_id = UserId(challenge.subject)
            event = Event(EventType.OPERATOR_LINK_USED, origin, "operator", user_id, user_id)
            await self.audit.record(tx, event, now_ms)
            proof = Authenticated(user_id, "operator_link", now_ms)
            return await self.door.admit(tx, app, proof, origin, now_ms)
