"""Uploads as the client really sends them."""

import shutil
import threading
import tracemalloc

import pytest

from tests.protocols.altogic.calls import code_of, content, send, upload
from tests.world import ORIGIN, World
from vestibule.protocols.altogic import storage

JSON = {"Content-Type": "application/json"}
OCTETS = {"options": '{"contentType":"application/octet-stream"}'}


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
    response = await upload(world, headers, query=query, json=sent)
    assert response.status_code == 200
    assert await content(world, headers) == kept
    assert response.json()["size"] == len(kept)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b' {"type": "Buffer", "data": [0, 1, 255]}\n', b"\x00\x01\xff"),
        (b'{"type":"Buffer","data":[1],"more":[1]}', None),
        (b'{ "0": 7, "1": 8 }', b"\x07\x08"),
        (b'{"0":"a"}', None),
        (b'{"a": 1.00, "b": 123456789012345678901234567890}', None),
        (b"[" + b"[]," * 1000 + b"1]", None),
        (b'"a,b\\n\\u00e9"', "a,b\né".encode()),
    ],
)
async def test_json_that_is_no_bytes_is_kept_as_it_came(world: World, headers, sent, kept):
    assert (await upload(world, headers | JSON, query=OCTETS, content=sent)).status_code == 200
    assert await content(world, headers) == (sent if kept is None else kept)


@pytest.mark.parametrize("sent", [b"{", b'"', b'"a" b', b"[1,]", b" ", b"[" * 100_000, b'{"a":tru}', b'{"0":12'])
async def test_broken_json_is_refused(world: World, headers, sent):
    response = await upload(world, headers | JSON, query=OCTETS, content=sent)
    assert (response.status_code, code_of(response)) == (400, "invalid_request_body_syntax")


@pytest.mark.parametrize("length", [1, 20_000, 300_000])
async def test_long_lists_of_octets_arrive_whole(world: World, headers, length):
    data = bytes(number % 256 for number in range(length))
    for sent in ({"type": "Buffer", "data": list(data)}, {str(place): each for place, each in enumerate(data)}):
        file = (await upload(world, headers, query=OCTETS, json=sent)).json()
        assert await content(world, headers, file["fileName"]) == data


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"Buffer","data":[' + b"255," * 500_000 + b"1]}",
        b"{" + b",".join(b'"%d":255' % place for place in range(200_000)) + b"}",
        b"[" + b"[]," * 600_000 + b"1]",
        b'["' + b"a" * 2_000_000 + b'"]',
    ],
    ids=["Buffer", "Uint8Array", "lists", "text"],
)
def test_a_body_is_never_built_as_values(body):
    tracemalloc.start()
    storage._meant(body, "application/octet-stream", len(body))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(body)


async def test_bodies_are_decoded_beside_the_loop(world: World, headers, monkeypatch):
    threads, meant = set(), storage._meant
    monkeypatch.setattr(storage, "_meant", lambda *given: threads.add(threading.get_ident()) or meant(*given))
    assert (await upload(world, headers, json="x")).status_code == 200
    assert len(threads - {threading.get_ident()}) == 1


@pytest.mark.parametrize("path", ["upload-object", "upload-formdata"])
async def test_an_upload_is_charged_once_and_before_its_body_is_looked_at(world: World, headers, path):
    await world.house.apps.set_policy(world.app, "limits", {"upload/address/minute": 3}, ORIGIN)
    assert (await upload(world, headers, json="x")).status_code == 200
    media_type = "application/json" if path == "upload-object" else "multipart/form-data; boundary=x"
    broken = {"headers": {**headers, "Content-Type": media_type}, "content": b"{"}
    asked = f"storage/bucket/{path}?bucket=root&fileName=a.txt"
    answers = [await send(world, "POST", asked, **broken) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 429]


async def test_an_unknown_bucket_is_refused_before_the_body_is_looked_at(world: World, headers):
    response = await upload(world, headers | JSON, query={"bucket": "photos"}, content=b"{")
    assert (response.status_code, code_of(response)) == (404, "bucket_not_found")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_lost_bytes_are_an_error_and_no_cut_connection(world: World, headers, method):
    file = (await upload(world, headers, json="hello")).json()
    shutil.rmtree(world.running.store._path.parent / "files")
    named = {"bucket": "root", "file": "a.txt"}
    response = await send(world, "POST", "storage/bucket/file/download", json=named, headers=headers)
    assert (response.status_code, code_of(response)) == (404, "file_not_found")
    async with world.client() as client:
        response = await client.request(method, file["publicPath"])
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


async def test_an_empty_text_is_an_empty_file(world: World, headers):
    response = await upload(world, {**headers, "Content-Type": "text/plain;charset=UTF-8"}, content=b"")
    assert (response.status_code, response.json()["size"]) == (200, 0)
    assert await content(world, headers) == b""


async def test_a_raw_body_of_another_client_is_kept_raw(world: World, headers):
    response = await upload(
        world, {**headers, "Content-Type": "application/octet-stream"}, query=OCTETS, content=b"\x00{}"
    )
    assert response.status_code == 200
    assert await content(world, headers) == b"\x00{}"


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
    response = await upload(world, headers, query=OCTETS, json=sent)
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
    assert await content(world, headers, "b.txt") == b"hello"


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
    response = await upload(world, {}, json="x")
    assert (response.status_code, code_of(response)) == (401, "missing_session_token")


async def test_the_apps_server_uploads(world: World):
    response = await upload(world, {"Authorization": world.api_key}, json="x")
    assert response.status_code == 200
    assert "userId" not in response.json()


async def test_strangers_upload_where_the_app_says_so(world: World):
    await world.house.apps.set_policy(world.app, "anonymous_upload", True, ORIGIN)
    assert (await upload(world, {}, json="x")).status_code == 200


async def test_a_file_over_the_limit_is_413(world: World, headers):
    await world.house.apps.set_policy(world.app, "file_max_bytes", 1000, ORIGIN)
    assert (await upload(world, headers, json="x" * 1000)).status_code == 200
    response = await upload(world, headers, json="x" * 1001)
    assert (response.status_code, code_of(response)) == (413, "request_body_size_too_large")


async def test_five_megabytes_work(world: World, headers):
    response = await upload(
        world, {**headers, "Content-Type": "application/octet-stream"}, query=OCTETS, content=b"\x01" * 5_000_000
    )
    assert (response.status_code, response.json()["size"]) == (200, 5_000_000)


async def test_an_equal_name_gets_a_suffix(world: World, headers):
    names = [(await upload(world, headers, json="x")).json()["fileName"] for _ in range(2)]
    assert names == ["a.txt", "a-1.txt"]


async def test_another_bucket_is_refused(world: World, headers):
    response = await upload(world, headers, query={"bucket": "photos"}, json="x")
    assert (response.status_code, code_of(response)) == (404, "bucket_not_found")
