"""The discovery door: what services that trust our tokens read below `/.well-known`.

No cookie is read or set here. Public keys are for everybody, pages of any origin too; the revocation feed is for
servers, which hold an API key.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

from vestibule.core.house import House
from vestibule.core.tokens.keys import PUBLISHED_S
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.protocols.discovery.errors import body_of, fault_of
from vestibule.protocols.discovery.feed import Feed
from vestibule.protocols.discovery.pulse import Pulse

KEYS = "/.well-known/jwks.json"
REVOCATIONS = "/.well-known/revocations"
METHODS = "GET, HEAD, OPTIONS"
PREFLIGHT = {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "86400"}


@dataclass(slots=True)
class DiscoveryDoor:
    """Answers whoever verifies our tokens."""

    house: House
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server stops."""
    feed: Feed = field(init=False)

    def __post_init__(self) -> None:
        """One pulse for all streams."""
        self.feed = Feed(self.house, Pulse(self.house.revocations.head, self.stopping))

    async def answer(self, call: Call) -> Response:
        """The answer to one request."""
        try:
            return _dressed(call, await self._answer(call))
        except DomainError:
            await call.discard()
            raise

    async def _answer(self, call: Call) -> Response:
        if call.path not in {KEYS, REVOCATIONS}:
            raise refuse(Code.NOT_FOUND)
        if call.method == "OPTIONS":
            headers = {"Allow": METHODS, "Cache-Control": "no-store", **(PREFLIGHT if call.path == KEYS else {})}
            return Response(status_code=204, headers=headers)
        if call.method not in {"GET", "HEAD"}:
            raise refuse(Code.METHOD_NOT_ALLOWED)
        return await (self._keys(call) if call.path == KEYS else self.feed.answer(call))

    async def failed(self, call: Call, error: Exception) -> Response:
        """A refusal or a fault, as JSON."""
        status, body = body_of(error) if isinstance(error, DomainError) else fault_of(call.request_id)
        response = JSONResponse(body, status, headers={"Cache-Control": "no-store"})
        if status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if status == 405:
            response.headers["Allow"] = METHODS
        if isinstance(error, DomainError) and "retry_after_s" in error.fields:
            response.headers["Retry-After"] = str(error.fields["retry_after_s"])
        return _dressed(call, response)

    async def _keys(self, call: Call) -> Response:
        apps = self.house.apps
        app = await (apps.get(call.app_id) if call.app_id else apps.only())
        keys = await self.house.signing_keys.published(app)
        return JSONResponse({"keys": keys}, headers={"Cache-Control": f"public, max-age={PUBLISHED_S}"})


def _dressed(call: Call, response: Response) -> Response:
    if call.path == KEYS:
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
