"""Files: storage/bucket/… and public paths (protocol page, part 4)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response, StreamingResponse

from vestibule.core.files.files import Upload, inline_type
from vestibule.core.files.model import StoredFile
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.gate import Call
from vestibule.kernel.errors import Code, refuse
from vestibule.protocols.altogic.wire import Caller, file_of, read_json, read_object, required

JSON_GROWTH = 4
"""A byte of a Node Buffer takes up to four characters of JSON: `255,`."""
MULTIPART_EXTRA_BYTES = 64 * 1024

Handler = Callable[[House, Call, Caller, Current | None], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Sent:
    """The bytes of an upload with the type that was said of them."""

    data: bytes
    mime_type: str
    name: str = ""


async def upload_form(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/upload-formdata."""
    _must_be_allowed(caller, current)
    if call.media_type != "multipart/form-data":
        await call.discard()
        raise refuse(Code.FILE_UNREADABLE)
    body = await call.body(caller.app.policy.file_max_bytes + MULTIPART_EXTRA_BYTES)
    return await _store(house, call, caller, current, await _first_file(call, body), _options(call))


async def upload_object(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST storage/bucket/upload-object: JSON that says what the client meant (section 4.5)."""
    _must_be_allowed(caller, current)
    options = _options(call)
    body = await call.body(caller.app.policy.file_max_bytes * JSON_GROWTH)
    wanted_type = options.get("contentType")
    mime_type = wanted_type if isinstance(wanted_type, str) and wanted_type else "text/plain;charset=UTF-8"
    data = _meant(body, mime_type) if call.media_type == "application/json" and body else body
    return await _store(house, call, caller, current, _Sent(data, mime_type), options)


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
    return StreamingResponse(pieces, headers=_file_headers(file, cache="no-store"))


async def public_file(house: House, call: Call, app_id: str) -> Response:
    """GET /_storage/{envId}/{bucketId}/{key}: no key, no session, no cookie."""
    parts = call.path.removeprefix("/_storage/").split("/")
    if len(parts) != 3 or (app_id and parts[0] != app_id):
        raise refuse(Code.FILE_NOT_FOUND)
    app = await house.apps.get(parts[0])
    file, pieces = await house.files.open_public(app, parts[1], parts[2])
    headers = _file_headers(file, cache="public, max-age=300")
    if call.method == "HEAD":
        await pieces.aclose() if hasattr(pieces, "aclose") else None
        return Response(headers=headers)
    return StreamingResponse(pieces, headers=headers)


def _must_be_allowed(caller: Caller, current: Current | None) -> None:
    """Before the body is read: a stranger does not make us hold ten megabytes."""
    if current is None and not caller.is_server and not caller.app.policy.anonymous_upload:
        raise refuse(Code.SESSION_MISSING)


def _reader(caller: Caller, current: Current | None) -> str | None:
    """Whose eyes a file is seen with: the server's (`*`), a user's, nobody's."""
    if caller.is_server:
        return "*"
    return None if current is None else current.session.user_id


async def _store(
    house: House, call: Call, caller: Caller, current: Current | None, sent: _Sent, options: dict[str, object]
) -> object:
    is_public = options.get("isPublic")
    upload = Upload(
        bucket=call.query_value("bucket") or "",
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


def _meant(body: bytes, mime_type: str) -> bytes:
    """The bytes behind what JSON.stringify made of a text, a Buffer or a Uint8Array; else the JSON itself."""
    value = read_json(body)
    if isinstance(value, str):
        return value.encode(errors="surrogatepass") if value.isascii() else value.encode(errors="replace")
    if isinstance(value, dict):
        data = value.get("data")
        if value.keys() == {"type", "data"} and value["type"] == "Buffer" and isinstance(data, list):
            return _octets(data)
        is_text = mime_type.startswith("text/") or "json" in mime_type
        if not value and not is_text:
            # JSON.stringify of an ArrayBuffer or a Blob: the client has lost the bytes.
            raise refuse(Code.FILE_UNREADABLE, "an ArrayBuffer or Blob became {}")
        if value and not is_text and all(key == str(place) for place, key in enumerate(value)):
            return _octets(list(value.values()))
    return msgspec.json.encode(value)


def _octets(value: list[Any]) -> bytes:
    try:
        return bytes(value)
    except (TypeError, ValueError) as error:
        raise refuse(Code.FILE_UNREADABLE, "a Buffer holds something that is no byte") from error


async def _first_file(call: Call, body: bytes) -> _Sent:
    """The first part that is a file, whatever its name."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = MultiPartParser(
        call.request.headers, pieces(), max_files=20, max_fields=100, max_part_size=MULTIPART_EXTRA_BYTES
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
