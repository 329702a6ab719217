"""Cases about what is in a body: credentials, fields, JSON, content types."""

from __future__ import annotations

import json

from tests.clients.simplejwt.case import (
    BLACKLIST,
    CREDENTIALS,
    FORM,
    GOOD,
    MULTIPART,
    REFRESH,
    ROUTES,
    SLIDING,
    SLIDING_REFRESH,
    TOKEN,
    TOKEN_FIELDS,
    VERIFY,
    Case,
    bearer,
    multipart,
    post,
)
from tests.clients.simplejwt.sides import PASSWORD, Side

GOOD_ONES = (
    Case("good: list of the routes", "GET", ROUTES),
    post("good: pair", TOKEN, GOOD),
    post("good: pair, as a form", TOKEN, f"username=ada&password={PASSWORD}".encode(), FORM),
    post("good: pair, as multipart", TOKEN, multipart(**GOOD), MULTIPART),
    post("good: pair, further fields", TOKEN, GOOD | {"remember": True}),
    post("good: pair, spaces around the user name", TOKEN, GOOD | {"username": " ada\n"}),
    post("good: pair, spaces around the password", TOKEN, GOOD | {"password": f" {PASSWORD} "}),
    post("good: pair, with the e-mail address", TOKEN, GOOD | {"username": "ada@acme.test"}),
    post("good: pair, user name in capitals", TOKEN, GOOD | {"username": "ADA"}),
    post("good: sliding", SLIDING, GOOD),
    post("good: refresh", REFRESH, lambda side: {"refresh": side.refresh()}),
    post("good: refresh, as a form", REFRESH, lambda side: f"refresh={side.refresh()}".encode(), FORM),
    post("good: refresh, spaces around", REFRESH, lambda side: {"refresh": f"  {side.refresh()}\n"}),
    post("good: verify access", VERIFY, lambda side: {"token": side.access()}),
    post("good: verify refresh", VERIFY, lambda side: {"token": side.refresh()}),
    post("good: verify sliding", VERIFY, lambda side: {"token": side.sliding()}),
    post("good: blacklist", BLACKLIST, lambda side: {"refresh": side.refresh()}),
    post("good: sliding refresh", SLIDING_REFRESH, lambda side: {"token": side.sliding()}),
    bearer("good: profile", Side.access),
)

WRONG_CREDENTIALS = tuple(
    post(f"wrong credentials: {where}, {what}", path, GOOD | change)
    for where, path in CREDENTIALS
    for what, change in (
        ("password", {"password": "not-it-at-all-9"}),
        ("unknown user", {"username": "nobody"}),
        ("inactive user", {"username": "idle"}),
        ("deleted user", {"username": "gone"}),
        ("password of one letter", {"password": "x"}),
        ("10,000 letters", {"username": "x" * 10_000}),
        ("long password", {"password": "x" * 10_000}),
        ("unicode", {"username": "Ådä\u200b🔑", "password": "pässwörd 🔑"}),
        ("numbers for texts", {"username": 12345678, "password": 12345678.5}),
    )
)

# Values of one field, wherever it is a text.
VALUES = (
    ("blank", ""),
    ("only spaces", "   "),
    ("null", None),
    ("true", True),
    ("a list", ["x"]),
    ("an object", {"x": 1}),
    ("NUL", "a\0b"),
    ("half a surrogate pair", "\ud800"),
)

FIELDS = (
    *(post(f"missing: {where}", path, {}) for where, path in CREDENTIALS),
    *(post(f"missing: {where}", path, {}) for where, path, _, _ in TOKEN_FIELDS),
    post("missing: token, user name only", TOKEN, {"username": "ada"}),
    post("missing: token, password only", TOKEN, {"password": PASSWORD}),
    post("missing: token, as a form", TOKEN, b"username=ada", FORM),
    post("blank: token, as a form", TOKEN, b"username=&password=", FORM),
    *(post(f"{what}: token, both", TOKEN, {"username": value, "password": value}) for what, value in VALUES),
    *(post(f"{what}: token, password", TOKEN, GOOD | {"password": value}) for what, value in VALUES),
    *(
        post(f"{what}: {where}", path, {name: value})
        for where, path, name, _ in TOKEN_FIELDS
        for what, value in VALUES
        if where != "sliding refresh" or what in {"blank", "null", "true"}
    ),
)

