"""Uploads as the client really sends them, and public files as browsers may have them."""

import io
import json
import re
import unicodedata
from urllib.parse import quote, unquote

import httpx
import pytest
from PIL import Image

from tests.protocols.altogic.calls import code_of, send, signed_in
from tests.world import ORIGIN, World

OCTETS = {"options": '{"contentType":"application/octet-stream"}'}


@pytest.fixture
async def headers(world: World):
    return {"Session": await signed_in(world)}


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


async def _upload(world: World, headers, name: str = "a.txt", query: dict[str, str] | None = None, **request):
    params = {"bucket": "root", "fileName": name, **(query or {})}
    asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in params.items())
    return await send(world, "POST", f"storage/bucket/upload-object?{asked}", headers=headers, **request)


async def _content(world: World, headers, name: str = "a.txt") -> bytes:
    response = await send(
        world, "POST", "storage/bucket/file/download", json={"bucket": "root", "file": name}, headers=headers
    )
    assert response.status_code == 200
    return response.content


@pytest.mark.parametrize(
    ("sent", "query", "kept"),
    [
        ("hello", {}, b"hello"),
        ("grüß 🎓", {}, "grüß 🎓".encode()),
        ({"type": "Buffer", "data": [0, 1, 255]}, OCTETS, b"\x00\x01\xff"),
        ({"type": "Buffer", "data": []}, OCTETS, b""),
        ({"0": 0, "1": 1, "2": 255}, OCTETS, b"\x00\x01\xff"),
        ({"0": 0, "2": 1}, OCTETS, b'{"0":0,"2":1}'),
        ({"0": 65}, {}, b'{"0":65}'),
        ({"a": [1, 2]}, {}, b'{"a":[1,2]}'),
        ([1, 2], {}, b"[1,2]"),
        ({}, {}, b"{}"),
        ({}, {"options": '{"contentType":"application/json"}'}, b"{}"),
    ],
)
async def test_an_object_upload_keeps_what_was_meant(world: World, headers, sent, query, kept):
    response = await _upload(world, headers, query=query, json=sent)
    assert response.status_code == 200
    assert await _content(world, headers) == kept
    assert response.json()["size"] == len(kept)


async def test_an_empty_text_is_an_empty_file(world: World, headers):
    response = await _upload(world, {**headers, "Content-Type": "text/plain;charset=UTF-8"}, content=b"")
    assert (response.status_code, response.json()["size"]) == (200, 0)
    assert await _content(world, headers) == b""


async def test_a_raw_body_of_another_client_is_kept_raw(world: World, headers):
    response = await _upload(
        world, {**headers, "Content-Type": "application/octet-stream"}, query=OCTETS, content=b"\x00{}"
    )
    assert response.status_code == 200
    assert await _content(world, headers) == b"\x00{}"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"type": "Buffer", "data": [256]},
        {"type": "Buffer", "data": ["a"]},
        {"type": "Buffer", "data": [-1]},
        {"0": 300},
    ],
)
async def test_lost_bytes_are_refused(world: World, headers, sent):
    response = await _upload(world, headers, query=OCTETS, json=sent)
    assert (response.status_code, code_of(response)) == (400, "file_upload_error")


async def test_nodes_form_data_is_refused_with_the_cause(world: World, headers):
    sent = {**headers, "Content-Type": "text/plain;charset=UTF-8"}
    params = {"bucket": "root", "fileName": "a.txt"}
    response = await send(
        world, "POST", "storage/bucket/upload-formdata", params=params, headers=sent, content=b"[object FormData]"
    )
    assert (response.status_code, code_of(response)) == (400, "file_upload_error")
    assert "FormData" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("part", ["file", "avatar", "", "a[b]"])
async def test_the_first_file_of_a_form_is_taken_whatever_its_name(world: World, headers, part):
    files = [
        ("text", (None, b"no file")),
        (part, ("b.txt", b"hello", "text/plain")),
        ("more", ("c.txt", b"x", "text/plain")),
    ]
    params = {"bucket": "root", "fileName": ""}
    response = await send(world, "POST", "storage/bucket/upload-formdata", params=params, headers=headers, files=files)
    assert (response.status_code, response.json()["fileName"]) == (200, "b.txt")
    assert await _content(world, headers, "b.txt") == b"hello"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x--",
        b"--x\r\n\r\n",
        b"junk",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n",
        b"\x00" * 500,
    ],
)
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary="]
)
async def test_a_broken_form_is_refused(world: World, headers, body, content_type):
    response = await send(
        world,
        "POST",
        "storage/bucket/upload-formdata?bucket=root&fileName=a",
        headers={**headers, "Content-Type": content_type},
        content=body,
    )
    assert (response.status_code, code_of(response)) == (400, "file_upload_error")


