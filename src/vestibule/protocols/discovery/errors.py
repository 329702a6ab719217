"""Every code of the house as plain JSON: a status and a sentence."""

from __future__ import annotations

from vestibule.kernel.errors import KIND, Code, DomainError, Kind

_OF_KIND: dict[Kind, tuple[int, str]] = {
    Kind.INVALID: (400, "The request is not as it should be."),
    Kind.UNAUTHENTICATED: (401, "This needs a valid key."),
    Kind.FORBIDDEN: (403, "This is not yours to read."),
    Kind.NOT_FOUND: (404, "There is nothing at this address."),
    Kind.CONFLICT: (409, "This cannot be done as things stand."),
    Kind.LIMITED: (429, "Too many requests. Try again later."),
    Kind.GONE: (410, "This is over."),
    Kind.UNAVAILABLE: (503, "The server cannot do this right now. Try again in a moment."),
}
_OF_CODE: dict[Code, tuple[int, str]] = {
    Code.API_KEY_INVALID: (401, "Send an API key of the app: `Authorization: Bearer ak_…`."),
    Code.APP_UNKNOWN: (404, "There is no such app here."),
    Code.APP_MISMATCH: (403, "The key belongs to another app than the address."),
    Code.BODY_TOO_LARGE: (413, "The body is too large."),
    Code.BODY_TOO_SLOW: (408, "The body did not arrive in time."),
    Code.CONTENT_TYPE_INVALID: (415, "A body of this type is not read here."),
    Code.METHOD_NOT_ALLOWED: (405, "This address is only read."),
    Code.TOO_MANY_ATTEMPTS: (429, "This key has too many streams open. Close some, or use another key."),
}

WIRE: dict[Code, tuple[int, str, str]] = {}
"""Status, code and sentence. What this door never says itself has the words of its kind."""
for _code in Code:
    _status, _message = _OF_CODE.get(_code, _OF_KIND[KIND[_code]])
    WIRE[_code] = (_status, _code.value, _message)

FAULT = (500, "fault", "Something went wrong on the server. Reference: {request_id}")


def body_of(error: DomainError) -> tuple[int, dict[str, object]]:
    """Status and body of a refusal."""
    status, code, message = WIRE[error.code]
    return status, {"error": code, "message": message}


def fault_of(request_id: str) -> tuple[int, dict[str, object]]:
    """Status and body of a fault: a reference, and nothing of what happened."""
    status, code, message = FAULT
    return status, {"error": code, "message": message.format(request_id=request_id)}
