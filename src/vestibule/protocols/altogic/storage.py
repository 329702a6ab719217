"""Files: storage/bucket/… and public paths (protocol page, part 4)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response, StreamingResponse

from vestibule.core.files.files import Upload, inline_type
from vestibule.core.files.model import Bucket, StoredFile
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.gate import Call
from vestibule.kernel.errors import Code, refuse
from vestibule.protocols.altogic.wire import Caller, file_of, read_json, read_object, required

JSON_GROWTH = 4
"""A byte of a Node Buffer takes up to four characters of JSON: `255,`."""
LONGEST_ESCAPE = 6
"""Characters of JSON for one of text: `\\u000a`."""
MULTIPART_EXTRA_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024
"""How much JSON is made values of at a time: the interpreter is free again in a millisecond."""

_DECODERS = ThreadPoolExecutor(2, "upload")
_BUFFER = re.compile(rb'\{\s*"type"\s*:\s*"Buffer"\s*,\s*"data"\s*:\s*\[')
_BUFFER_END = re.compile(rb"\]\s*\}")
_Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]

Handler = Callable[[House, Call, Caller, Current | None], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Sent:
    """The bytes of an upload with the type that was said of them."""

    data: bytes
    mime_type: str
    name: str = ""


async def upload_form(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/upload-formdata."""
    bucket = await _permitted(house, call, caller, current)
    if call.media_type != "multipart/form-data":
        await call.discard()
        raise refuse(Code.FILE_UNREADABLE)
    body = await call.body(caller.app.policy.file_max_bytes + MULTIPART_EXTRA_BYTES)
    return await _store(house, call, caller, current, bucket, await _first_file(call, body), _options(call))


