"""Forgot password -> mail -> new password -> sign in. Never a session."""

from __future__ import annotations

from starlette.responses import Response

from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import Code, DomainError
from vestibule.web import notices
from vestibule.web.flow import Message
from vestibule.web.flows import entrance, trouble
from vestibule.web.flows.fields import Errors
from vestibule.web.pages.entrance import send
from vestibule.web.pages.problems import field_errors, page_problem
from vestibule.web.pages.visit import Visit


async def show_recovery(visit: Visit) -> Response:
    """GET /recovery, and after sending /recovery?sent."""
    if visit.call.query == "sent" and visit.state.get("purpose") == Purpose.RESET_PASSWORD:
        return _sent_page(visit, None)
    return _recovery_page(visit, visit.state.get("email", ""), None, {})


async def recovery(visit: Visit) -> Response:
    """POST /recovery: the same answer for every address."""
    email = visit.typed("email").strip() or visit.state.get("email", "")
    if not email:
        return _recovery_page(visit, "", None, {"email": notices.EMAIL_MISSING})
    try:
        challenge = await send(visit, Purpose.RESET_PASSWORD, email)
    except DomainError as error:
        problem = page_problem(error, visit.house.clock.now_ms())
        if visit.do == "resend":
            return _sent_page(visit, problem)
        return _recovery_page(visit, email, problem, field_errors(error))
    await visit.carry("recovery", email=email, purpose=Purpose.RESET_PASSWORD, challenge=challenge)
    if visit.do == "resend":
        return _sent_page(visit, notices.LINK_SENT)
    return visit.goto(visit.href("/recovery?sent"))


async def show_reset(visit: Visit) -> Response:
    """GET /reset, after a reset link or code."""
    return await _reset_page(visit, {})


async def reset(visit: Visit) -> Response:
    """POST /reset."""
    if not visit.typed("password"):
        return await _reset_page(visit, {"password": notices.PASSWORD_MISSING})
    try:
        email = await visit.house.changes.reset_password(
            visit.app, visit.cookie("reset"), visit.secret("password"), visit.origin
        )
    except DomainError as error:
        if error.code is Code.GRANT_INVALID:
            return visit.page(trouble.flow_expired(visit.frame(), visit.href("/recovery")))
        problem = page_problem(error, visit.house.clock.now_ms())
        return await _reset_page(visit, field_errors(error), problem)
    visit.drop("reset")
    visit.drop()
    await visit.carry("recovery", email=email, purpose="")
    return visit.goto(visit.href("/sign-in?notice=password-changed"))


async def _reset_page(visit: Visit, errors: Errors, problem: Message | None = None) -> Response:
    email = await visit.house.changes.reset_address(visit.app, visit.cookie("reset"))
    if email is None:
        return visit.page(trouble.flow_expired(visit.frame(), visit.href("/recovery")))
    return visit.page(entrance.new_password(visit.frame("/reset"), email, problem, errors))


def _recovery_page(visit: Visit, email: str, problem: Message | None, errors: Errors) -> Response:
    flow = entrance.recovery(visit.frame("/recovery"), visit.href("/sign-in"), email, problem, errors)
    return visit.page(flow)


def _sent_page(visit: Visit, problem: Message | None) -> Response:
    flow = entrance.recovery_sent(
        visit.frame("/recovery"),
        visit.state.get("email", ""),
        visit.app.policy.reset_ms // 1000,
        visit.href(f"/code?action={Purpose.RESET_PASSWORD}"),
        visit.href("/recovery"),
        problem,
        visit.app.policy.code_ms // 1000,
    )
    return visit.page(flow)