BODIES = (
    *(post(f"list body: {where}", path, [1]) for where, path in CREDENTIALS),
    *(post(f"list body: {where}", path, [1]) for where, path, _, _ in TOKEN_FIELDS),
    post("text body: token", TOKEN, "ada"),
    post("number body: token", TOKEN, 7),
    post("boolean body: token", TOKEN, True),
    post("null body: token", TOKEN, None),
    post("empty list body: token", TOKEN, []),
    post("broken JSON: token", TOKEN, b'{"username": '),
    post("broken JSON: refresh", REFRESH, b"{'refresh': 1}"),
    post("broken JSON: not UTF-8", TOKEN, b'{"username": "\xff\xfe", "password": "x"}'),
    post("broken JSON: a byte order mark", TOKEN, b"\xef\xbb\xbf" + json.dumps(GOOD).encode()),
    post("broken JSON: NaN", TOKEN, b'{"username": NaN, "password": "x"}'),
    post("broken JSON: nested too deep", TOKEN, b"[" * 100_000),
    post("broken JSON: a number of 5,000 digits", TOKEN, b'{"username": %s, "password": "x"}' % (b"1" * 5_000)),
    post("broken JSON: a number beyond all bounds", TOKEN, b'{"username": 1e999, "password": "x"}'),
    post("broken JSON: two documents", TOKEN, b"{}{}"),
    post(
        "broken JSON: a name twice",
        TOKEN,
        b'{"username": "x", "username": "ada", "password": "%s"}' % PASSWORD.encode(),
    ),
    *(post(f"empty body: {where}", path, b"") for where, path in CREDENTIALS),
    *(post(f"empty body: {where}", path, b"") for where, path, _, _ in TOKEN_FIELDS),
    post("empty body: spaces", TOKEN, b"  "),
    post("empty body: no content type", TOKEN, b"", {}),
    post("empty body: text/plain", TOKEN, b"", {"Content-Type": "text/plain"}),
    post("long: body of 3 MB", TOKEN, GOOD | {"username": "x" * 3_000_000}),
)

CONTENT_TYPES = tuple(
    post(f"content type: {what}", TOKEN, body, {"Content-Type": content_type} if content_type else {})
    for what, content_type, body in (
        ("none", "", GOOD),
        ("text/plain", "text/plain", GOOD),
        ("text/plain with charset", "text/plain; charset=utf-8", GOOD),
        ("xml", "application/xml", b"<username>ada</username>"),
        ("JSON of an API", "application/vnd.api+json", GOOD),
        ("octets", "application/octet-stream", GOOD),
        ("garbage", "garbage", GOOD),
        ("JSON, not ASCII", "application/json", json.dumps(GOOD | {"place": "Køge"}, ensure_ascii=False).encode()),
        ("JSON, UTF-8", "application/json; charset=utf-8", GOOD),
        ("JSON, capitals", "Application/JSON; Charset=UTF-8", GOOD),
        (
            "JSON, latin-1",
            "application/json; charset=latin-1",
            json.dumps(GOOD | {"place": "Køge"}, ensure_ascii=False).encode("latin-1"),
        ),
        ("JSON, unknown charset", "application/json; charset=nonsense", GOOD),
        (
            "form, UTF-8",
            "application/x-www-form-urlencoded; charset=utf-8",
            f"username=ada&password={PASSWORD}".encode(),
        ),
        ("form, but JSON inside", FORM["Content-Type"], GOOD),
        ("form, a name twice", FORM["Content-Type"], f"username=x&username=ada&password={PASSWORD}".encode()),
        ("form, NUL", FORM["Content-Type"], b"username=a%00b&password=x"),
        ("form, not UTF-8", FORM["Content-Type"], b"username=%ff%fe&password=x"),
        ("multipart without boundary", "multipart/form-data", multipart(**GOOD)),
        ("multipart, foreign boundary", "multipart/form-data; boundary=c", multipart(**GOOD)),
        ("multipart, cut off", MULTIPART["Content-Type"], multipart(**GOOD)[:40]),
        (
            "multipart, a file for a text",
            MULTIPART["Content-Type"],
            multipart(**GOOD).replace(b'"username"', b'"username"; filename="a.txt"'),
        ),
    )
)
