"""The Altogic door: everything below `/` and `/e:{envId}` that no other prefix claims, 404s included.

Every answer is JSON in the client's shape with CORS headers: anything else makes its promise hang.
No cookie is read or set here, so any origin may be echoed in development.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from vestibule.core.apps.model import App, KeyKind
from vestibule.core.apps.policy import allowed_origins
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.origin import Origin
from vestibule.protocols.altogic import auth, db, storage
from vestibule.protocols.altogic.errors import body_of, fault_of
from vestibule.protocols.altogic.wire import Caller, reply

API = "/_api/rest/v1/"
FILES = "/_storage/"
_OPTIONAL = db.WITH_OR_WITHOUT_SESSION | storage.WITH_OR_WITHOUT_SESSION
ROUTES = (*auth.PUBLIC, *auth.WITH_SESSION, *_OPTIONAL)
"""Every method and path below the API prefix."""
_METHODS: dict[str, set[str]] = {}
for _method, _path in ROUTES:
    _METHODS.setdefault(_path, set()).add(_method)
_METHODS_KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class AltogicDoor:
    """Answers the npm client `altogic`."""

    house: House

    async def answer(self, call: Call) -> Response:
        """The answer to one request."""
        if call.method == "OPTIONS":
            return self._dressed(call, Response(status_code=204, headers=_preflight(call)))
        if call.path.startswith(FILES):
            return self._dressed(call, await self._file(call))
        return self._dressed(call, await self._api(call))

    async def failed(self, call: Call, error: Exception) -> Response:
        """A refusal or a fault, in a shape the client can read."""
        if not isinstance(error, DomainError):
            return self._dressed(call, reply(*_turned(fault_of(call.request_id))))
        response = reply(*_turned(body_of(error)))
        wait_s = error.fields.get("retry_after_s")
        if wait_s is not None:
            response.headers["Retry-After"] = str(wait_s)
        if error.code is Code.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = str(error.fields["allow"])
        if error.code in {Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE}:
            response.headers["Connection"] = "close"
        return self._dressed(call, response)

    async def _file(self, call: Call) -> Response:
        if call.method not in {"GET", "HEAD"}:
            await call.discard()
            raise _not_allowed({"GET", "HEAD"})
        return await storage.public_file(self.house, call, call.app_id)

    async def _api(self, call: Call) -> Response:
        name = call.path.removeprefix(API) if call.path.startswith(API) else ""
        if name not in _METHODS:
            await call.discard()
            if call.method not in _METHODS_KNOWN:
                raise _not_allowed(_METHODS_KNOWN)
            raise refuse(Code.NOT_FOUND)
        if call.method not in _METHODS[name]:
            await call.discard()
            raise _not_allowed(_METHODS[name])
        try:
            caller = await self._caller(call)
            value = await self._handle((call.method, name), call, caller)
        except DomainError as error:
            if error.code not in {Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE}:  # those have read what they will
                await call.discard()
            raise
        return value if isinstance(value, Response) else reply(value)

    async def _handle(self, route: tuple[str, str], call: Call, caller: Caller) -> object:
        if public := auth.PUBLIC.get(route):
            return await public(self.house, call, caller)
        if signed_in := auth.WITH_SESSION.get(route):
            return await signed_in(self.house, call, caller, await self._current(call, caller.app))
        token = call.header("session")
        current = await self._current(call, caller.app) if token else None
        return await _OPTIONAL[route](self.house, call, caller, current)

    async def _current(self, call: Call, app: App) -> Current:
        token = call.header("session")
        if not token:
            raise refuse(Code.SESSION_MISSING)
        return await self.house.sessions.check(app, token)

    async def _caller(self, call: Call) -> Caller:
        """The app of a call, from its client key; the address must not say otherwise."""
        app, key = await self.house.apps.check_key(call.header("x-client-key"), KeyKind.CLIENT)
        if call.app_id and call.app_id != app.id:
            raise refuse(Code.APP_MISMATCH)
        self._check_origin(call, app)
        is_server = False
        if call.header("authorization"):
            server_app, _ = await self.house.apps.check_key(call.header("authorization"), KeyKind.API)
            if server_app.id != app.id:
                raise refuse(Code.APP_MISMATCH)
            is_server = True
        origin: Origin = await call.gate.origin(call.request, "altogic", call.request_id)
        return Caller(app, key.id, is_server, origin)

    def _check_origin(self, call: Call, app: App) -> None:
        """In production, pages of other origins may read the refusal and nothing else."""
        origin = call.header("origin")
        if origin and self.house.is_production and origin not in allowed_origins(app.policy):
            raise refuse(Code.ORIGIN_NOT_ALLOWED)

    def _dressed(self, call: Call, response: Response) -> Response:
        origin = call.header("origin")
        headers = response.headers
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers["Vary"] = "Origin"
        if origin:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Credentials"] = "true"
            headers["Access-Control-Expose-Headers"] = "Retry-After"
        return response


def _preflight(call: Call) -> dict[str, str]:
    asked = call.header("access-control-request-headers")
    return {
        "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": asked or "content-type, x-client, x-client-key, session, authorization",
        "Access-Control-Max-Age": "7200",
    }


def _not_allowed(methods: set[str]) -> DomainError:
    return refuse(Code.METHOD_NOT_ALLOWED, allow=", ".join(sorted(methods)))


def _turned(answer: tuple[int, dict[str, object]]) -> tuple[dict[str, object], int]:
    status, body = answer
    return body, status
