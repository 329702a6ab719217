"""Where the link of a mail lands. GET shows a page and changes nothing; the button's POST consumes."""

from __future__ import annotations

from starlette.responses import Response

from vestibule.core.signin.links import Peek
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.web import notices
from vestibule.web.flow import Flow, Frame, Message
from vestibule.web.flows import links
from vestibule.web.flows.fields import Errors
from vestibule.web.pages.entrance import WORDS, after_confirmation, send, to_app, with_query
from vestibule.web.pages.problems import field_errors, page_problem
from vestibule.web.pages.visit import Visit

# Status and text of a failure for the app, as the redirect contract says (protocol page, section 2.7).
_TOLD = {
    Code.LINK_INVALID: ("404", "The link is invalid."),
    Code.LINK_EXPIRED: ("400", "The link has expired."),
    Code.LINK_USED: ("400", "The link was used already."),
    Code.LINK_SUPERSEDED: ("400", "A newer link was sent."),
}


async def show(visit: Visit, path: str) -> Response:
    """GET …/auth/verify?key=&action=."""
    return visit.page(await _page(visit, path, visit.call.query_value("key") or ""))


async def press(visit: Visit, path: str) -> Response:
    """POST: confirm, send a new one, or the e-mail and code of a link that was cut."""
    key = visit.typed("key")
    try:
        if visit.do == "resend":
            await _send_again(visit, key)
            return visit.page(await _page(visit, path, key, notices.LINK_SENT))
        if visit.do == "verify":
            email, code = visit.typed("email").strip(), visit.typed("code").strip()
            if not email or not code:
                errors = {"email": notices.EMAIL_MISSING} if not email else {"code": notices.CODE_MISSING}
                return visit.page(await _page(visit, path, key, None, errors))
            confirmed = await visit.house.links.confirm_code(visit.app, _purpose(visit), email, code, visit.origin)
        else:
            confirmed = await visit.house.links.confirm(visit.app, key, visit.origin)
    except DomainError as error:
        if error.code in _TOLD and visit.do != "verify":
            return visit.page(await _page(visit, path, key))
        problem = page_problem(error, visit.house.clock.now_ms())
        return visit.page(await _page(visit, path, key, problem, field_errors(error)))
    url = visit.app.policy.redirect_url
    if confirmed.door == "pages" or not url:
        return await after_confirmation(visit, confirmed)
    return visit.goto(to_app(url, confirmed.purpose, confirmed.token))


async def _send_again(visit: Visit, key: str) -> None:
    """To the address the link was for; with no such link, to the one that was typed."""
    if visit.typed("email").strip():
        await send(visit, _purpose(visit), visit.typed("email"))
    else:
        await visit.house.links.send_again(visit.app, key, visit.origin)


async def _page(
    visit: Visit, path: str, key: str, problem: Message | None = None, errors: Errors | None = None
) -> Flow:
    try:
        peek = await visit.house.links.peek(visit.app, key)
    except DomainError as error:
        frame = _frame(visit, path, key, _purpose(visit), error)
        return links.link_malformed(frame, visit.typed("email"), problem, errors or {})
    frame = _frame(visit, path, key, peek.purpose, peek.refusal)
    if peek.refusal is not None:
        return _dead(visit, frame, peek, problem)
    asked = links.LinkRequest(
        peek.detail.email, peek.detail.agent, peek.detail.address, peek.asked_at_ms, peek.expires_at_ms
    )
    return links.link_landing(frame, WORDS[peek.purpose], asked)


def _dead(visit: Visit, frame: Frame, peek: Peek, problem: Message | None) -> Flow:
    code_href = visit.href(f"/code?action={peek.purpose}")
    refusal = peek.refusal or refuse(Code.LINK_INVALID)
    at_ms = int(refusal.fields.get("at_ms", peek.asked_at_ms))
    if refusal.code is Code.LINK_USED:
        return links.link_used(frame, at_ms, code_href, visit.href("/sign-in"), visit.href("/recovery"), problem)
    if refusal.code is Code.LINK_SUPERSEDED:
        return links.link_superseded(frame, at_ms, code_href, problem)
    return links.link_expired(frame, at_ms, code_href, problem)


def _frame(visit: Visit, path: str, key: str, purpose: Purpose, refusal: DomainError | None) -> Frame:
    """The form carries the key; "Back to {app}" tells the app what happened."""
    home: str | None = None
    url = visit.app.policy.redirect_url
    if refusal is not None and url:
        status, text = _TOLD[refusal.code]
        home = with_query(url, {"status": status, "action": purpose.value, "error": text})
    return visit.frame(path, hidden={"key": key, "action": purpose.value}, home=home)


def _purpose(visit: Visit) -> Purpose:
    """What the address says the link was for; used only where the link itself cannot be read."""
    said = visit.typed("action") or visit.call.query_value("action") or ""
    return next((purpose for purpose in WORDS if purpose.value == said), Purpose.EMAIL_CONFIRM)
