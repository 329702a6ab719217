"""Every address of the house, for sweeps."""

from __future__ import annotations

import httpx

from tests.protocols.altogic.calls import API
from tests.world import World
from vestibule.protocols.altogic.door import ROUTES
from vestibule.protocols.simplejwt.routes import ROUTES as TOKEN_ROUTES
from vestibule.web.pages.door import LINK_PATH, PAGES

ELSEWHERE = [
    "/",
    "/nothing",
    "/favicon.ico",
    "/robots.txt",
    f"{API}/nothing",
    "/_auth/google",
    "/socket.io/",
    "/api",
    "/api/nothing/",
    "/api/profile",
    "/api/token/?format=api",
    "/api/token/?format=xml",
    "/v1/client",
    "/npm/x",
    "/oauth2/x",
    "/_vestibule/x",
    "/.well-known/jwks.json",
    "/dev/inbox",
    "/static/nothing.css",
    "/static/../x",
    "/_storage/a/b/c",
    "/sign-in/x",
    f"{LINK_PATH}?key=nothing",
    f"{LINK_PATH}",
]
API_PATHS = [f"{API}/{path}" for _, path in ROUTES]
PAGE_PATHS = [*PAGES, LINK_PATH]
EVERYWHERE = [*dict.fromkeys([*API_PATHS, *TOKEN_ROUTES, *PAGE_PATHS, *ELSEWHERE])]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]


def visitor(world: World, **headers: str) -> httpx.AsyncClient:
    """A client without manners: no key, no session unless given."""
    transport = httpx.ASGITransport(world.running.asgi, client=("203.0.113.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url="https://localhost", headers=headers)
