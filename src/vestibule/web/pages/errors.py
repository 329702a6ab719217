"""Every code of the house as an honest HTTP status of a page."""

from __future__ import annotations

from vestibule.kernel.errors import KIND, Code, Kind

STATUS_OF_KIND: dict[Kind, int] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.LIMITED: 429,
    Kind.GONE: 410,
    Kind.UNAVAILABLE: 503,
}
_EXACT = {
    Code.METHOD_NOT_ALLOWED: 405,
    Code.BODY_TOO_SLOW: 408,
    Code.BODY_TOO_LARGE: 413,
    Code.CONTENT_TYPE_INVALID: 415,
}
STATUS: dict[Code, int] = {code: _EXACT.get(code, STATUS_OF_KIND[KIND[code]]) for code in Code}