async def test_an_upload_needs_a_session(world: World):
    response = await _upload(world, {}, json="x")
    assert (response.status_code, code_of(response)) == (401, "missing_session_token")


async def test_the_apps_server_uploads(world: World):
    response = await _upload(world, {"Authorization": world.api_key}, json="x")
    assert response.status_code == 200
    assert "userId" not in response.json()


async def test_strangers_upload_where_the_app_says_so(world: World):
    await world.house.apps.set_policy(world.app, "anonymous_upload", True, ORIGIN)
    assert (await _upload(world, {}, json="x")).status_code == 200


async def test_a_file_over_the_limit_is_413(world: World, headers):
    await world.house.apps.set_policy(world.app, "file_max_bytes", 1000, ORIGIN)
    assert (await _upload(world, headers, json="x" * 1000)).status_code == 200
    response = await _upload(world, headers, json="x" * 1001)
    assert (response.status_code, code_of(response)) == (413, "request_body_size_too_large")


async def test_five_megabytes_work(world: World, headers):
    response = await _upload(
        world, {**headers, "Content-Type": "application/octet-stream"}, query=OCTETS, content=b"\x01" * 5_000_000
    )
    assert (response.status_code, response.json()["size"]) == (200, 5_000_000)


async def test_an_equal_name_gets_a_suffix(world: World, headers):
    names = [(await _upload(world, headers, json="x")).json()["fileName"] for _ in range(2)]
    assert names == ["a.txt", "a-1.txt"]


async def test_another_bucket_is_refused(world: World, headers):
    response = await _upload(world, headers, query={"bucket": "photos"}, json="x")
    assert (response.status_code, code_of(response)) == (404, "bucket_not_found")


# Public files -------------------------------------------------------------------------------------


async def _get(url: str, world: World, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.running.asgi)) as client:
        return await client.request(method, url)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_public_file_needs_nothing_and_is_never_a_document(world: World, headers, method):
    file = (
        await _upload(world, headers, "x.html", {"options": '{"contentType":"text/html"}'}, json="<script>1</script>")
    ).json()
    response = await _get(file["publicPath"], world, method)
    assert response.status_code == 200
    assert response.content == (b"<script>1</script>" if method == "GET" else b"")
    assert response.headers["content-length"] == "18"
    assert response.headers["content-type"] == "text/html"
    assert response.headers["content-disposition"].startswith("attachment; ")
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["sandbox", "default-src 'none'"]
    assert not [directive for directive in policy if directive.startswith(("script", "connect", "form", "frame"))]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in response.headers


async def test_a_picture_is_shown_inline(world: World, headers):
    sent = {**headers, "Content-Type": "image/png"}
    file = (await _upload(world, sent, "a.png", {"options": '{"contentType":"image/png"}'}, content=_png())).json()
    response = await _get(file["publicPath"], world)
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-disposition"].startswith("inline; ")
    assert response.content[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "said",
    ["image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/pdf", "x/y", "", "a/b\r\nX: y"],
)
async def test_what_a_browser_could_run_is_an_attachment(world: World, headers, said):
    query = {"options": json.dumps({"contentType": said})}
    file = (await _upload(world, headers, "x", query, json="<svg onload=alert(1)>")).json()
    response = await _get(file["publicPath"], world)
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert "x" not in dict(response.headers)


async def test_a_private_file_is_not_served(world: World, headers):
    file = (await _upload(world, headers, query={"options": '{"isPublic":false}'}, json="secret")).json()
    response = await _get(file["publicPath"], world)
    assert (response.status_code, code_of(response)) == (404, "file_not_found")
    assert await _content(world, headers) == b"secret"


