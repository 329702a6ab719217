"""One error type with a closed list of codes; each protocol owns a total table code -> wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What sort of refusal a code is; protocols that know only a few statuses map kinds."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    LIMITED = "limited"
    GONE = "gone"
    UNAVAILABLE = "unavailable"


class Code(StrEnum):
    """Every reason the core may give for saying no. Members are added, never renamed."""

    # who is asking
    INVALID_CREDENTIALS = "invalid_credentials"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    USER_BANNED = "user_banned"
    SESSION_MISSING = "session_missing"
    SESSION_INVALID = "session_invalid"
    APP_UNKNOWN = "app_unknown"
    APP_MISMATCH = "app_mismatch"
    CLIENT_KEY_INVALID = "client_key_invalid"
    API_KEY_INVALID = "api_key_invalid"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    PERMISSION_DENIED = "permission_denied"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_WRONG_TYPE = "token_wrong_type"
    TOKEN_REVOKED = "token_revoked"
    PROOF_INVALID = "proof_invalid"
    # what was sent
    BODY_INVALID = "body_invalid"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    CONTENT_TYPE_INVALID = "content_type_invalid"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    FIELD_REQUIRED = "field_required"
    FIELD_INVALID = "field_invalid"
    FIELD_PROTECTED = "field_protected"
    FIELD_UNKNOWN = "field_unknown"
    EMAIL_INVALID = "email_invalid"
    USERNAME_INVALID = "username_invalid"
    PASSWORD_TOO_SHORT = "password_too_short"
    PASSWORD_TOO_LONG = "password_too_long"
    PASSWORD_COMMON = "password_common"
    PASSWORD_SIMILAR = "password_similar"
    PASSWORD_IS_EMAIL = "password_is_email"
    UPDATE_INVALID = "update_invalid"
    REDIRECT_NOT_ALLOWED = "redirect_not_allowed"
    FLOW_EXPIRED = "flow_expired"
    CSRF_MISMATCH = "csrf_mismatch"
    # what it met
    EMAIL_TAKEN = "email_taken"
    USERNAME_TAKEN = "username_taken"
    KEY_TOO_YOUNG = "key_too_young"
    KEY_SHARED = "key_shared"
    FEATURE_OFF = "feature_off"
    LINK_INVALID = "link_invalid"
    LINK_EXPIRED = "link_expired"
    LINK_USED = "link_used"
    LINK_SUPERSEDED = "link_superseded"
    CODE_WRONG = "code_wrong"
    GRANT_INVALID = "grant_invalid"
    NOT_FOUND = "not_found"
    USER_NOT_FOUND = "user_not_found"
    MODEL_NOT_FOUND = "model_not_found"
    BUCKET_NOT_FOUND = "bucket_not_found"
    FILE_NOT_FOUND = "file_not_found"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TYPE_REFUSED = "file_type_refused"
    QUOTA_EXCEEDED = "quota_exceeded"
    # what stands in the way for a while
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    KEY_MISSING = "key_missing"


_I, _U, _F, _N, _C, _L, _G, _V = Kind

KIND: dict[Code, Kind] = {
    Code.INVALID_CREDENTIALS: _U,
    Code.EMAIL_NOT_VERIFIED: _U,
    Code.USER_BANNED: _F,
    Code.SESSION_MISSING: _U,
    Code.SESSION_INVALID: _U,
    Code.APP_UNKNOWN: _N,
    Code.APP_MISMATCH: _F,
    Code.CLIENT_KEY_INVALID: _U,
    Code.API_KEY_INVALID: _U,
    Code.ORIGIN_NOT_ALLOWED: _U,
    Code.PERMISSION_DENIED: _F,
    Code.TOKEN_INVALID: _U,
    Code.TOKEN_EXPIRED: _U,
    Code.TOKEN_WRONG_TYPE: _U,
    Code.TOKEN_REVOKED: _U,
    Code.PROOF_INVALID: _U,
    Code.BODY_INVALID: _I,
    Code.BODY_TOO_LARGE: _I,
    Code.BODY_TOO_SLOW: _I,
    Code.CONTENT_TYPE_INVALID: _I,
    Code.METHOD_NOT_ALLOWED: _I,
    Code.FIELD_REQUIRED: _I,
    Code.FIELD_INVALID: _I,
    Code.FIELD_PROTECTED: _I,
    Code.FIELD_UNKNOWN: _I,
    Code.EMAIL_INVALID: _I,
    Code.USERNAME_INVALID: _I,
    Code.PASSWORD_TOO_SHORT: _I,
    Code.PASSWORD_TOO_LONG: _I,
    Code.PASSWORD_COMMON: _I,
    Code.PASSWORD_SIMILAR: _I,
    Code.PASSWORD_IS_EMAIL: _I,
    Code.UPDATE_INVALID: _I,
    Code.REDIRECT_NOT_ALLOWED: _I,
    Code.FLOW_EXPIRED: _G,
    Code.CSRF_MISMATCH: _F,
    Code.EMAIL_TAKEN: _C,
    Code.USERNAME_TAKEN: _C,
    Code.KEY_TOO_YOUNG: _C,
    Code.KEY_SHARED: _C,
    Code.FEATURE_OFF: _I,
    Code.LINK_INVALID: _N,
    Code.LINK_EXPIRED: _G,
    Code.LINK_USED: _G,
    Code.LINK_SUPERSEDED: _G,
    Code.CODE_WRONG: _U,
    Code.GRANT_INVALID: _F,
    Code.NOT_FOUND: _N,
    Code.USER_NOT_FOUND: _N,
    Code.MODEL_NOT_FOUND: _N,
    Code.BUCKET_NOT_FOUND: _N,
    Code.FILE_NOT_FOUND: _N,
    Code.FILE_UNREADABLE: _I,
    Code.FILE_TYPE_REFUSED: _I,
    Code.QUOTA_EXCEEDED: _C,
    Code.TOO_MANY_ATTEMPTS: _L,
    Code.OVERLOADED: _V,
    Code.UNAVAILABLE: _V,
    Code.KEY_MISSING: _V,
}


@dataclass(eq=False)
class DomainError(Exception):
    """A refusal. `fields` may reach the caller; `reason` is for the audit log only, never the wire."""

    code: Code
    fields: dict[str, str | int] = field(default_factory=dict)
    reason: str = ""
    others: tuple[DomainError, ...] = ()
    """Further refusals of the same request: one per failing field, in the order of the form."""

    def __post_init__(self) -> None:
        """Give the exception a text without values, so that a traceback cannot leak one."""
        super().__init__(self.code.value)

    @property
    def kind(self) -> Kind:
        """The sort of refusal, from the table."""
        return KIND[self.code]

    def each(self) -> tuple[DomainError, ...]:
        """This refusal and the others, in order."""
        return (self, *self.others)


def refuse(code: Code, reason: str = "", **fields: str | int) -> DomainError:
    """A refusal ready to raise, with its data as keywords."""
    return DomainError(code, fields, reason)


def all_of(problems: list[DomainError]) -> DomainError | None:
    """One refusal that carries every problem of a form, or None when there is none."""
    if not problems:
        return None
    first, *rest = problems
    return DomainError(first.code, first.fields, first.reason, tuple(rest))
