"""Who bears the token of a request's header."""

from __future__ import annotations

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.core.tokens.model import TokenType
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, all_of, refuse

CLASSES = {"AccessToken": TokenType.ACCESS, "SlidingToken": TokenType.SLIDING}
"""What `AUTH_TOKEN_CLASSES` may name."""
_UNFIT = {Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.TOKEN_WRONG_TYPE, Code.TOKEN_REVOKED}
REALM = "api"


def header_name(app: App) -> str:
    """The header that holds the token, from the name that WSGI gives it."""
    return app.policy.AUTH_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").lower()


def challenge(app: App | None) -> str:
    """The `WWW-Authenticate` of every 401."""
    scheme = app.policy.AUTH_HEADER_TYPES[0] if app else "Bearer"
    return f'{scheme} realm="{REALM}"'


async def find_current(house: House, app: App, call: Call) -> Current | None:
    """Whoever the header names; None when it names nobody, or speaks of another scheme.

    Raises: session_invalid (not two words), token_invalid and its kin (one per token class, with `token_class` and
        `token_type`), user_banned, user_not_found.
    """
    words = call.header(header_name(app)).split()
    if not words or words[0] not in app.policy.AUTH_HEADER_TYPES:
        return None
    if len(words) != 2:
        raise refuse(Code.SESSION_INVALID, "not two words")
    problems: list[DomainError] = []
    for name in app.policy.AUTH_TOKEN_CLASSES:
        type_ = CLASSES[name]
        try:
            return await house.families.authenticate(app, words[1], type_)
        except DomainError as error:
            if error.code not in _UNFIT or "cause" in error.fields:
                raise
            problems.append(refuse(error.code, error.reason, token_class=name, token_type=type_.value))
    raise all_of(problems) or refuse(Code.TOKEN_INVALID, "no class of tokens is taken")
