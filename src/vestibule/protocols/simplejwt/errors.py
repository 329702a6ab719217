"""Every code of the house in the words of Django REST framework and SimpleJWT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from vestibule.kernel.errors import Code, DomainError


class Words(NamedTuple):
    """Status and body of a refusal; what stands in braces comes from its fields."""

    status: int
    detail: str
    code: str = ""
    key: str = "detail"


NO_USER = Words(401, "No active account found with the given credentials")
NO_USER_OF_TOKEN = Words(401, "No active account found for the given token.")
SPENT = "Token is blacklisted"
NOT_VALID = "token_not_valid"
PASSWORD_CHANGED = Words(401, "The user's password has been changed.", "password_changed")
NOT_ACCEPTABLE = Words(406, "Could not satisfy the request Accept header.")
ABOUT_ALL = "non_field_errors"

AT_TOKEN: Mapping[Code, Words] = {Code.USER_BANNED: NO_USER_OF_TOKEN, Code.USER_NOT_FOUND: NO_USER_OF_TOKEN}
"""Said otherwise where a token is the credential."""
AT_VERIFY: Mapping[Code, Words] = {**AT_TOKEN, Code.TOKEN_REVOKED: Words(400, SPENT, key=ABOUT_ALL)}
AT_SIGN_IN: Mapping[Code, Words] = {Code.USER_BANNED: NO_USER}
"""Wrong, unknown and inactive are one answer."""

WIRE: dict[Code, Words] = {
    Code.INVALID_CREDENTIALS: NO_USER,
    Code.EMAIL_NOT_VERIFIED: NO_USER,
    Code.USER_BANNED: Words(401, "User is inactive", "user_inactive"),
    Code.USER_NOT_FOUND: Words(401, "User not found", "user_not_found"),
    Code.SESSION_MISSING: Words(401, "Authentication credentials were not provided."),
    Code.SESSION_INVALID: Words(
        401, "Authorization header must contain two space-delimited values", "bad_authorization_header"
    ),
    Code.APP_UNKNOWN: Words(404, "There is no such app here."),
    Code.APP_MISMATCH: Words(403, "You do not have permission to perform this action."),
    Code.CLIENT_KEY_INVALID: Words(401, "Authentication credentials were not provided."),
    Code.API_KEY_INVALID: Words(401, "Authentication credentials were not provided."),
    Code.ORIGIN_NOT_ALLOWED: Words(403, "You do not have permission to perform this action."),
    Code.PERMISSION_DENIED: Words(403, "You do not have permission to perform this action."),
    Code.TOKEN_INVALID: Words(401, "Token is invalid", NOT_VALID),
    Code.TOKEN_EXPIRED: Words(401, "Token is expired", NOT_VALID),
    Code.TOKEN_WRONG_TYPE: Words(401, "Token has wrong type", NOT_VALID),
    Code.TOKEN_REVOKED: Words(401, SPENT, NOT_VALID),
    Code.PROOF_INVALID: Words(401, "DPoP proof is invalid", "invalid_dpop_proof"),
    Code.BODY_INVALID: Words(400, "{detail}"),
    Code.BODY_TOO_LARGE: Words(413, "The body is larger than {max_bytes} bytes."),
    Code.BODY_TOO_SLOW: Words(408, "The body did not arrive in time."),
    Code.CONTENT_TYPE_INVALID: Words(415, 'Unsupported media type "{media_type}" in request.'),
    Code.METHOD_NOT_ALLOWED: Words(405, 'Method "{method}" not allowed.'),
    Code.FIELD_REQUIRED: Words(400, "This field is required."),
    Code.FIELD_INVALID: Words(400, "{problem}"),
    Code.FIELD_PROTECTED: Words(400, "This field may not be changed."),
    Code.FIELD_UNKNOWN: Words(400, "There is no such field."),
    Code.EMAIL_INVALID: Words(400, "Enter a valid email address."),
    Code.USERNAME_INVALID: Words(400, "Enter a valid username."),
    Code.PASSWORD_TOO_SHORT: Words(400, "This password is too short. It must contain at least {min} characters."),
    Code.PASSWORD_TOO_LONG: Words(400, "This password is too long. It may contain at most {max} characters."),
    Code.PASSWORD_COMMON: Words(400, "This password is too common."),
    Code.PASSWORD_SIMILAR: Words(400, "The password is too similar to your name or address."),
    Code.PASSWORD_IS_EMAIL: Words(400, "The password must not be an email address."),
    Code.UPDATE_INVALID: Words(400, "There is no such update."),
    Code.REDIRECT_NOT_ALLOWED: Words(400, "This address does not belong to the app."),
    Code.FLOW_EXPIRED: Words(400, "This took too long. Start again."),
    Code.CSRF_MISMATCH: Words(403, "You do not have permission to perform this action."),
    Code.EMAIL_TAKEN: Words(400, "A user with that email address already exists."),
    Code.USERNAME_TAKEN: Words(400, "A user with that username already exists."),
    Code.KEY_TOO_YOUNG: Words(400, "The next key has not been published long enough."),
    Code.KEY_SHARED: Words(400, "A secret that is shared is replaced by whoever shares it."),
    Code.FEATURE_OFF: Words(403, "This is switched off for the app."),
    Code.LINK_INVALID: Words(404, "Not found."),
    Code.LINK_EXPIRED: Words(400, "The link has expired."),
    Code.LINK_USED: Words(400, "The link was used already."),
    Code.LINK_SUPERSEDED: Words(400, "A newer link was sent."),
    Code.CODE_WRONG: Words(401, "The code is not right."),
    Code.GRANT_INVALID: Words(403, "You do not have permission to perform this action."),
    Code.NOT_FOUND: Words(404, "Not found."),
    Code.MODEL_NOT_FOUND: Words(404, "Not found."),
    Code.BUCKET_NOT_FOUND: Words(404, "Not found."),
    Code.FILE_NOT_FOUND: Words(404, "Not found."),
    Code.FILE_UNREADABLE: Words(400, "No file could be read from the request."),
    Code.FILE_TYPE_REFUSED: Words(415, "The file is not the picture it says it is."),
    Code.QUOTA_EXCEEDED: Words(400, "There is no room left for this file."),
    Code.TOO_MANY_ATTEMPTS: Words(429, "Request was throttled. Expected available in {retry_after_s} second{s}."),
    Code.OVERLOADED: Words(503, "The server is busy. Try again in a moment."),
    Code.UNAVAILABLE: Words(503, "Service temporarily unavailable, try again later."),
    Code.KEY_MISSING: Words(503, "The app has no key to sign tokens with."),
}

FAULT = "A server error occurred. Reference: {request_id}"

_DEFAULTS: dict[str, str | int] = {
    "detail": "Malformed request.",
    "problem": "Not a valid string.",
    "media_type": "",
    "method": "",
    "max_bytes": 0,
    "min": 8,
    "max": 256,
    "retry_after_s": 60,
}


def answer_of(error: DomainError, said: Mapping[Code, Words] | None = None) -> tuple[int, Mapping[str, object]]:
    """Status and body of a refusal; `said` is what this endpoint puts in words of its own."""
    words = _words(error, said or {})
    if "field" in error.fields:
        return words.status, _by_field(error)
    if "token_class" in error.fields:
        return words.status, _of_bearer(error)
    text = _text(words, error)
    if words.key == ABOUT_ALL or "about_all" in error.fields:
        return words.status, {ABOUT_ALL: [text]}
    return words.status, {"detail": text} | ({"code": words.code} if words.code else {})


def fault_of(request_id: str) -> tuple[int, dict[str, object]]:
    """Status and body of a fault: a reference, and nothing of what happened."""
    return 500, {"detail": FAULT.format(request_id=request_id)}


def _words(error: DomainError, said: Mapping[Code, Words]) -> Words:
    if error.code is Code.TOKEN_REVOKED and error.fields.get("cause") == "password":
        return PASSWORD_CHANGED
    if error.code is Code.TOKEN_EXPIRED and "claim" in error.fields:
        return Words(401, "Token '{claim}' claim has expired", NOT_VALID)
    return said.get(error.code) or WIRE[error.code]


def _text(words: Words, error: DomainError) -> str:
    fields = _DEFAULTS | error.fields
    return words.detail.format(**fields, s="" if fields["retry_after_s"] == 1 else "s")


def _by_field(error: DomainError) -> dict[str, object]:
    """Every problem of every field, in the order of the form."""
    told: dict[str, object] = {}
    for each in error.each():
        texts = told.setdefault(str(each.fields["field"]), [])
        if isinstance(texts, list):
            texts.append(_text(WIRE[each.code], each))
    return told


def _of_bearer(error: DomainError) -> dict[str, object]:
    """What each kind of token that would be taken says of the one that came."""
    messages = [
        {
            "token_class": each.fields["token_class"],
            "token_type": each.fields["token_type"],
            "message": _text(WIRE[each.code], each),
        }
        for each in error.each()
    ]
    return {"detail": "Given token not valid for any token type", "code": NOT_VALID, "messages": messages}
