"""Where Vestibule answers otherwise than its model on purpose: one table, its reasons, and the page made of it.

A row holds for an aspect of an answer (see `compare.py`) in the cases that it names; patterns are those of a shell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.clients.simplejwt.compare import ABSENT, Disagreement


@dataclass(frozen=True)
class Change:
    """What a difference looks like on the wire."""

    cases: str
    aspect: str
    ours: str

    def covers(self, found: Disagreement) -> bool:
        wanted = ((found.case, self.cases), (found.aspect, self.aspect), (found.ours, self.ours))
        return all(fnmatchcase(_plain(text), _plain(pattern)) for text, pattern in wanted)


@dataclass(frozen=True)
class Difference:
    """For people, and below it for the test."""

    what: str
    theirs: str
    ours: str
    why: str
    changes: tuple[Change, ...]


def _plain(text: str) -> str:
    """Brackets are brackets here, no sets of characters."""
    return text.replace("[", "(").replace("]", ")")


INVALID = '401 Unauthorized; body.detail "Token is invalid"; body.code "token_not_valid"'
WRONG_TYPE = '401 Unauthorized; body.detail "Token has wrong type"; body.code "token_not_valid"'
NOBODY = '401 Unauthorized; body.detail "No active account found for the given token."'
UNPARSED = '400 Bad Request; body.detail "* parse error - …"'

DIFFERENCES: tuple[Difference, ...] = (
    # Tokens
    Difference(
        "Claims of every token",
        "`token_type`, `exp`, `iat`, `jti`, `user_id` and custom ones",
        "also `iss`, `sub` and `sid`, and `kid` in the header",
        "Others can pin the issuer and find the key after a rotation; every token belongs to a session that can be ended.",
        (
            Change("*", "body.*.claims.iss", "a text"),
            Change("*", "body.*.claims.sub", "a text"),
            Change("*", "body.*.claims.sid", "a text"),
            Change("*", "body.*.header.kid", "a key id"),
        ),
    ),
    Difference(
        "A token made by another holder of the shared key",
        "taken",
        "401, `Token is invalid`",
        "A shared key lets others verify; `jti` shows that the token is ours.",
        (
            Change("forged: jti of a refresh token", "answer", INVALID),
            Change("forged: jti of an access token", "answer", '401 *"Token is invalid"'),
        ),
    ),
    Difference(
        "A token that names another issuer, an audience or an unknown key, where none is configured",
        "taken",
        "401, `Token is invalid`",
        "It was made for somebody else (RFC 8725, sections 3.8 to 3.10).",
        (
            Change("forged: unknown kid", "answer", '401 *"Token is invalid"'),
            Change("forged: another issuer", "answer", '401 *"Token is invalid"'),
            Change("forged: for an audience", "answer", '401 *"Token is invalid"'),
        ),
    ),
    Difference(
        "`user_id` of a token changed by another holder of the shared key",
        "opens that user's profile, or 401 when there is none",
        "has no effect",
        "We know the user by the session; `user_id` is there for other services.",
        (
            Change("forged: without user_id", "answer", '200 OK; *body.user.username "ada"*'),
            Change("forged: unknown user_id", "answer", '200 OK; *body.user.username "ada"*'),
        ),
    ),
    Difference(
        "A well signed token without `exp`, `jti` or `refresh_exp`",
        "401 that names the claim; 500 for `jti` at refresh, sliding refresh and blacklist",
        "401, `Token is invalid`",
        "Only a foreign holder of the key can make one, and has no use for the reason.",
        (
            Change("without exp: *", "body.detail", '"Token is invalid"'),
            Change("without exp: profile", "body.messages[0].message", '"Token is invalid"'),
            Change("without jti: *", "answer", INVALID),
            Change("without jti: verify", "body.detail", '"Token is invalid"'),
            Change("without jti: profile", "body.messages[0].message", '"Token is invalid"'),
            Change("sliding: without refresh_exp", "body.detail", '"Token is invalid"'),
        ),
    ),
    Difference(
        "A well signed token without `token_type`, or with one that nobody knows",
        "`Token has no type`; verify answers 200",
        "401, `Token has wrong type`, at verify too",
        "Verify promises that a token would be taken somewhere; this one would not.",
        (
            Change("without token_type: *", "body.detail", '"Token has wrong type"'),
            Change("without token_type: profile", "body.messages[0].message", '"Token has wrong type"'),
            Change("without token_type: verify", "answer", WRONG_TYPE),
            Change("unknown token_type: verify", "answer", WRONG_TYPE),
        ),
    ),
    # Signing out
    Difference(
        "The access token, after its refresh token was blacklisted",
        "works until it expires",
        "is refused at once",
        "Signing out ends the session, and a token lives no longer than its session.",
        (
            Change("blacklisted: profile, access token*", "answer", '401 *"Token is blacklisted"'),
            Change("blacklisted: verify, access token*", "answer", '400 *"Token is blacklisted"'),
        ),
    ),
    Difference(
        "Tokens of an inactive or deleted user at verify, blacklist and sliding refresh",
        "as if nothing had happened, new sliding tokens included",
        "401, as at refresh",
        "Whoever is shut out is shut out everywhere, at once.",
        (
            Change("inactive user: *", "answer", NOBODY),
            Change("deleted user: verify", "answer", NOBODY),
            Change("deleted user: blacklist", "answer", NOBODY),
            Change("deleted user: sliding refresh", "answer", NOBODY),
        ),
    ),
    Difference(
        "The refresh token of a deleted user",
        "500",
        "401, as for an inactive user",
        "The user is gone, the server is well.",
        (Change("deleted user: refresh", "answer", NOBODY),),
    ),
    # Signing in
    Difference(
        "`username` holds the verified e-mail address",
        "401",
        "signs in",
        "People remember their address.",
        (Change("good: pair, with the e-mail address", "answer", "200 OK; *"),),
    ),
    Difference(
        "Letter case of the user name",
        "counts",
        "makes no difference",
        "PRECIS (RFC 8265): two names that look alike are not two users.",
        (Change("good: pair, user name in capitals", "answer", "200 OK; *"),),
    ),
    Difference(
        "Spaces around the password",
        "are cut off",
        "belong to it",
        "A password is what was typed, when it is set and when it is asked for.",
        (Change("good: pair, spaces around the password", "answer", "401 *"),),
    ),
    # The profile
    Difference(
        "`user.id` of the profile",
        "a number",
        "a text; the old number for an imported user, if `USER_ID_FIELD` says so",
        "Our ids are no row numbers: they do not tell how many users there are.",
        (Change("*", "body.user.id", "an id"),),
    ),
    Difference(
        "`user.last_login` of the profile",
        "`null` unless `UPDATE_LAST_LOGIN` is on, which is not the default",
        "the last sign-in, at first the time of creation",
        "`UPDATE_LAST_LOGIN` is on by default: who manages users needs it.",
        (Change("*", "body.user.last_login", "a time"),),
    ),
    # Bodies
    Difference(
        "JSON nested 100,000 levels deep",
        "500",
        "400, a parse error",
        "It is the client's mistake.",
        (Change("broken JSON: nested too deep", "answer", UNPARSED),),
    ),
    Difference(
        "A field that comes twice",
        "the last one counts",
        "400",
        "A gateway in front may have looked at the first one (RFC 7493).",
        (
            Change("broken JSON: a name twice", "answer", UNPARSED),
            Change("content type: form, a name twice", "answer", '400 *"Not a valid string."'),
        ),
    ),
    Difference(
        "JSON in the charset that its `Content-Type` names",
        "is read",
        "400, unless it is UTF-8",
        "JSON between programs is UTF-8 (RFC 8259); what else it may be, a gateway in front might read otherwise.",
        (Change("content type: JSON, latin-1", "answer", UNPARSED),),
    ),
    Difference(
        "A multipart body without its boundary",
        "read as far as it goes",
        "400, a parse error",
        "Half a form is no form.",
        (
            Change("content type: multipart, foreign boundary", "body.detail", '"* parse error - …"'),
            Change("content type: multipart, foreign boundary", "body.password[0]", ABSENT),
        ),
    ),
    Difference(
        "A body of 3 MB",
        "400 with a page",
        "413 as JSON; the limit is 1 MiB",
        "413 says what is wrong, and no request of this protocol is that long.",
        (Change("long: body of 3 MB", "answer", "413 Payload Too Large; body.detail *"),),
    ),
    # Answers
    Difference(
        "A path that does not exist",
        "404 with a page",
        '404 as JSON, `{"detail": "Not found."}`',
        "Programs ask here, and read JSON.",
        (
            Change("unknown path: *", "body", ABSENT),
            Change("unknown path: *", "body.detail", '"Not found."'),
            Change("unknown path: *", "layout", ABSENT),
            Change("unknown path: *", "content-type", "application/json"),
            Change("slashes: two *", "body", ABSENT),
            Change("slashes: two *", "body.detail", '"Not found."'),
            Change("slashes: two *", "layout", ABSENT),
            Change("slashes: two *", "content-type", "application/json"),
        ),
    ),
    Difference(
        "`Content-Type` of an answer without a body (redirects, preflights)",
        "`text/html`",
        "none",
        "There is nothing to have a type.",
        (Change("no slash: *", "content-type", ABSENT), Change("preflight: *", "content-type", ABSENT)),
    ),
    Difference(
        "`Vary` of a page",
        "names `Cookie`",
        "does not",
        "No cookie is read or set here.",
        (
            Change("page: *", "vary", "accept, origin"),
            Change("format: *", "vary", "accept, origin"),
            Change("accept: *", "vary", "accept, origin"),
            Change("options: as HTML", "vary", "accept, origin"),
        ),
    ),
    Difference(
        "`Access-Control-Allow-Headers`",
        "the six of django-cors-headers",
        "and `dpop`",
        "A page can bind its refresh tokens to a key (RFC 9449).",
        (
            Change("preflight: *", "access-control-allow-headers", "accept, *, dpop, *"),
            Change("options: of a page", "access-control-allow-headers", "accept, *, dpop, *"),
        ),
    ),
    Difference(
        "`description` in the answer to OPTIONS",
        "the library's words",
        "ours",
        "They say what happens here.",
        (Change("options: *", "body.description", "*"),),
    ),
)


def explains(found: Disagreement) -> bool:
    """Whether a row holds for a disagreement."""
    return any(change.covers(found) for difference in DIFFERENCES for change in difference.changes)


def unneeded(found: Iterable[Disagreement]) -> list[Change]:
    """Parts of rows that no request needs any more."""
    seen = list(found)
    changes = (change for difference in DIFFERENCES for change in difference.changes)
    return [change for change in changes if not any(change.covers(one) for one in seen)]


def table() -> str:
    """The rows as a table of Markdown, for the page of `docs/`."""
    head = ("| what | Django + SimpleJWT | Vestibule | why |", "| --- | --- | --- | --- |")
    rows = (f"| {row.what} | {row.theirs} | {row.ours} | {row.why} |" for row in DIFFERENCES)
    return "\n".join((*head, *rows)) + "\n"
