"""Cases about HTTP around the bodies: headers, paths, methods, CORS, representations."""

from __future__ import annotations

from tests.clients.simplejwt.case import (
    BLACKLIST,
    BROWSER,
    ENDPOINTS,
    FORM,
    GOOD,
    JSON,
    ORIGIN,
    PROFILE,
    REFRESH,
    ROUTES,
    SLIDING,
    SLIDING_REFRESH,
    TOKEN,
    VERIFY,
    Case,
    authorized,
    bearer,
    post,
)
from tests.clients.simplejwt.sides import PASSWORD, Side

AUTHORIZATION = (
    Case("authorization: none", "GET", PROFILE),
    authorized("authorization: empty", ""),
    authorized("authorization: scheme only", "Bearer"),
    authorized("authorization: Basic", "Basic YWRhOng="),
    authorized("authorization: Token", "Token abc"),
    authorized("authorization: JWT", "JWT abc"),
    authorized("authorization: a word", "garbage"),
    authorized("authorization: three words", "Bearer a b"),
    authorized("authorization: four words", "Bearer a b c"),
    authorized("authorization: not ASCII", "Bearer ä\xff"),
    authorized("authorization: two in one", "Bearer a, Bearer b"),
    authorized("authorization: long", "Bearer " + "x" * 7_000),
    Case(
        "authorization: scheme in small letters",
        "GET",
        PROFILE,
        headers=lambda side: {"Authorization": f"bearer {side.access()}"},
    ),
    Case(
        "authorization: two spaces", "GET", PROFILE, headers=lambda side: {"Authorization": f"Bearer  {side.access()}"}
    ),
    Case("authorization: a tab", "GET", PROFILE, headers=lambda side: {"Authorization": f"Bearer\t{side.access()}"}),
    Case(
        "authorization: spaces around",
        "GET",
        PROFILE,
        headers=lambda side: {"Authorization": f"  Bearer {side.access()}  "},
    ),
    authorized("authorization: garbage at the routes", "Bearer garbage", ROUTES),
    authorized("authorization: three words at the routes", "Bearer a b", ROUTES),
    bearer("authorization: good at the routes", Side.access, ROUTES),
    post("authorization: garbage at token", TOKEN, GOOD, JSON | {"Authorization": "Bearer garbage"}),
    post("authorization: three words at refresh", REFRESH, {}, JSON | {"Authorization": "Bearer a b"}),
)

SLASHES = (
    Case("no slash: GET routes", "GET", "/api"),
    Case("no slash: GET profile", "GET", "/api/profile"),
    Case("no slash: GET profile with a query", "GET", "/api/profile?a=1&b=%20%2F"),
    Case("no slash: GET profile of a page", "GET", "/api/profile", headers=ORIGIN),
    Case("no slash: HEAD profile", "HEAD", "/api/profile"),
    Case("no slash: GET token", "GET", "/api/token"),
    Case("no slash: OPTIONS token", "OPTIONS", "/api/token"),
    post("no slash: POST token", "/api/token", GOOD),
    post("no slash: POST refresh", "/api/token/refresh", {}),
    Case("no slash: DELETE token", "DELETE", "/api/token"),
    Case("slashes: two in the middle", "GET", "/api//token/"),
    Case("slashes: two at the end", "GET", "/api/profile//"),
    Case("slashes: escaped", "GET", "/api/token%2F"),
    Case("unknown path: below", "GET", "/api/nothing/"),
    Case("unknown path: without slash", "GET", "/api/nothing"),
    Case("unknown path: JSON wanted", "GET", "/api/nothing/", headers={"Accept": "application/json"}),
    Case("unknown path: of a page", "GET", "/api/nothing/", headers=ORIGIN),
    post("unknown path: POST", "/api/nothing/", {}),
    post("unknown path: POST without slash", "/api/nothing", {}),
    Case("unknown path: below an endpoint", "GET", "/api/token/nothing/"),
    Case("unknown path: NUL", "GET", "/api/%00/"),
    Case("unknown path: not UTF-8", "GET", "/api/%ff/"),
    Case("unknown path: OPTIONS", "OPTIONS", "/api/nothing/"),
)

METHODS = (
    *(
        Case(f"method: {method} token", method, TOKEN)
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
    ),
    *(Case(f"method: {method} profile", method, PROFILE) for method in ("HEAD", "POST", "PUT", "DELETE")),
    *(
        Case(
            f"method: {method} profile, signed in",
            method,
            PROFILE,
            headers=lambda side: {"Authorization": f"Bearer {side.access()}"},
        )
        for method in ("HEAD", "POST", "PUT", "DELETE")
    ),
    *(Case(f"method: {method} routes", method, ROUTES) for method in ("HEAD", "POST", "DELETE")),
    *(Case(f"method: GET {path}", "GET", path) for path in (REFRESH, VERIFY, BLACKLIST, SLIDING, SLIDING_REFRESH)),
)

