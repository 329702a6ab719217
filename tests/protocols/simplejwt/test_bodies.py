"""What comes in: JSON, forms and multipart, read as Django REST framework reads them."""

import json

import pytest

from tests.protocols.simplejwt.calls import ADA, CREDENTIALS, FORM, JSON, REFRESH, TOKEN, TOKEN_FIELDS, pair, post, send
from tests.world import PASSWORD, World
from vestibule.protocols.simplejwt.wire import MAX_DEPTH, MAX_FIELDS

REQUIRED = "This field is required."
ALL_FIELDS = [*((path, ("username", "password")) for path in CREDENTIALS), *((p, (name,)) for p, name in TOKEN_FIELDS)]
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def multipart(**fields: str) -> bytes:
    parts = (f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items())
    return "".join((*parts, "--b--\r\n")).encode()


async def sent(world: World, content: bytes, content_type: str | None = "application/json", path: str = TOKEN):
    headers = {} if content_type is None else {"Content-Type": content_type}
    return await send(world, "POST", path, content=content, headers=headers)


# Three ways of writing it -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (json.dumps(ADA).encode(), JSON),
        (json.dumps(ADA).encode(), {"Content-Type": "Application/JSON; Charset=UTF-8"}),
        (json.dumps({**ADA, "remember": True, "x": [{}]}).encode(), JSON),
        (f"username=ada&password={PASSWORD}".encode(), FORM),
        (f"username=ada&password={PASSWORD}&x=1&x=2".encode(), FORM),
        (multipart(**ADA), MULTIPART),
    ],
)
async def test_json_forms_and_multipart_say_the_same(world: World, content, headers):
    response = await send(world, "POST", TOKEN, content=content, headers=headers)
    assert (response.status_code, set(response.json())) == (200, {"access", "refresh"})


@pytest.mark.parametrize(("path", "name"), TOKEN_FIELDS)
async def test_tokens_come_in_forms_too_and_blanks_around_them_are_nothing(world: World, path, name):
    if path.startswith("/api/token/sliding/"):
        token = (await post(world, "/api/token/sliding/", **ADA)).json()["token"]
    else:
        token = (await pair(world))["refresh"]
    response = await send(world, "POST", path, data={name: f"  {token}\n"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain; charset=utf-8", "application/xml", "application/vnd.api+json", "garbage", "", None],
)
async def test_other_types_are_415_by_name(world: World, content_type):
    response = await sent(world, json.dumps(ADA).encode(), content_type)
    told = f'Unsupported media type "{content_type or ""}" in request.'
    assert (response.status_code, response.json()) == (415, {"detail": told})


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=b", None])
async def test_nothing_at_all_is_a_body_without_fields(world: World, content_type):
    response = await sent(world, b"", content_type)
    assert (response.status_code, response.json()) == (400, {"username": [REQUIRED], "password": [REQUIRED]})


# Fields -------------------------------------------------------------------------------------------

REFUSED = [
    ("", "This field may not be blank."),
    ("   ", "This field may not be blank."),
    ("\u2003\n", "This field may not be blank."),
    (None, "This field may not be null."),
    (True, "Not a valid string."),
    (False, "Not a valid string."),
    (["x"], "Not a valid string."),
    ([], "Not a valid string."),
    ({"x": 1}, "Not a valid string."),
    ({"$ne": None}, "Not a valid string."),
    ("a\x00b", "Null characters are not allowed."),
    ("\ud800", "Surrogate characters are not allowed: U+D800."),
    ("a\udfffb", "Surrogate characters are not allowed: U+DFFF."),
]


@pytest.mark.parametrize(("path", "names"), ALL_FIELDS)
async def test_a_field_that_is_no_text_is_refused_by_name(world: World, path, names):
    before = world.hasher.work
    for value, told in REFUSED:
        response = await sent(world, json.dumps(dict.fromkeys(names, value)).encode(), path=path)
        assert (response.status_code, response.json()) == (400, {name: [told] for name in names}), repr(value)
        assert "www-authenticate" not in response.headers
    response = await sent(world, b"{}", path=path)
    assert (response.status_code, response.json()) == (400, {name: [REQUIRED] for name in names})
    assert world.hasher.work == before


async def test_every_problem_is_told_at_once(world: World):
    response = await sent(world, json.dumps({"username": "\x00\ud800"}).encode())
    told = ["Null characters are not allowed.", "Surrogate characters are not allowed: U+D800."]
    assert response.json() == {"username": told, "password": [REQUIRED]}


async def test_a_number_is_a_text(world: World):
    assert (await post(world, TOKEN, username=12345678, password=1.5)).status_code == 401
    assert (await post(world, REFRESH, refresh=7)).json()["detail"] == "Token is invalid"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[1]", "Invalid data. Expected a dictionary, but got list."),
        (b"[]", "Invalid data. Expected a dictionary, but got list."),
        (b'"ada"', "Invalid data. Expected a dictionary, but got str."),
        (b"7", "Invalid data. Expected a dictionary, but got int."),
        (b"7.5", "Invalid data. Expected a dictionary, but got float."),
        (b"true", "Invalid data. Expected a dictionary, but got bool."),
        (b"null", "No data provided"),
    ],
)
async def test_what_is_no_object_is_refused_as_a_whole(world: World, content, told):
    for path, _ in ALL_FIELDS:
        response = await sent(world, content, path=path)
        assert (response.status_code, response.json()) == (400, {"non_field_errors": [told]})


