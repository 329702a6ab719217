"""Every code of the house in this protocol's words."""

import json
import re

import pytest

from tests.protocols.simplejwt.calls import ADA, FORM, NO_USER, REFRESH, TOKEN, client, pair, post, send
from tests.world import PASSWORD, World
from vestibule.core.guard.model import PASSWORD_FAILURES
from vestibule.kernel.errors import KIND, Code, DomainError, Kind, refuse
from vestibule.protocols.simplejwt.errors import AT_SIGN_IN, AT_TOKEN, AT_VERIFY, WIRE, answer_of, fault_of

REASON = "what only the log may know"


@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("said", [None, AT_SIGN_IN, AT_TOKEN, AT_VERIFY])
def test_every_code_has_its_words(code, said):
    for fields in ({}, {"field": "f"}, {"retry_after_s": 3}, {"token_class": "AccessToken", "token_type": "access"}):
        status, body = answer_of(DomainError(code, dict(fields), REASON), said)
        text = json.dumps(body)
        assert 400 <= status <= 503
        assert set(body) <= {"detail", "code", "non_field_errors", "f", "messages"}
        assert REASON not in text
        assert not re.search(r"{\w", text)
        assert len(text) > len('{"detail": ""}')


def test_what_somebody_typed_is_put_in_as_it_is():
    status, body = answer_of(refuse(Code.CONTENT_TYPE_INVALID, media_type="{code}{0}%s"))
    assert (status, body) == (415, {"detail": 'Unsupported media type "{code}{0}%s" in request.'})


def test_statuses_follow_the_kinds():
    for code, words in WIRE.items():
        assert (words.status == 429) == (KIND[code] is Kind.LIMITED)
        assert (words.status >= 500) == (KIND[code] is Kind.UNAVAILABLE)
        assert KIND[code] is not Kind.UNAUTHENTICATED or words.status in {401, 403}


def test_a_wait_of_one_second_is_singular():
    said = [answer_of(refuse(Code.TOO_MANY_ATTEMPTS, retry_after_s=wait))[1]["detail"] for wait in (1, 2)]
    assert said == [f"Request was throttled. Expected available in {wait}." for wait in ("1 second", "2 seconds")]


def test_the_claim_that_ended_a_sliding_token_is_named():
    answer = answer_of(refuse(Code.TOKEN_EXPIRED, claim="refresh_exp"), AT_TOKEN)
    assert answer == (401, {"detail": "Token 'refresh_exp' claim has expired", "code": "token_not_valid"})


def test_a_fault_tells_its_reference_and_nothing_else():
    assert fault_of("4711") == (500, {"detail": "A server error occurred. Reference: 4711"})


# Through the door ---------------------------------------------------------------------------------


async def test_too_many_tries_say_when_to_come_back(world: World):
    for _ in range(PASSWORD_FAILURES.burst):
        assert (await post(world, TOKEN, username="ada", password="wrong-2-password")).json() == NO_USER
    async with client(world, Origin="http://localhost:3000") as http:
        response = await http.post(TOKEN, json=ADA)
    wait_s = int(response.headers["retry-after"])
    assert response.status_code == 429
    assert response.json() == {"detail": f"Request was throttled. Expected available in {wait_s} seconds."}
    assert response.headers["access-control-expose-headers"] == "Retry-After"
    assert "www-authenticate" not in response.headers


async def test_a_server_with_too_many_passwords_to_check_is_503(world: World):
    world.hasher.fault = refuse(Code.OVERLOADED, retry_after_s=2)
    response = await post(world, TOKEN, **ADA)
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert response.json() == {"detail": "The server is busy. Try again in a moment."}


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_a_fault_is_500_in_the_clients_shape(world: World, accept):
    world.hasher.fault = RuntimeError("canary-4711")
    async with client(world, Accept=accept, Origin="http://localhost:3000") as http:
        response = await http.post(TOKEN, json=ADA)
    assert response.status_code == 500
    assert response.headers["content-type"].startswith(accept)
    assert response.headers["x-request-id"] in response.text
    assert "canary" not in response.text
    assert response.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("APPLICATION/JSON", 200),
        ("application/*", 200),
        ("*/*", 200),
        ("application/xml, */*;q=0.1", 200),
        ("text/html;q=0.1, application/json", 200),
        ("application/json;q=0", 200),
        ("application/json, text/plain, */*", 200),
        ("application/xml", 406),
        ("text/plain, application/xml", 406),
        ("garbage", 406),
        ("*", 406),
        ("", 406),
        (",;=" * 10_000, 406),
    ],
    ids=range(14),
)
async def test_json_is_given_to_whoever_takes_it(world: World, accept, status):
    response = await send(world, "POST", TOKEN, json=ADA, headers={"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    if status == 406:
        assert response.json() == {"detail": "Could not satisfy the request Accept header."}
        assert response.headers["allow"] == "POST, OPTIONS"


async def test_json_is_indented_on_demand(world: World):
    for asked, found in [("4", "\n    "), ("99", "\n        "), ("0", '{"'), ("-1", '{"'), ("x", '{"'), ("²", '{"')]:
        headers = {b"Accept": f"application/json; indent={asked}".encode("latin-1")}
        response = await send(world, "POST", TOKEN, json={}, headers=headers)
        assert found in response.text
        assert ("\n" in response.text) == found.startswith("\n")


@pytest.mark.parametrize(
    ("wanted", "status", "kind"),
    [("json", 405, "application/json"), ("api", 405, "text/html; charset=utf-8"), ("xml", 404, "application/json")],
)
async def test_the_query_may_name_the_format(world: World, wanted, status, kind):
    response = await send(world, "GET", f"{TOKEN}?format={wanted}", headers={"Accept": "*/*"})
    assert (response.status_code, response.headers["content-type"]) == (status, kind)


async def test_no_refusal_echoes_a_secret(world: World):
    refresh = (await pair(world))["refresh"]
    for content, headers in [
        (f"username={PASSWORD}", FORM),
        (json.dumps({"username": [PASSWORD], "password": PASSWORD}), {"Content-Type": "application/json"}),
        (f'{{"password": "{PASSWORD}', {"Content-Type": "application/json"}),
    ]:
        response = await send(world, "POST", TOKEN, content=content, headers=headers)
        assert response.status_code == 400
        assert PASSWORD not in response.text
    assert refresh not in (await post(world, REFRESH, refresh=refresh[:-2])).text
