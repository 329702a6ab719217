"""Sign in, create an account, enter a code."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from vestibule.core.signin.links import Confirmed
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.secret import Secret
from vestibule.web import notices
from vestibule.web.flow import Message
from vestibule.web.flows import entrance, leaving, trouble
from vestibule.web.flows.fields import Errors
from vestibule.web.flows.fields import Purpose as Word
from vestibule.web.pages.problems import field_errors, page_problem
from vestibule.web.pages.visit import RESET_LIFE_S, Visit

WORDS: dict[Purpose, Word] = {
    Purpose.EMAIL_CONFIRM: "verify",
    Purpose.MAGIC_LINK: "magic-link",
    Purpose.RESET_PASSWORD: "reset",
    Purpose.CHANGE_EMAIL: "change-email",
}
NOTICES = {
    "password-changed": notices.PASSWORD_CHANGED,
    "email-confirmed": notices.EMAIL_CONFIRMED,
    "email-changed": notices.EMAIL_CHANGED,
}


async def show_sign_in(visit: Visit) -> Response:
    """GET /sign-in."""
    if (current := await visit.current()) is not None:
        return visit.page(leaving.signed_in(visit.frame("/signed-in"), current.person.email))
    notice = NOTICES.get(visit.call.query_value("notice") or "")
    return _sign_in_page(visit, visit.state.get("email", ""), notice)


async def sign_in(visit: Visit) -> Response:
    """POST /sign-in: the password, or a code by mail instead."""
    email = visit.typed("identifier").strip()
    errors = {} if email else {"identifier": notices.EMAIL_MISSING}
    if visit.do == "sign-in" and not visit.typed("password"):
        errors["password"] = notices.PASSWORD_MISSING
    if errors:
        return _sign_in_page(visit, email, None, errors)
    try:
        if visit.do == "send-code":
            return await _send_code(visit, Purpose.MAGIC_LINK, email)
        opened = await visit.house.password_sign_in.sign_in(visit.app, email, visit.secret("password"), visit.origin)
    except DomainError as error:
        if error.code is Code.EMAIL_INVALID:
            return _sign_in_page(visit, email, None, {"identifier": notices.EMAIL_INVALID})
        if error.code is Code.EMAIL_NOT_VERIFIED:
            purpose = Purpose.EMAIL_CONFIRM
            await visit.carry("sign-up", email=email, purpose=purpose, challenge="", return_to=visit.return_to)
            return visit.goto(visit.href("/code"))
        return _sign_in_page(visit, email, page_problem(error, visit.house.clock.now_ms()))
    await visit.come_in(opened)
    return await _onward(visit, opened.token)


async def show_sign_up(visit: Visit) -> Response:
    """GET /sign-up."""
    return _sign_up_page(visit, None, {})


async def sign_up(visit: Visit) -> Response:
    """POST /sign-up: a fresh and a taken address lead to the same next page."""
    email = visit.typed("email").strip()
    errors: dict[str, Message] = {}
    if not email:
        errors["email"] = notices.EMAIL_MISSING
    if not visit.typed("password"):
        errors["password"] = notices.PASSWORD_MISSING
    if errors:
        return _sign_up_page(visit, None, errors)
    name = visit.typed("name").strip()
    values: dict[str, object] = {"name": name} if name else {}
    wanted = Wanted(email, visit.secret("password"), values, visit.return_to)
    try:
        signed_up = await visit.house.sign_up.sign_up(visit.app, wanted, visit.origin)
    except DomainError as error:
        problem = page_problem(error, visit.house.clock.now_ms())
        return _sign_up_page(visit, problem, field_errors(error))
    if signed_up.opened is not None:
        await visit.come_in(signed_up.opened)
        return await _onward(visit, signed_up.opened.token)
    await visit.carry(
        "sign-up",
        email=email,
        purpose=Purpose.EMAIL_CONFIRM,
        challenge=signed_up.challenge_id,
        return_to=visit.return_to,
    )
    return visit.goto(visit.href("/code"))


async def show_code(visit: Visit) -> Response:
    """GET /code: for the address this flow knows, or for one to be typed."""
    return _code_page(visit, _asked_purpose(visit), None)


async def code(visit: Visit) -> Response:
    """POST /code."""
    purpose = _asked_purpose(visit)
    email = visit.typed("email").strip() or visit.state.get("email", "")
    if not email:
        return _code_page(visit, purpose, None, {"email": notices.EMAIL_MISSING})
    try:
        if visit.do == "resend":
            challenge = await send(visit, purpose, email)
            if _is_awaited(visit, purpose, email):
                await visit.carry("code", challenge=challenge)
            return _code_page(visit, purpose, notices.CODE_SENT)
        if not visit.typed("code").strip():
            return _code_page(visit, purpose, None, {"code": notices.CODE_MISSING})
        awaited = visit.state.get("challenge", "") if _is_awaited(visit, purpose, email) else ""
        confirmed = await visit.house.links.confirm_code(
            visit.app, purpose, email, visit.typed("code"), visit.origin, awaited
        )
    except DomainError as error:
        problem = page_problem(error, visit.house.clock.now_ms())
        return _code_page(visit, purpose, problem, field_errors(error))
    return await after_confirmation(visit, confirmed)


async def after_confirmation(visit: Visit, confirmed: Confirmed) -> Response:
    """Where a link or a code of our own pages leads: in, to a new password, or back to sign-in."""
    if confirmed.token is None:
        return visit.goto(visit.href("/sign-in?notice=email-changed"))
    if confirmed.purpose is Purpose.RESET_PASSWORD:
        visit.keep("reset", confirmed.token, RESET_LIFE_S)
        return visit.goto(visit.href("/reset"))
    opened = await visit.house.grants.redeem(visit.app, confirmed.token.reveal(), "pages", visit.origin)
    await visit.come_in(opened)
    visit.state["return_to"] = visit.return_to or confirmed.return_to
    return await _onward(visit, opened.token)


async def _onward(visit: Visit, token: Secret[str]) -> Response:
    """To the page that the app asked for, with an access token; else to the page that offers it."""
    return_to = visit.return_to
    if not return_to:
        return visit.goto(visit.href("/signed-in"))
    current = await visit.house.sessions.check(visit.app, token.reveal())
    access = await visit.house.grants.issue(current)
    return visit.goto(to_app(return_to, "oauth-signin", access))


def to_app(url: str, action: str, token: Secret[str] | None) -> str:
    """The app's address with what the redirect contract adds; its own query and scheme stay."""
    added = {"access_token": token.reveal()} if token else {}
    return with_query(url, {**added, "action": action, "status": "200"})