async def test_a_private_file_is_unknown_to_others(world: World, headers):
    await _upload(world, headers, query={"options": '{"isPublic":false}'}, json="secret")
    eve = {"Session": await signed_in(world, "eve@acme.test")}
    named = {"bucket": "root", "file": "a.txt"}
    for who in (eve, {}):
        for path in ("get", "download", "delete"):
            response = await send(world, "POST", f"storage/bucket/file/{path}", json=named, headers=who)
            assert (response.status_code, code_of(response)) == (404, "file_not_found")
        assert (await send(world, "POST", "storage/bucket/file/exists", json=named, headers=who)).json() is False


async def test_a_public_file_of_another_is_not_deleted(world: World, headers):
    await _upload(world, headers, json="mine")
    eve = {"Session": await signed_in(world, "eve@acme.test")}
    response = await send(
        world, "POST", "storage/bucket/file/delete", json={"bucket": "root", "file": "a.txt"}, headers=eve
    )
    assert (response.status_code, code_of(response)) == (403, "permission_denied")


async def test_a_deleted_file_is_gone(world: World, headers):
    file = (await _upload(world, headers, json="x")).json()
    await send(
        world, "POST", "storage/bucket/file/delete", json={"bucket": "root", "file": file["_id"]}, headers=headers
    )
    assert (await _get(file["publicPath"], world)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_public_path_is_read_only(world: World, headers, method):
    file = (await _upload(world, headers, json="x")).json()
    response = await _get(file["publicPath"], world, method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_a_public_path_of_another_app_is_unknown(world: World, headers):
    file = (await _upload(world, headers, json="x")).json()
    foreign = file["publicPath"].replace(f"/e:{world.app.id}", "/e:" + "0" * 24, 1)
    assert (await _get(foreign, world)).status_code == 404
    assert (await _get(file["publicPath"].replace(f"/e:{world.app.id}", "", 1), world)).status_code == 200


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "/",
        "/%2e%2e",
        "/%00",
        "/a/b/c",
        "/" + "0" * 24 + "/" + "0" * 32,
        "/a/b?x=1",
        "/%ff/x",
        "//",
        "/" + "x" * 5000,
    ],
)
async def test_what_is_no_path_of_a_file_is_404(world: World, tail):
    response = await _get(f"http://localhost/_storage/{world.app.id}{tail}", world)
    assert (response.status_code, code_of(response)) == (404, "file_not_found")


NAMES = [
    "a.txt",
    "a b.txt",
    "ä.png",
    "日本語.pdf",
    "🎓.txt",
    'quo"te.txt',
    "semi;colon.txt",
    "per%cent.txt",
    "per%22.txt",
    "com,ma.txt",
    "'single'.txt",
    "<b>.html",
    "a&b.txt",
    "a=b.txt",
    "$(x).sh",
    "`x`.sh",
    "x" * 255,
    "..txt",
    "...",
    "-rf",
    ".htaccess",
    "CON",
    "a\u200db.txt",
    "e\u0301.txt",
    "a*b?.txt",
    "filename*=UTF-8''x",
    "a#b",
    "~",
    "a|b",
    "{x}",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_goes_out_as_rfc_6266_has_it(world: World, headers, name):
    file = (await _upload(world, headers, name, json="x")).json()
    assert file["fileName"] == unicodedata.normalize("NFC", name)
    disposition = (await _get(file["publicPath"], world)).headers["content-disposition"]
    match = re.fullmatch(
        r"(?:inline|attachment); filename=\"([^\"\\%\x00-\x1f\x7f-\xff]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]*)",
        disposition,
    )
    assert match is not None
    assert unquote(match[2]) == file["fileName"]
    assert disposition.isascii()


@pytest.mark.parametrize(
    "name",
    [
        "../a",
        "a/b",
        "/etc/passwd",
        "..",
        ".",
        "a\\b",
        "..\\..\\x",
        "a\r\nSet-Cookie: x=1",
        "a\x00b",
        "\u202egpj.exe",
        "a\u2028b",
        "x" * 256,
        "\x1b[31m",
        "\ufeffa",
        " / ",
    ],
)
async def test_a_name_that_names_no_file_is_refused(world: World, headers, name):
    response = await _upload(world, headers, name, json="x")
    assert (response.status_code, code_of(response)) == (400, "validation_error")
