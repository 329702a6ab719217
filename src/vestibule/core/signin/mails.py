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
class Mails:
    """Writes a mail with its one-time secret, or a notice at the same cost."""

    post: Post
    challenges: Challenges
    link_url: LinkUrl

    async def one_time(
        self,
        tx: Tx,
        app: App,
        purpose: Purpose,
        subject: str,
        email: str,
        origin: Origin,
        now_ms: int,
        *,
        return_to: str = "",
        instead: MessageKind | None = None,
    ) -> None:
        """A link and a code to an address; `instead` sends a notice, so that both cases do the same work."""
        detail = ChallengeDetail(
            door=origin.door,
            address=origin.address,
            agent=origin.agent.label,
            return_to=return_to,
            email=email,
        )
        issued = await self.challenges.mail(tx, app, purpose, subject, email, detail, now_ms)
        asked = _asked(app, email, origin, now_ms)
        if instead is not None:
            await self.post.write(tx, templates.notice(instead, asked), now_ms)
            return
        secret = templates.OneTime(
            url=self.link_url(app.id, purpose, issued.token),
            code=issued.code,
            expires_at_ms=issued.challenge.expires_at_ms,
            code_expires_at_ms=issued.challenge.code_expires_at_ms,
            challenge_id=issued.challenge.id,
        )
        message = templates.one_time(KINDS[purpose], asked, secret)
        await self.post.write(tx, message, now_ms, issued.challenge.expires_at_ms)

    async def notice(
        self, tx: Tx, app: App, kind: MessageKind, email: str, origin: Origin, now_ms: int
    ) -> None:
        """A mail that tells of something that happened."""
        await self.post.write(tx, templates.notice(kind, _asked(app, email, origin, now_ms)), now_ms)


def _asked(app: App, email: str, origin: Origin, now_ms: int) -> templates.Asked:
    return templates.Asked(app.name, email, origin.agent.label, origin.address, now_ms)
