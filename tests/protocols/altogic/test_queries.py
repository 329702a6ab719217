"""Query strings: the client puts addresses and keys into the path as they are."""

import pytest

from tests.protocols.altogic.calls import code_of, send, signed_in
from tests.world import World


def _asked_for(world: World) -> list[str]:
    return [mail.to for mail in world.channel.sent]


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("email=ada@acme.test", "ada@acme.test"),
        ("email=ada+news@acme.test", "ada+news@acme.test"),
        ("email=ada%2Bnews@acme.test", "ada+news@acme.test"),
        ("email=ada%20news@acme.test", "ada+news@acme.test"),
        ("email=ada%40acme.test", "ada@acme.test"),
        ("email=a&b@acme.test", "a&b@acme.test"),
        ("email=a=b@acme.test", "a=b@acme.test"),
        ("email=a&email=b@acme.test", "a&email=b@acme.test"),
        ("email=ADA@Acme.Test", "ada@acme.test"),
        ("email=o'neil@acme.test", "o'neil@acme.test"),
        ("email=ada@b%C3%BCcher.test", "ada@xn--bcher-kva.test"),
    ],
)
async def test_an_address_is_read_as_the_person_typed_it(world: World, query, address):
    response = await send(world, "POST", f"auth/send-magic?{query}")
    assert (response.status_code, response.json()) == (200, None)
    await world.deliver()
    assert _asked_for(world) in ([address], [address.replace("a&email=b", "b")])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "email",
        "email=",
        "Email=ada@acme.test",
        "mail=x",
        "email=%ff%fe",
        "email=%00@a.test",
        "email=a@b@c.test",
        "email=ada@acme.test%0d%0aBcc:eve@acme.test",
        "email=undefined",
        "x" * 9000,
    ],
)
@pytest.mark.parametrize("path", ["auth/send-magic", "auth/send-reset", "auth/resend"])
async def test_what_is_no_address_is_refused(world: World, path, query):
    response = await send(world, "POST", f"{path}?{query}")
    assert (response.status_code, code_of(response)) == (400, "invalid_email_address")
    assert await world.deliver() == []


@pytest.mark.parametrize("key", ["", "null", "undefined", "%00", "%ff", "gr_x", "+", "a&key=b", "x" * 9000])
async def test_a_key_that_is_none_is_no_session_error(world: World, key):
    for method, path, body in [
        ("GET", "auth/grant", None),
        ("POST", "auth/reset-pwd", {"newPassword": "a-brand-new-3-x"}),
    ]:
        response = await send(world, method, f"{path}?key={key}", json=body)
        assert (response.status_code, code_of(response)) == (403, "invalid_access_token")


async def test_no_key_at_all(world: World):
    assert (await send(world, "GET", "auth/grant")).status_code == 403


@pytest.mark.parametrize(
    "options", ["", "undefined", "null", "{}", '{"contentType":5}', '{"tags":{"a":1}}', '{"isPublic":"yes"}']
)
async def test_upload_options_that_say_nothing(world: World, options):
    headers = {"Session": await signed_in(world)}
    params = {"bucket": "root", "fileName": "a.txt", "options": options}
    response = await send(world, "POST", "storage/bucket/upload-object", params=params, json="x", headers=headers)
    assert response.status_code == 200
    assert (response.json()["isPublic"], response.json()["tags"]) == (True, [])


@pytest.mark.parametrize("options", ["[]", "5", '"x"', "{", "NaN", "[" * 5000, "%ff"])
async def test_upload_options_that_are_none(world: World, options):
    headers = {"Session": await signed_in(world)}
    params = {"bucket": "root", "fileName": "a.txt", "options": options}
    response = await send(world, "POST", "storage/bucket/upload-object", params=params, json="x", headers=headers)
    assert response.status_code == 400
    assert code_of(response) in {"validation_error", "invalid_request_body_syntax"}