OPTIONS = (
    *(Case(f"options: {path}", "OPTIONS", path) for path in ENDPOINTS),
    Case(
        "options: profile, signed in",
        "OPTIONS",
        PROFILE,
        headers=lambda side: {"Authorization": f"Bearer {side.access()}"},
    ),
    Case("options: of a page", "OPTIONS", TOKEN, headers=ORIGIN),
    Case("options: as HTML", "OPTIONS", TOKEN, headers=BROWSER),
)


def preflight(name: str, path: str, method: str = "POST", **headers: str) -> Case:
    asked = {"Access-Control-Request-Method": method} | {key.replace("_", "-"): value for key, value in headers.items()}
    return Case(f"preflight: {name}", "OPTIONS", path, headers=ORIGIN | asked)


CORS = (
    *(preflight(path, path, Access_Control_Request_Headers="content-type") for path in ENDPOINTS),
    preflight("authorization", PROFILE, "GET", Access_Control_Request_Headers="authorization"),
    preflight("a header of its own", TOKEN, Access_Control_Request_Headers="x-my-header"),
    preflight("DELETE", TOKEN, "DELETE"),
    preflight("no slash", "/api/profile", "GET"),
    preflight("unknown path", "/api/nothing/"),
    preflight("private network", TOKEN, Access_Control_Request_Private_Network="true"),
    Case("preflight: without origin", "OPTIONS", TOKEN, headers={"Access-Control-Request-Method": "POST"}),
    post("origin: pair", TOKEN, GOOD, JSON | ORIGIN),
    post("origin: refused", TOKEN, GOOD | {"password": "x"}, JSON | ORIGIN),
    post("origin: null", TOKEN, {}, JSON | {"Origin": "null"}),
    post("origin: garbage", TOKEN, {}, JSON | {"Origin": "http://[garbage"}),
    post("origin: empty", TOKEN, {}, JSON | {"Origin": ""}),
    Case("origin: profile", "GET", PROFILE, headers=lambda side: ORIGIN | {"Authorization": f"Bearer {side.access()}"}),
    Case("origin: profile refused", "GET", PROFILE, headers=ORIGIN),
)

ACCEPTED = (
    "application/json",
    "application/json; indent=4",
    "APPLICATION/JSON",
    "application/*",
    "*/*",
    "text/html",
    "text/*",
    "application/xml",
    "text/plain, application/xml",
    "application/xml, */*;q=0.1",
    "text/html;q=0.1, application/json",
    "application/json;q=0",
    "garbage",
    "",
)

ACCEPT = (
    *(post(f"accept: POST token, {what or 'empty'}", TOKEN, GOOD, JSON | {"Accept": what}) for what in ACCEPTED),
    *(Case(f"accept: GET token, {what or 'empty'}", "GET", TOKEN, headers={"Accept": what}) for what in ACCEPTED[:9]),
    Case("accept: GET routes, xml", "GET", ROUTES, headers={"Accept": "application/xml"}),
    Case("accept: GET profile, xml", "GET", PROFILE, headers={"Accept": "application/xml"}),
    Case("format: routes as json", "GET", "/api/?format=json", headers=BROWSER),
    Case("format: routes as api", "GET", "/api/?format=api"),
    Case("format: token as json", "GET", "/api/token/?format=json", headers=BROWSER),
    Case("format: token as api", "GET", "/api/token/?format=api"),
    Case("format: token as xml", "GET", "/api/token/?format=xml"),
    post("format: POST token as xml", "/api/token/?format=xml", GOOD),
    post("format: POST token as json", "/api/token/?format=json", GOOD),
    Case("format: profile as api", "GET", "/api/profile/?format=api"),
)

PAGES = (
    *(Case(f"page: {path}", "GET", path, headers=BROWSER) for path in ENDPOINTS),
    Case(
        "page: profile, signed in",
        "GET",
        PROFILE,
        headers=lambda side: BROWSER | {"Authorization": f"Bearer {side.access()}"},
    ),
    post("page: the form sent", TOKEN, f"username=ada&password={PASSWORD}".encode(), FORM | BROWSER),
    post("page: the form refused", TOKEN, b"username=ada&password=x", FORM | BROWSER),
    post("page: the form empty", TOKEN, b"username=&password=", FORM | BROWSER),
    Case("page: HEAD", "HEAD", TOKEN, headers=BROWSER),
)
