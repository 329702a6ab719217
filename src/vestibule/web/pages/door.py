"""The hosted pages: which handler answers which path, and what surrounds every visit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.gate import Call
from vestibule.kernel.errors import KIND, Code, DomainError, Kind, refuse
from vestibule.kernel.ids import SYSTEM_APP, TokenKind, is_id, read_token
from vestibule.web.assets import lookup
from vestibule.web.flow import Frame
from vestibule.web.flows import trouble
from vestibule.web.headers import PAGE, STATIC
from vestibule.web.pages import entrance, landing, leaving, operator, recovery
from vestibule.web.pages.errors import STATUS
from vestibule.web.pages.visit import Visit, cookie_name, page_of

LINK_PATH = "/_api/rest/v1/auth/verify"
Handler = Callable[[Visit], Awaitable[Response]]

# Path -> what GET shows and what POST does.
PAGES: dict[str, tuple[Handler, Handler]] = {
    "/sign-in": (entrance.show_sign_in, entrance.sign_in),
    "/sign-up": (entrance.show_sign_up, entrance.sign_up),
    "/code": (entrance.show_code, entrance.code),
    "/recovery": (recovery.show_recovery, recovery.recovery),
    "/reset": (recovery.show_reset, recovery.reset),
    "/signed-in": (leaving.show_signed_in, leaving.signed_in),
    "/sign-out": (leaving.show_sign_out, leaving.sign_out),
    "/operator": (operator.show_operator, operator.operator),
}


@dataclass(frozen=True, slots=True)
class PagesDoor:
    """Answers people in browsers."""

    house: House
    inbox_href: str = ""

    async def answer(self, call: Call) -> Response:
        """The answer to one request."""
        if call.path.startswith("/static/"):
            return _static(call)
        if call.path != LINK_PATH and call.path not in PAGES:
            raise refuse(Code.NOT_FOUND)
        if call.method not in {"GET", "HEAD", "POST"}:
            raise refuse(Code.METHOD_NOT_ALLOWED, allow="GET, HEAD, POST")
        visit = await self._visit(call)
        try:
            return visit.dress(await (self._land(visit) if call.path == LINK_PATH else self._page(visit)))
        except DomainError as error:
            if error.code is Code.CSRF_MISMATCH:
                return visit.dress(entrance.csrf_page(visit, call.path))
            if error.code is Code.REDIRECT_NOT_ALLOWED:
                return visit.page(trouble.untrusted_redirect(visit.frame()))
            raise

    async def failed(self, call: Call, error: Exception) -> Response:
        """A page that says what is in the way; nothing of a fault but its reference."""
        frame = Frame("Vestibule")
        if not isinstance(error, DomainError):
            return page_of(trouble.server_error(frame, call.request_id, call.path))
        status = STATUS[error.code]
        if error.code is Code.METHOD_NOT_ALLOWED:
            return Response("Method not allowed\n", status, headers={**PAGE, "Allow": str(error.fields["allow"])})
        if error.code is Code.TOO_MANY_ATTEMPTS:
            wait_s = int(error.fields["retry_after_s"])
            flow = trouble.rate_limited(frame, self.house.clock.now_ms() + wait_s * 1000, wait_s, call.path)
        elif error.code in {Code.USER_BANNED, Code.FEATURE_OFF}:
            flow = trouble.closed(frame)
        elif KIND[error.code] is Kind.NOT_FOUND:
            flow = trouble.not_found(frame, f"/e:{call.app_id}/sign-in" if is_id(call.app_id) else "/sign-in")
        else:
            flow = trouble.server_error(frame, call.request_id, call.path)
        return page_of(replace(flow, status=status))

    async def _land(self, visit: Visit) -> Response:
        if visit.call.method != "POST":
            return await landing.show(visit, LINK_PATH)
        await visit.read_fields()
        visit.begin_device()
        return await landing.press(visit, LINK_PATH)

    async def _page(self, visit: Visit) -> Response:
        show, act = PAGES[visit.call.path]
        if visit.call.method != "POST":
            visit.begin()
            return await show(visit)
        await visit.read_form()
        visit.begin()
        return await act(visit)

    async def _visit(self, call: Call) -> Visit:
        app = await self._app(call)
        device = await self.house.devices.find(app, call.request.cookies.get(cookie_name(app.id, "device"), ""))
        origin = await call.gate.origin(call.request, "pages", call.request_id, device.id if device else "")
        token = call.request.cookies.get(cookie_name(app.id, "flow"), "")
        parts = read_token(token)
        if parts is None or (parts.kind, parts.app_id) != (TokenKind.FLOW, app.id):
            token = ""
        state = await self.house.attempts.state(app, token) if token else {}
        return Visit(self.house, call, app, origin, token, state, self.inbox_href)

    async def _app(self, call: Call) -> App:
        """From `/e:{envId}` or the link's own token, which must not disagree; else the only app."""
        if call.path == "/operator":
            return await self.house.apps.get(SYSTEM_APP)
        key = read_token(call.query_value("key") or "") if call.path == LINK_PATH else None
        if key is not None and call.app_id and key.app_id != call.app_id:
            raise refuse(Code.APP_MISMATCH)
        app_id = call.app_id or (key.app_id if key else "")
        if app_id == SYSTEM_APP:
            raise refuse(Code.APP_UNKNOWN, "operators come in by their own link only")
        return await (self.house.apps.get(app_id) if app_id else self.house.apps.only())


def _static(call: Call) -> Response:
    found = lookup(call.path.removeprefix("/static/"))
    if found is None or call.method not in {"GET", "HEAD"}:
        raise refuse(Code.NOT_FOUND)
    return Response(found[0], headers=STATIC, media_type=found[1])