# Broken and hostile bodies ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"username": ', "Expecting value: line 1 column 14 (char 13)"),
        (b"{'refresh': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"  ", "Expecting value: line 1 column 3 (char 2)"),
        (b"{}{}", "Extra data: line 1 column 3 (char 2)"),
        (b'{"username": "\xff\xfe"}', "'utf-8' codec can't decode byte 0xff in position 14: invalid start byte"),
        (b'\xef\xbb\xbf{"username": "ada"}', "Unexpected UTF-8 BOM"),
        ('{"username": "ada"}'.encode("utf-16"), "'utf-8' codec can't decode"),
        (b'{"username": NaN}', "Out of range float values are not JSON compliant: NaN"),
        (b'{"username": -Infinity}', "Out of range float values are not JSON compliant: -Infinity"),
        (b'{"username": "x", "username": "ada"}', "a name stands there twice"),
        (b'{"username": {"x": 1, "x": 2}}', "a name stands there twice"),
        (b"[" * 100_000, "nested too deep"),
        (b"[" * 33 + b"]" * 33, "nested too deep"),
        (b'{"username": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"username": "a\nb"}', "Invalid control character"),
    ],
    ids=range(15),
)
async def test_broken_json_is_refused_with_its_place(world: World, content, told):
    """Source: OWASP ASVS 1.5.2; RFC 8259 sections 4 and 8.1."""
    response = await sent(world, content)
    assert response.status_code == 400
    assert response.json()["detail"].startswith(f"JSON parse error - {told}")


async def test_depth_is_bounded_and_no_less(world: World):
    inner: object = "x"
    for _ in range(MAX_DEPTH - 1):
        inner = [inner]
    assert (await post(world, TOKEN, **ADA, more=inner)).status_code == 200
    assert (await post(world, TOKEN, **ADA, more=[inner])).status_code == 400


@pytest.mark.parametrize("name", ["username", "password"])
async def test_a_field_of_a_form_that_comes_twice_is_no_text(world: World, name):
    """Source: OWASP ASVS 15.3.7."""
    content = f"username=ada&password={PASSWORD}&{name}=x"
    response = await sent(world, content.encode(), FORM["Content-Type"])
    assert (response.status_code, response.json()) == (400, {name: ["Not a valid string."]})


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"username=%ff%fe&password=x", 401),
        (b"username=\xff&password=x", 401),
        (b"username=a%00b&password=x", 400),
        (b'{"username": "ada"}', 400),
        (b"&" * 50_000, 400),
        (b"x=1&" * (MAX_FIELDS + 1), 400),
        (b"=&=&=", 400),
        (b"%", 400),
    ],
)
async def test_a_hostile_form_is_no_fault(world: World, content, status):
    assert (await sent(world, content, FORM["Content-Type"])).status_code == status


async def test_the_charset_of_a_multipart_body_chooses_no_codec(world: World):
    """punycode takes minutes for a megabyte; as UTF-8 this is the password that was typed."""
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=punycode"}
    assert (await send(world, "POST", TOKEN, content=multipart(**ADA), headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (multipart(**ADA), "multipart/form-data"),
        (multipart(**ADA), "multipart/form-data; boundary="),
        (multipart(**ADA), "multipart/form-data; boundary=c"),
        (multipart(**ADA), "multipart/form-data; boundary=b; charset=nonsense\x01"),
        (b"--b\r\nContent-Disposition: form-data; nam", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"\x00" * 1000, "multipart/form-data; boundary=b"),
        (multipart(**{f"f{number}": "x" for number in range(MAX_FIELDS + 1)}), "multipart/form-data; boundary=b"),
        (multipart(**ADA), f"multipart/form-data; boundary={'b' * 5000}"),
    ],
    ids=range(9),
)
async def test_broken_multipart_is_no_fault(world: World, content, content_type):
    response = await sent(world, content, content_type)
    assert response.status_code in {200, 400} if "charset" in content_type else response.status_code == 400


async def test_a_file_is_no_text(world: World):
    files = {"username": ("a.txt", b"ada"), "password": (None, PASSWORD)}
    response = await send(world, "POST", TOKEN, files=files)
    assert (response.status_code, response.json()) == (400, {"username": ["Not a valid string."]})


async def test_a_body_beyond_the_limit_is_413(world: World):
    response = await sent(world, b'{"username": "' + b"x" * 2_000_000 + b'"}')
    assert response.status_code == 413
    assert response.json() == {"detail": "The body is larger than 1048576 bytes."}
    assert response.headers["connection"] == "close"


async def test_long_names_and_passwords_are_refused_like_wrong_ones(world: World):
    for body in ({"username": "x" * 10_000, "password": "x"}, {"username": "ada", "password": "x" * 10_000}):
        assert (await post(world, TOKEN, **body)).status_code == 401