async def upload_object(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/upload-object: JSON that says what the client meant (section 4.5)."""
    bucket = await _permitted(house, call, caller, current)
    options = _options(call)
    wanted_type = options.get("contentType")
    mime_type = wanted_type if isinstance(wanted_type, str) and wanted_type else "text/plain;charset=UTF-8"
    max_bytes = caller.app.policy.file_max_bytes
    is_json = call.media_type == "application/json"
    data = await call.body(max_bytes * JSON_GROWTH if is_json else max_bytes)
    if is_json and data:
        data = await _decoded(data, mime_type, max_bytes)
    return await _store(house, call, caller, current, bucket, _Sent(data, mime_type), options)


async def exists(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/file/exists."""
    bucket, name = await _named(call)
    return await house.files.exists(caller.app, bucket, name, _reader(caller, current))


async def get(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/file/get."""
    bucket, name = await _named(call)
    return _shown(house, caller, await house.files.get(caller.app, bucket, name, _reader(caller, current)))


async def delete(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/file/delete."""
    bucket, name = await _named(call)
    await house.files.delete(caller.app, bucket, name, _reader(caller, current), caller.origin)
    return None


async def download(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/file/download: the raw bytes."""
    bucket, name = await _named(call)
    file, pieces = await house.files.open(caller.app, bucket, name, _reader(caller, current))
    return await _answer(call, pieces, _file_headers(file, cache="no-store"))


async def public_file(house: House, call: Call, app_id: str) -> Response:
    """GET /_storage/{envId}/{bucketId}/{key}: no key, no session, no cookie."""
    parts = call.path.removeprefix("/_storage/").split("/")
    if len(parts) != 3 or (app_id and parts[0] != app_id):
        raise refuse(Code.FILE_NOT_FOUND)
    app = await house.apps.get(parts[0])
    file, pieces = await house.files.open_public(app, parts[1], parts[2])
    return await _answer(call, pieces, _file_headers(file, cache="public, max-age=300"))


async def _answer(call: Call, pieces: AsyncGenerator[bytes, None], headers: dict[str, str]) -> Response:
    """A file, once its first bytes are here: what cannot be read is an error, not a cut connection."""
    first = await anext(pieces, b"")
    if call.method == "HEAD":
        await pieces.aclose()
        return Response(headers=headers)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return StreamingResponse(whole(), headers=headers)


async def _permitted(house: House, call: Call, caller: Caller, current: Current | None) -> Bucket:
    """Before the body is read: nobody makes us hold ten megabytes for nothing."""
    bucket = call.query_value("bucket") or ""
    return await house.files.permit(caller.app, bucket, _reader(caller, current), caller.origin)


def _reader(caller: Caller, current: Current | None) -> str | None:
    """Whose eyes a file is seen with: the server's (`*`), a user's, nobody's."""
    if caller.is_server:
        return "*"
    return None if current is None else current.session.user_id


async def _store(
    house: House,
    call: Call,
    caller: Caller,
    current: Current | None,
    bucket: Bucket,
    sent: _Sent,
    options: dict[str, object],
) -> object:
    is_public = options.get("isPublic")
    upload = Upload(
        bucket=bucket,
        name=_file_name(call) or sent.name,
        data=sent.data,
        mime_type=sent.mime_type,
        is_public=is_public if isinstance(is_public, bool) else None,
        tags=_tags(options.get("tags")),
        user_id=None if current is None else current.session.user_id,
        is_server=caller.is_server,
    )
    return _shown(house, caller, await house.files.upload(caller.app, upload, caller.origin))


def _file_name(call: Call) -> str:
    name = call.query_value("fileName") or ""
    return "" if name in {"undefined", "null"} else name


def _shown(house: House, caller: Caller, file: StoredFile) -> dict[str, object]:
    app_id = caller.app.id
    path = f"{house.env_url(app_id)}/_storage/{app_id}/{file.bucket_id}/{file.public_key}"
    return file_of(file, path)


async def _named(call: Call) -> tuple[str, str]:
    body = await read_object(call)
    return required(body, "bucket"), required(body, "file")


def _options(call: Call) -> dict[str, object]:
    text = call.query_value("options") or ""
    if text in {"", "undefined", "null"}:
        return {}
    value = read_json(text.encode(errors="replace"))
    if not isinstance(value, dict):
        raise refuse(Code.FIELD_INVALID, field="options")
    return value


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value[:100],)
    if isinstance(value, list):
        return tuple(tag[:100] for tag in value[:50] if isinstance(tag, str))
    return ()


async def _decoded(body: bytes, mime_type: str, max_bytes: int) -> bytes:
    """What `_meant` makes of a body, beside the loop.

    Raises: body_invalid, body_too_large, file_unreadable.
    """
    try:
        return await asyncio.get_running_loop().run_in_executor(_DECODERS, _meant, body, mime_type, max_bytes)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise refuse(Code.BODY_INVALID) from error


def _meant(body: bytes, mime_type: str, max_bytes: int) -> bytes:
    """The bytes behind what JSON.stringify made of a text, a Buffer or a Uint8Array; else the JSON as it came."""
    trimmed = body.strip()
    if trimmed.startswith(b'"'):
        _refuse_longer(len(trimmed) - 2 - (LONGEST_ESCAPE - 1) * trimmed.count(b"\\"), max_bytes)
        return msgspec.json.decode(body, type=str).encode()
    data = _buffer(trimmed)
    if data is None and not (mime_type.startswith("text/") or "json" in mime_type):
        data = _typed_array(trimmed)
    if data is not None:
        return data
    _refuse_longer(len(body), max_bytes)
    msgspec.json.decode(body, type=msgspec.Raw)
    return body


def _refuse_longer(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise refuse(Code.BODY_TOO_LARGE, max_bytes=max_bytes)


def _buffer(body: bytes) -> bytes | None:
    """The bytes of `{"type":"Buffer","data":[0,255]}`; None for anything else."""
    head, end = _BUFFER.match(body), body.find(b"]")
    if head is None or not _BUFFER_END.fullmatch(body, end):
        return None
    try:
        octets = (msgspec.json.decode(b"[%b]" % piece, type=list[_Octet]) for piece in _pieces(body, head.end(), end))
        return b"".join(map(bytes, octets))
    except msgspec.DecodeError as error:
        raise refuse(Code.FILE_UNREADABLE, "a Buffer holds something that is no byte") from error


def _typed_array(body: bytes) -> bytes | None:
    """The bytes of `{"0":0,"1":255}`; None for anything but such an object."""
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return None
    octets = bytearray()
    try:
        for piece in _pieces(body, 1, len(body) - 1):
            part = msgspec.json.decode(b"{%b}" % piece, type=dict[str, int])
            if any(key != str(place) for place, key in enumerate(part, len(octets))):
                return None
            octets += bytes(part.values())
    except msgspec.DecodeError:
        return None
    except ValueError as error:
        raise refuse(Code.FILE_UNREADABLE, "a Uint8Array holds something that is no byte") from error
    if not octets:
        # JSON.stringify of an ArrayBuffer or a Blob: the client has lost the bytes.
        raise refuse(Code.FILE_UNREADABLE, "an ArrayBuffer or Blob became {}")
    return bytes(octets)


def _pieces(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """A long list of numbers as short ones, cut at commas."""
    while start < end:
        cut = end if end - start <= PIECE_BYTES else body.rfind(b",", start, start + PIECE_BYTES)
        if cut < 0:
            raise msgspec.DecodeError("longer than any octet")
        yield body[start:cut]
        start = cut + 1


async def _first_file(call: Call, body: bytes) -> _Sent:
    """The first part that is a file, whatever its name."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = MultiPartParser(
        call.multipart_headers, pieces(), max_files=20, max_fields=100, max_part_size=MULTIPART_EXTRA_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise refuse(Code.FILE_UNREADABLE, "broken multipart body") from error
    try:
        for _, part in form.multi_items():
            if isinstance(part, UploadFile):
                mime_type = part.content_type or "application/octet-stream"
                return _Sent(await part.read(), mime_type, part.filename or "")
    finally:
        await form.close()
    raise refuse(Code.FILE_UNREADABLE, "no file among the parts")


def _file_headers(file: StoredFile, cache: str) -> dict[str, str]:
    """User content: never a document of our origin. Source: RFC 6266, RFC 8187."""
    kind = "inline" if inline_type(file.mime_type) else "attachment"
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in file.name)
    return {
        "Content-Type": file.mime_type,
        "Content-Length": str(file.size_bytes),
        "Content-Disposition": f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": cache,
    }


WITH_OR_WITHOUT_SESSION: dict[tuple[str, str], Handler] = {
    ("POST", "storage/bucket/upload-formdata"): upload_form,
    ("POST", "storage/bucket/upload-object"): upload_object,
    ("POST", "storage/bucket/file/exists"): exists,
    ("POST", "storage/bucket/file/get"): get,
    ("POST", "storage/bucket/file/delete"): delete,
    ("POST", "storage/bucket/file/download"): download,
}
