"""Every refusal is JSON in the client's shape: anything else makes its promise hang."""

import json

import httpx
import msgspec
import pytest

from tests.protocols.altogic.calls import ADA, API, code_of, errors_of, send, shape, signed_in
from tests.world import PASSWORD, World
from vestibule.kernel.errors import Code, DomainError, Kind
from vestibule.protocols.altogic.door import ROUTES
from vestibule.protocols.altogic.errors import WIRE, body_of

JSON_HEADERS = {"Content-Type": "application/json"}
JSON_ROUTES = [
    path
    for method, path in ROUTES
    if method == "POST"
    and path not in {"auth/resend", "auth/send-magic", "auth/send-reset"}
    and "upload" not in path
    and "signout-all" not in path
]


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_words(code):
    status, body = body_of(DomainError(code, {"field": "f", "value": "v", "retry_after_s": 3, "allow": "GET"}))
    [entry] = msgspec.convert(body["errors"], list[dict[str, str | dict[str, object]]])
    assert 400 <= status <= 503
    assert entry["message"]
    assert "{" not in entry["message"]
    assert entry["origin"] == ("server_error" if status >= 500 else "client_error")


def test_only_the_callers_own_session_signs_the_client_out():
    codes = {code for code, (_, wire, _) in WIRE.items() if wire in {"invalid_session_token", "missing_session_token"}}
    assert codes == {Code.SESSION_INVALID, Code.SESSION_MISSING}


def test_every_limit_is_429_and_every_lack_is_503():
    for code, (status, _, _) in WIRE.items():
        kind = DomainError(code).kind
        assert (status == 429) == (kind is Kind.LIMITED)
        assert (status >= 500) == (kind is Kind.UNAVAILABLE)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        f"{API}",
        f"{API}/",
        f"{API}/auth",
        f"{API}/auth/nothing",
        "/_api/v2/x",
        "/_auth/google",
        "/socket.io/?EIO=4",
        "/v1/client",
        "/npm/x.js",
        "/oauth2/authorize",
        "/_vestibule/v1/x",
        "/dev/inbox",
        "/favicon.ico",
        "/../../etc/passwd",
        "/%00",
        "/a\u0142b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
