"""Public files as browsers may have them, private ones for their owners."""

import io
import json
import re
import unicodedata
from urllib.parse import unquote

import httpx
import pytest
from PIL import Image

from tests.protocols.altogic.calls import code_of, content, send, signed_in, upload
from tests.world import World

OCTETS = {"options": '{"contentType":"application/octet-stream"}'}


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


async def _get(url: str, world: World, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.running.asgi)) as client:
        return await client.request(method, url)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_public_file_needs_nothing_and_is_never_a_document(world: World, headers, method):
    file = (
        await upload(world, headers, "x.html", {"options": '{"contentType":"text/html"}'}, json="<script>1</script>")
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
    file = (await upload(world, sent, "a.png", {"options": '{"contentType":"image/png"}'}, content=_png())).json()
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
    file = (await upload(world, headers, "x", query, json="<svg onload=alert(1)>")).json()
    response = await _get(file["publicPath"], world)
    assert response.headers["content-disposition"].startswith("attachment; ")
    assert "x" not in dict(response.headers)


async def test_a_private_file_is_not_served(world: World, headers):
    file = (await upload(world, headers, query={"options": '{"isPublic":false}'}, json="secret")).json()
    response = await _get(file["publicPath"], world)
    assert (response.status_code, code_of(response)) == (404, "file_not_found")
    assert await content(world, headers) == b"secret"


async def test_a_private_file_is_unknown_to_others(world: World, headers):
    await upload(world, headers, query={"options": '{"isPublic":false}'}, json="secret")
    eve = {"Session": await signed_in(world, "eve@acme.test")}
    named = {"bucket": "root", "file": "a.txt"}
    for who in (eve, {}):
        for path in ("get", "download", "delete"):
            response = await send(world, "POST", f"storage/bucket/file/{path}", json=named, headers=who)
            assert (response.status_code, code_of(response)) == (404, "file_not_found")
        assert (await send(world, "POST", "storage/bucket/file/exists", json=named, headers=who)).json() is False


async def test_a_public_file_of_another_is_not_deleted(world: World, headers):
    await upload(world, headers, json="mine")
    eve = {"Session": await signed_in(world, "eve@acme.test")}
    response = await send(
        world, "POST", "storage/bucket/file/delete", json={"bucket": "root", "file": "a.txt"}, headers=eve
    )
    assert (response.status_code, code_of(response)) == (403, "permission_denied")


async def test_a_deleted_file_is_gone(world: World, headers):
    file = (await upload(world, headers, json="x")).json()
    await send(
        world, "POST", "storage/bucket/file/delete", json={"bucket": "root", "file": file["_id"]}, headers=headers
    )
    assert (await _get(file["publicPath"], world)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_public_path_is_read_only(world: World, headers, method):
    file = (await upload(world, headers, json="x")).json()
    response = await _get(file["publicPath"], world, method)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_a_public_path_of_another_app_is_unknown(world: World, headers):
    file = (await upload(world, headers, json="x")).json()
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
    file = (await upload(world, headers, name, json="x")).json()
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
    response = await upload(world, headers, name, json="x")
    assert (response.status_code, code_of(response)) == (400, "validation_error")
