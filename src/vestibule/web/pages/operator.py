"""The first page of an operator: in by a one-time link, then the apps with their keys and addresses."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from vestibule.core.apps.model import KeyKind
from vestibule.core.house import realtime_env_url
from vestibule.kernel.errors import Code, DomainError
from vestibule.web.desk import OperatorPage
from vestibule.web.flows import entrance, trouble
from vestibule.web.headers import PAGE
from vestibule.web.pages.visit import Visit
from vestibule.web.render import render_operator


async def show_operator(visit: Visit) -> Response:
    """GET /operator: the page for a signed-in operator, else the button that uses the link.

    A link is not looked up before it is pressed: GET tells nobody whether a key is one.
    """
    current = await visit.current()
    if current is not None:
        return await _page(visit, current.person.email)
    key = visit.call.query_value("key") or ""
    if not key:
        return visit.page(entrance.operator_link_dead(visit.frame(home=""), 404))
    return visit.page(entrance.operator_link(visit.frame("/operator", hidden={"key": key}, home="")))


async def operator(visit: Visit) -> Response:
    """POST /operator: uses the link up."""
    try:
        opened = await visit.house.operators.come_in(visit.typed("key"), visit.origin)
    except DomainError as error:
        if error.code is not Code.LINK_INVALID:
            raise
        return visit.page(entrance.operator_link_dead(visit.frame(home="")))
    await visit.come_in(opened)
    return visit.goto(visit.href("/operator"))


async def _page(visit: Visit, email: str) -> Response:
    house = visit.house
    apps = await house.apps.list()
    if not apps:
        return visit.page(trouble.not_found(visit.frame(home=""), "/"))
    app = apps[0]
    live = [key for key in await house.apps.list_keys(app) if key.key.revoked_at_ms is None]
    texts = {key.key.kind: key.text for key in live}
    page = OperatorPage(
        app_name=app.name,
        operator_email=email,
        env_url=house.env_url(app.id),
        realtime_env_url=realtime_env_url(house.base_url, app.id),
        client_key=texts.get(KeyKind.CLIENT, ""),
        api_key=texts.get(KeyKind.API) or None,
        redirect_url=app.policy.redirect_url,
        sign_in_href=f"{house.env_url(app.id)}/sign-in",
        inbox_href=visit.inbox_href,
    )
    return HTMLResponse(render_operator(page), headers=PAGE)