def with_query(url: str, values: dict[str, str]) -> str:
    """Add parameters to a URL of any scheme, before its fragment."""
    head, mark, fragment = url.partition("#")
    joint = "&" if "?" in head else "?"
    return f"{head}{joint}{urlencode(values)}{mark}{fragment}"


async def send(visit: Visit, purpose: Purpose, email: str) -> str:
    """Mail a link and a code, as the visitor asked; answers the challenge that the flow waits for from now on.

    Raises: email_invalid, code_wrong, feature_off, too_many_attempts.
    """
    if purpose is Purpose.CHANGE_EMAIL:
        raise refuse(Code.CODE_WRONG, "only the signed-in user can ask for this one")
    return await visit.house.links.send(
        visit.app, purpose, email, visit.origin, return_to=visit.return_to, again=visit.state.get("challenge", "")
    )


async def _send_code(visit: Visit, purpose: Purpose, email: str) -> Response:
    challenge = await send(visit, purpose, email)
    await visit.carry("sign-in", email=email, purpose=purpose, challenge=challenge, return_to=visit.return_to)
    return visit.goto(visit.href("/code"))


def _asked_purpose(visit: Visit) -> Purpose:
    """What the code is for: as the page says, as the flow remembers, else the first mail there ever is."""
    asked = visit.typed("action") or visit.call.query_value("action") or visit.state.get("purpose", "")
    return next((purpose for purpose in WORDS if purpose.value == asked), Purpose.EMAIL_CONFIRM)


def _is_awaited(visit: Visit, purpose: Purpose, email: str) -> bool:
    """Whether this is what the flow of this browser asked for."""
    return visit.state.get("purpose") == purpose and visit.state.get("email") == email


def _sign_in_page(visit: Visit, email: str, problem: Message | None, errors: Errors | None = None) -> Response:
    frame = visit.frame("/sign-in", hidden={"return_to": visit.return_to})
    flow = entrance.sign_in(frame, visit.onward_href("/sign-up"), visit.href("/recovery"), email, problem, errors or {})
    return visit.page(flow)


def _sign_up_page(visit: Visit, problem: Message | None, errors: Errors) -> Response:
    frame = visit.frame("/sign-up", hidden={"return_to": visit.return_to})
    flow = entrance.sign_up(
        frame, visit.onward_href("/sign-in"), visit.typed("name"), visit.typed("email"), problem, errors
    )
    return visit.page(flow)


def _code_page(visit: Visit, purpose: Purpose, problem: Message | None, errors: Errors | None = None) -> Response:
    frame = visit.frame("/code", hidden={"action": purpose.value})
    email = visit.state.get("email", "")
    if email and visit.state.get("purpose") == purpose.value:
        valid_s = visit.app.policy.code_ms // 1000
        flow = entrance.enter_code(frame, WORDS[purpose], email, valid_s, visit.href("/sign-in"), problem, errors or {})
    else:
        flow = entrance.enter_email_and_code(frame, visit.typed("email"), problem, errors or {})
    return visit.page(flow)


def csrf_page(visit: Visit, path: str) -> Response:
    """The form came without the cookie of its page."""
    host = visit.call.header("host")
    return visit.page(trouble.cookies_blocked(visit.frame(), host, visit.href(path)))
