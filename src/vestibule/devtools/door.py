"""The pages and the API of the development inbox, at /dev. No CORS, and nothing without the token of this start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from vestibule.core.house import House
from vestibule.devtools.inbox import Inbox, InboxMail, as_json, state_of
from vestibule.gate import Call
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import DomainError
from vestibule.kernel.secret import Secret
from vestibule.web import desk
from vestibule.web.headers import INBOX_MESSAGE, MAIL, PAGE
from vestibule.web.render import render_inbox, render_inbox_message

LONGEST_WAIT_S = 60.0
HEARTBEAT_S = 15.0


@dataclass(frozen=True, slots=True)
class DevDoor:
    """Answers /dev/inbox."""

    house: House
    inbox: Inbox
    token: Secret[str]

    async def answer(self, call: Call) -> Response:
        """The answer to one request."""
        if Secret(call.query_value("token") or "") != self.token:
            return _plain(403, "The inbox needs the address that `vestibule dev` printed.")
        match call.path.strip("/").split("/")[1:]:
            case ["inbox"]:
                return await self._inbox(call)
            case ["inbox", "latest"]:
                return await self._latest(call)
            case ["inbox", "events"]:
                return StreamingResponse(self._events(), media_type="text/event-stream", headers=PAGE)
            case ["inbox", mail_id, *rest] if (mail := self.inbox.find(mail_id)) and rest in ([], ["html"]):
                return HTMLResponse(mail.html, headers=MAIL) if rest else await self._message(mail)
            case _:
                return _plain(404, "There is no such page.")

    async def failed(self, call: Call, error: Exception) -> Response:
        """A failure, in plain words."""
        reason = error.code.value if isinstance(error, DomainError) else f"fault {call.request_id}"
        return _plain(500, reason)

    async def _inbox(self, call: Call) -> Response:
        if call.method in {"GET", "HEAD"}:
            return await self._list()
        await call.discard()
        self.inbox.empty()
        if call.method == "DELETE":
            return Response(status_code=204, headers=PAGE)
        return RedirectResponse(self._href("/dev/inbox"), 303, headers=PAGE)

    async def _list(self) -> Response:
        rows = [await self._row(mail) for mail in self.inbox.mails()]
        apps = await self.house.apps.list()
        sign_up = f"{self.house.env_url(apps[0].id)}/sign-up" if apps else "/sign-up"
        name = apps[0].name if apps else "Vestibule"
        page = desk.Inbox(name, rows, self._href("/dev/inbox"), self._href("/dev/inbox/events"), sign_up)
        return HTMLResponse(render_inbox(page), headers=PAGE)

    async def _message(self, mail: InboxMail) -> Response:
        page = desk.InboxMessage(
            row=await self._row(mail),
            back_href=self._href("/dev/inbox"),
            html_href=self._href(f"/dev/inbox/{mail.id}/html"),
            text=mail.text,
            links=[mail.link] if mail.link else [],
            source=mail.html,
        )
        return HTMLResponse(render_inbox_message(page), headers=INBOX_MESSAGE)

    async def _latest(self, call: Call) -> Response:
        query = {name: values[-1] for name, values in parse_qs(call.query.replace("+", "%2B")).items()}
        try:
            wait_s = min(float(query.get("wait", "0")), LONGEST_WAIT_S)
        except ValueError:
            wait_s = 0.0
        mail = await self.inbox.wait(
            query.get("to", ""), query.get("kind", ""), query.get("after", ""), max(wait_s, 0.001)
        )
        if mail is None:
            return JSONResponse({"error": "timeout"}, 408, headers=PAGE)
        body = as_json(mail, await state_of(self.house, mail), iso(mail.at_ms), iso(mail.expires_at_ms))
        return Response(body, media_type="application/json", headers=PAGE)

    async def _events(self) -> AsyncIterator[str]:
        """New mails as they come, for the list in a browser."""
        seen = {mail.id for mail in self.inbox.mails()}
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self.inbox.news()
            except TimeoutError:
                yield ": still here\n\n"
            for mail in reversed(self.inbox.mails()):
                if mail.id not in seen:
                    seen.add(mail.id)
                    yield f"data: {desk.inbox_event(await self._row(mail))}\n\n"

    async def _row(self, mail: InboxMail) -> desk.InboxRow:
        state = await state_of(self.house, mail)
        return desk.InboxRow(
            id=mail.id,
            href=self._href(f"/dev/inbox/{mail.id}"),
            to=mail.recipient,
            kind=mail.kind,
            subject=mail.subject,
            at_ms=mail.at_ms,
            code=mail.code,
            state=state,  # type: ignore[arg-type]  # state_of answers the four words or None
            expires_ms=mail.expires_at_ms if mail.challenge_id else None,
        )

    def _href(self, path: str) -> str:
        return f"{path}?token={quote(self.token.reveal())}"


def _plain(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, headers=PAGE, media_type="text/plain")
