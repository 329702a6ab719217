"""Signed in, and signing out."""

from __future__ import annotations

from starlette.responses import Response

from vestibule.web.flows import leaving
from vestibule.web.pages.entrance import to_app
from vestibule.web.pages.visit import Visit


async def show_signed_in(visit: Visit) -> Response:
    """GET /signed-in."""
    current = await visit.current()
    if current is None:
        return visit.goto(visit.href("/sign-in"))
    return visit.page(leaving.signed_in(visit.frame("/signed-in"), current.person.email))


async def signed_in(visit: Visit) -> Response:
    """POST /signed-in: on to the app with an access token, or out."""
    if visit.do == "sign-out":
        return await sign_out(visit)
    current = await visit.current()
    if current is None:
        return visit.goto(visit.href("/sign-in"))
    url = visit.app.policy.redirect_url
    if not url:
        return visit.goto(visit.href("/signed-in"))
    return visit.goto(to_app(url, "oauth-signin", await visit.house.grants.issue(current)))


async def show_sign_out(visit: Visit) -> Response:
    """GET /sign-out: asks first, or says that it is done."""
    current = await visit.current()
    if current is None:
        return visit.page(leaving.signed_out(visit.frame(), visit.href("/sign-in")))
    frame = visit.frame("/sign-out")
    return visit.page(leaving.sign_out(frame, current.person.email, visit.href("/signed-in")))


async def sign_out(visit: Visit) -> Response:
    """POST /sign-out."""
    current = await visit.current()
    if current is not None:
        await visit.house.sessions.sign_out(current, None, visit.origin)
    visit.drop()
    response = visit.goto(visit.href("/sign-out"))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
