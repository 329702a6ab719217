"""Mails of the sign-in slice, each written in the transaction of the request it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.messages import templates
from vestibule.core.messages.model import MessageKind
from vestibule.core.messages.outbox import Post
from vestibule.core.signin.challenges import Challenges
from vestibule.core.signin.model import ChallengeDetail, Purpose
from vestibule.core.store import Tx
from vestibule.kernel.ids import AppId
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret

LinkUrl = Callable[[AppId, Purpose, Secret[str]], str]

KINDS = {
    Purpose.EMAIL_CONFIRM: MessageKind.VERIFY,
    Purpose.MAGIC_LINK: MessageKind.MAGIC_LINK,
    Purpose.RESET_PASSWORD: MessageKind.RESET,
    Purpose.CHANGE_EMAIL: MessageKind.CHANGE_EMAIL,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A mail with a one-time secret that somebody asked for."""

    purpose: Purpose
    subject: str
    """Who it is for: a user, a registration, or the digest of an address that nobody has."""
    email: str
    return_to: str = ""
    instead: MessageKind | None = None
    """The notice that goes out in its place, at the same cost, where there is nobody to sign in."""


@dataclass(frozen=True, slots=True)
class Mails:
    """Writes mails in the transaction of the fact they belong to."""

    post: Post
    challenges: Challenges
    link_url: LinkUrl

    async def one_time(self, tx: Tx, app: App, wish: Wish, origin: Origin, now_ms: int) -> str:
        """A link and a code to an address, or the notice instead; answers the challenge's id in either case."""
        detail = ChallengeDetail(
            door=origin.door,
            address=origin.address,
            agent=origin.agent.label,
            return_to=wish.return_to,
            email=wish.email,
        )
        issued = await self.challenges.mail(tx, app, wish.purpose, wish.subject, detail, now_ms)
        asked = _asked(app, wish.email, origin, now_ms)
        if wish.instead is not None:
            await self.post.write(tx, templates.notice(wish.instead, asked), now_ms)
            return issued.challenge.id
        secret = templates.OneTime(
            url=self.link_url(app.id, wish.purpose, issued.token),
            code=issued.code,
            expires_at_ms=issued.challenge.expires_at_ms,
            code_expires_at_ms=issued.challenge.code_expires_at_ms,
            challenge_id=issued.challenge.id,
        )
        message = templates.one_time(KINDS[wish.purpose], asked, secret)
        await self.post.write(tx, message, now_ms, issued.challenge.expires_at_ms)
        return issued.challenge.id

    async def notice(self, tx: Tx, app: App, kind: MessageKind, email: str, origin: Origin, now_ms: int) -> None:
        """A mail that tells of something that happened; a user without an address gets none."""
        if not email:
            return
        await self.post.write(tx, templates.notice(kind, _asked(app, email, origin, now_ms)), now_ms)


def _asked(app: App, email: str, origin: Origin, now_ms: int) -> templates.Asked:
    return templates.Asked(app.name, email, origin.agent.label, origin.address, now_ms)
