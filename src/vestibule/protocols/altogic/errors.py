"""Every code of the house in the words of the Altogic client."""

from __future__ import annotations

from vestibule.kernel.errors import Code, DomainError

WIRE: dict[Code, tuple[int, str, str]] = {
    Code.INVALID_CREDENTIALS: (401, "invalid_credentials", "Wrong e-mail or password."),
    Code.EMAIL_NOT_VERIFIED: (401, "email_not_verified", "This e-mail address is not confirmed yet."),
    Code.USER_BANNED: (403, "user_blocked", "This user may not sign in."),
    Code.SESSION_MISSING: (401, "missing_session_token", "This call needs a session, and none was sent."),
    Code.SESSION_INVALID: (401, "invalid_session_token", "The session has ended. Sign in again."),
    Code.APP_UNKNOWN: (404, "resource_not_found", "There is no such app here."),
    Code.APP_MISMATCH: (403, "permission_denied", "The key belongs to another app than the address."),
    Code.CLIENT_KEY_INVALID: (401, "invalid_client_key", "The client key is missing or unknown."),
    Code.API_KEY_INVALID: (401, "invalid_API_key", "The API key is unknown."),
    Code.ORIGIN_NOT_ALLOWED: (401, "domain_not_authorized", "This origin is not in the app's list."),
    Code.PERMISSION_DENIED: (403, "permission_denied", "This is not yours to do."),
    Code.TOKEN_INVALID: (401, "invalid_credentials", "The token is not valid."),
    Code.TOKEN_EXPIRED: (401, "invalid_credentials", "The token has expired."),
    Code.TOKEN_WRONG_TYPE: (401, "invalid_credentials", "The token is of another kind."),
    Code.TOKEN_REVOKED: (401, "invalid_credentials", "The token has been revoked."),
    Code.PROOF_INVALID: (401, "invalid_credentials", "The proof of possession is not valid."),
    Code.BODY_INVALID: (400, "invalid_request_body_syntax", "The body is not a JSON object."),
    Code.BODY_TOO_LARGE: (413, "request_body_size_too_large", "The body is larger than {max_bytes} bytes."),
    Code.BODY_TOO_SLOW: (408, "request_timeout", "The body did not arrive in time."),
    Code.CONTENT_TYPE_INVALID: (415, "content_type_error", "The body must be sent as application/json."),
    Code.METHOD_NOT_ALLOWED: (405, "method_not_allowed", "This address does not take this method."),
    Code.FIELD_REQUIRED: (400, "missing_required_value", "The field “{field}” is required."),
    Code.FIELD_INVALID: (400, "validation_error", "The field “{field}” has a value it cannot have."),
    Code.FIELD_PROTECTED: (400, "validation_error", "The field “{field}” cannot be changed this way."),
    Code.FIELD_UNKNOWN: (400, "validation_error", "There is no field “{field}”."),
    Code.EMAIL_INVALID: (400, "invalid_email_address", "This is not an e-mail address."),
    Code.USERNAME_INVALID: (400, "validation_error", "This is not a user name."),
    Code.PASSWORD_TOO_SHORT: (400, "validation_error", "The password needs at least {min} characters."),
    Code.PASSWORD_TOO_LONG: (400, "validation_error", "The password may have at most {max} characters."),
    Code.PASSWORD_COMMON: (400, "validation_error", "This password is one of the most common. Choose another."),
    Code.PASSWORD_SIMILAR: (400, "validation_error", "The password is too close to your name or address."),
    Code.PASSWORD_IS_EMAIL: (400, "validation_error", "The password must not be an e-mail address."),
    Code.UPDATE_INVALID: (400, "invalid_update_instruction", "There is no such update of the field “{field}”."),
    Code.REDIRECT_NOT_ALLOWED: (400, "invalid_redirect_url", "This address does not belong to the app."),
    Code.FLOW_EXPIRED: (400, "validation_error", "This took too long. Start again."),
    Code.CSRF_MISMATCH: (403, "permission_denied", "The form was not sent from its own page."),
    Code.EMAIL_TAKEN: (400, "email_not_unique", "This e-mail address is in use."),
    Code.USERNAME_TAKEN: (400, "validation_error", "This user name is in use."),
    Code.KEY_TOO_YOUNG: (400, "validation_error", "The next key has not been published long enough."),
    Code.KEY_SHARED: (400, "validation_error", "A secret that is shared is replaced by whoever shares it."),
    Code.FEATURE_OFF: (400, "feature_disabled", "This is switched off for the app."),
    Code.LINK_INVALID: (404, "invalid_access_token", "The link is not valid."),
    Code.LINK_EXPIRED: (400, "invalid_access_token", "The link has expired."),
    Code.LINK_USED: (400, "invalid_access_token", "The link was used already."),
    Code.LINK_SUPERSEDED: (400, "invalid_access_token", "A newer link was sent."),
    Code.CODE_WRONG: (401, "mismatch_values", "The code is not right."),
    Code.GRANT_INVALID: (403, "invalid_access_token", "The access token is invalid or has expired."),
    Code.NOT_FOUND: (404, "resource_not_found", "There is nothing at this address."),
    Code.USER_NOT_FOUND: (404, "user_not_found", "There is no such user."),
    Code.MODEL_NOT_FOUND: (404, "model_not_found", "There is no model “{model}”."),
    Code.BUCKET_NOT_FOUND: (404, "bucket_not_found", "There is no such bucket."),
    Code.FILE_NOT_FOUND: (404, "file_not_found", "There is no such file."),
    Code.FILE_UNREADABLE: (
        400,
        "file_upload_error",
        (
            "No file could be read from the request. Node's FormData and Blob reach the server as plain text:"
            " upload a string or a Buffer there, or upload from a browser."
        ),
    ),
    Code.FILE_TYPE_REFUSED: (415, "unsupported_media_type", "The file is not the picture it says it is."),
    Code.QUOTA_EXCEEDED: (400, "storage_quota_exceeded", "There is no room left for this file."),
    Code.TOO_MANY_ATTEMPTS: (429, "rate_limit_exceeded", "Too many tries. Try again in {retry_after_s} seconds."),
    Code.OVERLOADED: (503, "server_busy", "The server is busy. Try again in a moment."),
    Code.UNAVAILABLE: (503, "server_unavailable", "The server cannot do this right now. Try again in a moment."),
    Code.KEY_MISSING: (503, "server_unavailable", "The app has no key to sign tokens with."),
}

FAULT = (500, "internal_server_error", "Something went wrong on the server. Reference: {request_id}")


def body_of(error: DomainError) -> tuple[int, dict[str, object]]:
    """Status and body of a refusal: one entry per failing field, each with a message of its own."""
    entries = [_entry(each) for each in error.each()]
    return WIRE[error.code][0], {"errors": entries}


def fault_of(request_id: str) -> tuple[int, dict[str, object]]:
    """Status and body of a fault: a reference, and nothing of what happened."""
    status, code, message = FAULT
    text = message.format(request_id=request_id)
    return status, {"errors": [{"origin": "server_error", "code": code, "message": text, "details": {}}]}


def _entry(error: DomainError) -> dict[str, object]:
    status, code, message = WIRE[error.code]
    fields = {"field": "", "min": 8, "max": 256, "max_bytes": 0, "retry_after_s": 60, "model": "", **error.fields}
    return {
        "origin": "server_error" if status >= 500 else "client_error",
        "code": code,
        "message": message.format(**fields),
        "details": dict(error.fields),
    }
