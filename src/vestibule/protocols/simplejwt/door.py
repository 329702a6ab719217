"""The SimpleJWT door: everything below `/api`, of an app (`/e:{envId}/api`) or of the only one.

No cookie is read or set here. Negotiation, then who asks, then the method, then the body: the order of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.tokens.dpop import Presenter
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.protocols.simplejwt import browsable, cors
from vestibule.protocols.simplejwt.bearer import challenge, find_current
from vestibule.protocols.simplejwt.errors import NOT_ACCEPTABLE, answer_of, fault_of
from vestibule.protocols.simplejwt.negotiation import JSON, Rendering, negotiate
from vestibule.protocols.simplejwt.routes import ROUTES, Route, Visit
from vestibule.protocols.simplejwt.wire import json_of, read_fields

_APP = "vestibule.app"
"""Where a request keeps its app once it is found, so that a failure is dressed as an answer would be."""
_IN_QUERY = "!$&'()*+,;=:@/?%-._~"


@dataclass(frozen=True, slots=True)
class SimpleJwtDoor:
    """Answers front ends that were written for Django REST framework and SimpleJWT."""

    house: House

    async def answer(self, call: Call) -> Response:
        """The answer to one request."""
        try:
            return self._dressed(call, await self._answer(call))
        except DomainError as error:
            if error.code not in {Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE}:  # those have read what they will
                await call.discard()
            raise

    async def failed(self, call: Call, error: Exception) -> Response:
        """A refusal or a fault, as JSON or as a page."""
        route = ROUTES.get(call.path)
        if not isinstance(error, DomainError):
            return self._dressed(call, self._said(call, route, *fault_of(call.request_id)))
        response = self._said(call, route, *answer_of(error, route.said if route else None))
        wait_s = error.fields.get("retry_after_s")
        if wait_s is not None:
            response.headers["Retry-After"] = str(wait_s)
        if error.code in {Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE}:
            response.headers["Connection"] = "close"
        return self._dressed(call, response)

    async def _answer(self, call: Call) -> Response:
        app = call.request.scope[_APP] = await self._app(call)
        if cors.is_preflight(call):
            await call.discard()
            return Response()
        route = ROUTES.get(call.path)
        if route is None:
            await call.discard()
            return self._elsewhere(call)
        if negotiate(call) is None:
            await call.discard()
            return self._said(call, route, NOT_ACCEPTABLE.status, {"detail": NOT_ACCEPTABLE.detail})
        return self._said(call, route, 200, await self._body(call, app, route))

    async def _body(self, call: Call, app: App, route: Route) -> object:
        current = await find_current(self.house, app, call) if route.reads_header else None
        if route.needs_user and current is None:
            raise refuse(Code.SESSION_MISSING)
        if call.method == "OPTIONS":
            return route.describe()
        if call.method != route.method:
            raise refuse(Code.METHOD_NOT_ALLOWED, method=call.method)
        sent = await read_fields(call, route.fields) if route.fields else {}
        origin = await call.gate.origin(call.request, "simplejwt", call.request_id)
        visit = Visit(self.house, app, origin, self._presenter(call, app), current, sent)
        return await route.handle(visit)

    async def _app(self, call: Call) -> App:
        app = await (self.house.apps.get(call.app_id) if call.app_id else self.house.apps.only())
        if app.is_system:
            raise refuse(Code.APP_UNKNOWN, "operators come in by their own link only")
        return app

    def _presenter(self, call: Call, app: App) -> Presenter:
        """Who presents a token, and where as we know it: never as the request says."""
        address = self.house.env_url(app.id) if call.app_id else self.house.base_url
        url = f"{address}{call.path}"
        return Presenter(call.header("user-agent"), call.header("dpop"), call.method, url)

    def _elsewhere(self, call: Call) -> Response:
        """A path that is none, or lacks its slash: then the query goes along, and so does the method, to no good."""
        if call.path == browsable.STYLE and call.method in {"GET", "HEAD"}:
            return browsable.style()
        if f"{call.path}/" not in ROUTES:
            raise refuse(Code.NOT_FOUND)
        query = quote(call.request.scope["query_string"], safe=_IN_QUERY)
        place = f"{_root(call)}{call.path}/{query and '?'}{query}"
        return Response(status_code=301, headers={"Location": place})

    def _said(self, call: Call, route: Route | None, status: int, body: object) -> Response:
        rendering = _rendering(call)
        if rendering.is_page and route:
            return browsable.page(route, f"{call.method} {_root(call)}{call.path}", status, body, _root(call))
        return Response(json_of(body, rendering.indent), status, media_type=JSON.media_type)

    def _dressed(self, call: Call, response: Response) -> Response:
        route, app = ROUTES.get(call.path), call.request.scope.get(_APP)
        headers = response.headers
        headers.setdefault("Cache-Control", "no-store")
        if route and not cors.is_preflight(call):
            headers["Allow"] = route.allow
            headers["Vary"] = "Accept, origin"
        else:
            headers["Vary"] = "origin"
        if response.status_code == 401:
            headers["WWW-Authenticate"] = challenge(app)
        if response.media_type != "text/html":  # what people look at is read by no other page
            cors.admit(call, app, response, is_production=self.house.is_production)
        return response


def _rendering(call: Call) -> Rendering:
    """What the client can read, else JSON."""
    try:
        return negotiate(call) or JSON
    except DomainError:
        return JSON


def _root(call: Call) -> str:
    """What stands before `/api` in the address."""
    return f"/e:{call.app_id}" if call.app_id else ""
