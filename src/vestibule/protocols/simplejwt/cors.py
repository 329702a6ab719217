"""CORS as django-cors-headers does it: any origin in development, the app's list in production, never credentials."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from vestibule.core.apps.model import App
from vestibule.core.apps.policy import allowed_origins
from vestibule.gate import Call
from vestibule.protocols.simplejwt.bearer import header_name

_HEADERS = {"accept", "authorization", "content-type", "dpop", "user-agent", "x-csrftoken", "x-requested-with"}
_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
_MAX_AGE_S = 86_400


def is_preflight(call: Call) -> bool:
    """Whether a browser asks on a page's behalf. Answered before the path is looked at."""
    return call.method == "OPTIONS" and bool(call.header("access-control-request-method"))


def admit(call: Call, app: App | None, response: Response, *, is_production: bool) -> None:
    """Say on an answer which page may read it."""
    reader = _reader(call.header("origin"), app, is_production=is_production)
    if not reader:
        return
    response.headers["Access-Control-Allow-Origin"] = reader
    if "Retry-After" in response.headers:
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    if call.method == "OPTIONS":
        own = {header_name(app)} if app else set()
        response.headers["Access-Control-Allow-Headers"] = ", ".join(sorted(_HEADERS | own))
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Max-Age"] = str(_MAX_AGE_S)


def _reader(origin: str, app: App | None, *, is_production: bool) -> str:
    if not origin or not _is_readable(origin):
        return ""
    if not is_production:
        return "*"
    return origin if app and origin in allowed_origins(app.policy) else ""


def _is_readable(origin: str) -> bool:
    try:
        urlsplit(origin)
    except ValueError:
        return False
    return True