async def test_an_unknown_address_is_404_in_json(world: World, method, path):
    async with world.client() as client:
        response = await client.request(method, path, content=b"x" if method == "POST" else None)
    assert response.status_code in {404, 405}
    assert errors_of(response) in ([("client_error", "resource_not_found")], [("client_error", "method_not_allowed")])


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("other", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
async def test_another_method_is_405_and_names_the_right_one(world: World, method, path, other):
    if other == method:
        other = "REPORT"
    response = await send(world, other, path)
    assert response.status_code == 405
    assert response.headers["allow"] == method
    if other != "HEAD":
        assert code_of(response) == "method_not_allowed"


BROKEN = {
    "cut": b'{"email":',
    "a list": b"[]",
    "a text": b'"x"',
    "a number": b"1",
    "null": b"null",
    "not a number": b'{"email": NaN}',
    "infinite": b'{"email": Infinity}',
    "single quotes": b"{'email': 1}",
    "trailing comma": b'{"email": "x",}',
    "two values": b"{}{}",
    "no utf-8": b'{"email": "\xff\xfe"}',
    "utf-16": '{"email": "x"}'.encode("utf-16"),
    "raw control": b'{"email": "a\x00b"}',
    "lone surrogate": b'{"email": "\\ud800"}',
    "depth of objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "depth of lists": b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "open lists": b"[" * 100_000,
    "bom": b"\xef\xbb\xbf{}",
    "html": b"<html>",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("path", ["auth/signin-email", "auth/signup-email", "db/object/get", "storage/bucket/file/get"])
async def test_broken_json_is_400(world: World, path, broken):
    response = await send(world, "POST", path, content=BROKEN[broken], headers=JSON_HEADERS)
    assert (response.status_code, code_of(response)) == (400, "invalid_request_body_syntax")


@pytest.mark.parametrize("depth", [50, 500, 900])
async def test_a_deep_value_is_refused_as_a_value(world: World, depth):
    token = await signed_in(world)
    user_id = (await world.house.user_admin.get(world.app, ADA)).user.id
    deep = "[" * depth + "]" * depth
    body = f'{{"model":"users","id":"{user_id}","values":{{"name":{deep}}}}}'
    response = await send(world, "POST", "db/object/update", content=body, headers={**JSON_HEADERS, "Session": token})
    assert (response.status_code, code_of(response)) in {
        (400, "validation_error"),
        (400, "invalid_request_body_syntax"),
    }


@pytest.mark.parametrize("path", JSON_ROUTES)
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "text/json",
        "application/jsonp",
    ],
)
async def test_only_json_is_taken(world: World, path, content_type):
    """Source: OWASP ASVS 3.5.2: what a form of another site can send is not read."""
    headers = {"Session": await signed_in(world), **({"Content-Type": content_type} if content_type else {})}
    response = await send(world, "POST", path, content=b'{"model":"users","id":"x"}', headers=headers)
    assert (response.status_code, code_of(response)) == (415, "content_type_error")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_name_its_charset(world: World, content_type):
    await world.user(ADA)
    body = json.dumps({"email": ADA, "password": PASSWORD})
    response = await send(world, "POST", "auth/signin-email", content=body, headers={"Content-Type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "path", [path for path in JSON_ROUTES if path.startswith("auth/sign") and path != "auth/signout"]
)
async def test_an_empty_body_is_an_empty_object(world: World, path):
    response = await send(world, "POST", path)
    assert response.status_code in {400, 401}
    errors_of(response)


@pytest.mark.parametrize("path", JSON_ROUTES)
async def test_a_large_body_is_413_and_closes(world: World, path):
    headers = {"Session": await signed_in(world), **JSON_HEADERS}
    response = await send(world, "POST", path, content=b" " * 1_100_000, headers=headers)
    assert (response.status_code, code_of(response)) == (413, "request_body_size_too_large")
    assert response.headers["connection"] == "close"


async def test_a_large_body_without_a_length_is_413(world: World):
    async def pieces():
        for _ in range(120):
            yield b" " * 10_000

    response = await send(world, "POST", "auth/signin-email", content=pieces(), headers=JSON_HEADERS)
    assert (response.status_code, code_of(response)) == (413, "request_body_size_too_large")


async def test_a_fault_is_500_with_a_reference_and_nothing_else(world: World):
    world.running.store._writer.execute("ALTER TABLE limit_key RENAME TO hidden")
    world.running.store._writer.execute("DROP TABLE registration")
    async with world.client() as client:
        response = await client.post(f"{API}/auth/signin-email", json={"email": ADA, "password": PASSWORD})
    assert response.status_code in {500, 503}
    assert errors_of(response)[0][0] == "server_error"
    for leak in ("sqlite", "registration", "limit_key", "Traceback", ADA, PASSWORD, "vestibule/"):
        assert leak not in response.text


async def test_an_unforeseen_fault_is_500_with_the_reference_of_its_header(world: World):
    world.hasher.fault = ZeroDivisionError("SELECT secret FROM shelf")
    response = await send(world, "POST", "auth/signin-email", json={"email": ADA, "password": PASSWORD})
    assert response.status_code == 500
    assert shape(response.json()) == {
        "errors": [
            {
                "origin": "server_error",
                "code": "internal_server_error",
                "message": "Something went wrong on the server. Reference: <reference>",
                "details": {},
            }
        ]
    }
    assert response.headers["x-request-id"] in response.text


async def test_one_entry_per_failing_field(world: World):
    body = {"email": "no-address", "password": "short"}
    response = await send(world, "POST", "auth/signup-email", json=body)
    assert [entry["details"]["field"] for entry in response.json()["errors"]] == ["email", "password"]
    body = {"email": ADA, "password": "short"}
    response = await send(world, "POST", "auth/signup-email", json=body)
    assert [entry["details"]["field"] for entry in response.json()["errors"]] == ["password"]


async def test_a_sign_up_with_its_arguments_turned_round_is_refused_and_not_kept(world: World):
    body = {"email": "Ada", "password": "ada@x.test", "nameOrUserData": PASSWORD}
    response = await send(world, "POST", "auth/signup-email", json=body)
    assert response.status_code == 400
    assert PASSWORD not in response.text
    assert "ada@x.test" not in response.text


async def test_nothing_that_was_sent_as_a_password_comes_back(world: World):
    for path, body in [
        ("auth/signup-email", {"email": ADA, "password": "tiny-1"}),
        ("auth/signin-email", {"email": ADA, "password": "canary-9-word"}),
    ]:
        response = await send(world, "POST", path, json=body)
        assert body["password"] not in response.text


@pytest.mark.parametrize("key", ["", "x", "null", "ck_" + "0" * 24 + "_" + "A" * 43, "\xff", "ak_" + "0" * 24])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_an_unknown_client_key_is_401_everywhere(world: World, method, path, key):
    headers = [(b"X-Client-Key", key.encode("latin-1"))]
    transport = httpx.ASGITransport(world.running.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.request(method, f"{API}/{path}", headers=headers)
    assert (response.status_code, code_of(response)) == (401, "invalid_client_key")
