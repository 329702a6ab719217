"""Making and redeeming one-time secrets: links, codes, access tokens of redirects."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.signin.model import Challenge, ChallengeDetail, Purpose
from vestibule.core.store import Tx
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy, fingerprint
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import AppId, TokenKind, new_id, new_token, read_token
from vestibule.kernel.keys import KeyRing
from vestibule.kernel.secret import Secret

CODE_DIGITS = 6

LIFETIMES = {
    Purpose.EMAIL_CONFIRM: "confirm_ms",
    Purpose.MAGIC_LINK: "magic_link_ms",
    Purpose.RESET_PASSWORD: "reset_ms",
    Purpose.CHANGE_EMAIL: "confirm_ms",
    Purpose.GRANT: "grant_ms",
    Purpose.RESET_GRANT: "reset_grant_ms",
}
"""Purpose -> the field of the policy that holds its lifetime."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh one-time secret, the only moment its token and code are known."""

    challenge: Challenge
    token: Secret[str]
    code: str


@dataclass(frozen=True, slots=True)
class Challenges:
    """Gives challenges their secrets and judges what comes back."""

    clock: Clock
    entropy: Entropy
    keys: KeyRing

    async def mail(
        self, tx: Tx, app: App, purpose: Purpose, subject: str, detail: ChallengeDetail, now_ms: int
    ) -> Issued:
        """A link and a code for a mail to `detail.email`; older ones of the same purpose and subject die.

        Without an address it is a link alone: nobody could be asked for the code.
        """
        await tx.challenges.supersede(purpose, subject, now_ms)
        token = new_token(TokenKind.LINK, app.id, self.entropy)
        code = self.entropy.digits(CODE_DIGITS)
        challenge_id = new_id(now_ms, self.entropy)
        expires_at_ms = now_ms + getattr(app.policy, LIFETIMES[purpose])
        challenge = Challenge(
            id=challenge_id,
            purpose=purpose,
            subject=subject,
            recipient=self.recipient(app.id, detail.email),
            digest=fingerprint(token.reveal()),
            code_mac=self._code_mac(app.id, challenge_id, purpose, code, self.keys.current) if detail.email else None,
            key_id=self.keys.current,
            tries_left=app.policy.code_tries,
            detail=detail,
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
            code_expires_at_ms=min(expires_at_ms, now_ms + app.policy.code_ms),
        )
        await tx.challenges.add(challenge)
        return Issued(challenge, token, code)

    async def grant(
        self, tx: Tx, app: App, purpose: Purpose, subject: str, detail: ChallengeDetail, now_ms: int
    ) -> Issued:
        """An access token that an app's redirect carries."""
        token = new_token(TokenKind.GRANT, app.id, self.entropy)
        expires_at_ms = now_ms + getattr(app.policy, LIFETIMES[purpose])
        challenge = Challenge(
            id=new_id(now_ms, self.entropy),
            purpose=purpose,
            subject=subject,
            recipient="",
            digest=fingerprint(token.reveal()),
            code_mac=None,
            key_id=self.keys.current,
            tries_left=0,
            detail=detail,
            created_at_ms=now_ms,
            expires_at_ms=expires_at_ms,
            code_expires_at_ms=now_ms,
        )
        await tx.challenges.add(challenge)
        return Issued(challenge, token, "")

    async def prove_code(
        self, tx: Tx, app: App, purpose: Purpose, email: str, code: str, now_ms: int, challenge_id: str = ""
    ) -> Challenge | DomainError:
        """Judge a typed code: the try is paid before it is compared, and stays paid. Refuses without raising."""
        recipient = self.recipient(app.id, email)
        challenge = await tx.challenges.charge_code(purpose, recipient, now_ms, challenge_id)
        if challenge is None or challenge.code_mac is None:
            return refuse(Code.CODE_WRONG, "no live code, or no tries left")
        typed = "".join(code.split()).replace("-", "")
        try:
            mac = self._code_mac(app.id, challenge.id, purpose, typed, challenge.key_id)
        except ValueError:
            return refuse(Code.CODE_WRONG, "its key has left the ring")
        if not hmac.compare_digest(mac, challenge.code_mac):
            return refuse(Code.CODE_WRONG, "wrong code", tries_left=challenge.tries_left)
        if not await tx.challenges.consume_by_id(challenge.id, now_ms):
            return refuse(Code.CODE_WRONG, "used a moment ago")
        return challenge

    def recipient(self, app_id: AppId, email: str) -> str:
        """What a challenge remembers of an address; of none, nothing."""
        if not email:
            return ""
        return self.keys.mac(app_id, "recipient", email, self.keys.lookup).hex()

    def _code_mac(self, app_id: AppId, challenge_id: str, purpose: Purpose, code: str, key_id: str) -> str:
        return self.keys.mac(app_id, "code", f"{challenge_id}:{purpose}:{code}", key_id).hex()


def token_digest(app_id: AppId, kind: TokenKind, token: str) -> str | None:
    """The stored form of a token of this kind and app; None for anything else."""
    parts = read_token(token)
    if parts is None or parts.kind is not kind or parts.app_id != app_id:
        return None
    return fingerprint(token)


def refusal_of(challenge: Challenge | None, now_ms: int) -> DomainError | None:
    """Why a link does not work, or None when it does."""
    if challenge is None:
        return refuse(Code.LINK_INVALID)
    if challenge.consumed_at_ms is not None:
        return refuse(Code.LINK_USED, at_ms=challenge.consumed_at_ms)
    if challenge.superseded_at_ms is not None:
        return refuse(Code.LINK_SUPERSEDED)
    if challenge.expires_at_ms <= now_ms:
        return refuse(Code.LINK_EXPIRED, at_ms=challenge.expires_at_ms)
    return None
