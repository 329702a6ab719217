"""Shapes of the Altogic protocol: JSON in, JSON out."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from vestibule.core.accounts import fields
from vestibule.core.accounts.model import Person
from vestibule.core.apps.model import App
from vestibule.core.files.model import StoredFile
from vestibule.core.sessions.model import Session
from vestibule.core.signin.door import Opened
from vestibule.gate import Call
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.origin import Origin, Version
from vestibule.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: always an app, perhaps its server, perhaps a user."""

    app: App
    key_id: str
    is_server: bool
    origin: Origin


async def read_object(call: Call) -> dict[str, object]:
    """The JSON object of a body; nothing at all counts as an empty one.

    Raises: body_invalid, body_too_large, body_too_slow, content_type_invalid.
    """
    body = await call.body(call.gate.body_max_bytes)
    if not body.strip():
        return {}
    if call.media_type != "application/json":
        raise refuse(Code.CONTENT_TYPE_INVALID)
    value = read_json(body)
    if not isinstance(value, dict):
        raise refuse(Code.BODY_INVALID)
    return value


def read_json(body: bytes) -> object:
    """Any JSON value.

    Raises: body_invalid.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise refuse(Code.BODY_INVALID) from error


def text(body: dict[str, object], name: str) -> str:
    """A text field; an absent one is empty, and refused by whoever needs it.

    Raises: field_invalid.
    """
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise refuse(Code.FIELD_INVALID, field=name)
    return value or ""


def typed(body: dict[str, object], name: str) -> str:
    """A field as somebody filled it in: what is no text is empty, so that a form can name all that is wrong at once."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def required(body: dict[str, object], name: str) -> str:
    """A text field that must be there.

    Raises: field_required, field_invalid.
    """
    value = body.get(name)
    if value is None or value == "":
        raise refuse(Code.FIELD_REQUIRED, field=name)
    if not isinstance(value, str):
        raise refuse(Code.FIELD_INVALID, field=name)
    return value


def secret(body: dict[str, object], name: str) -> Secret[str]:
    """A password field."""
    return Secret(text(body, name))


def email_of(call: Call) -> str:
    """The unencoded address of a query: a blank was a plus, and an `&` in it is legal."""
    return (call.query_remainder("email") or "").replace(" ", "+").strip()


def reply(value: object, status: int = 200) -> Response:
    """A JSON answer. Always 200: the client's upload path takes nothing else."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def user_of(person: Person, app: App) -> dict[str, object]:
    """The user object."""
    return fields.show(person, app.policy)


def opened_of(opened: Opened, app: App) -> dict[str, object]:
    """User and session of somebody who just came in."""
    return {"user": user_of(opened.person, app), "session": session_of(opened.session, opened.token.reveal())}


def session_of(session: Session, token: str) -> dict[str, object]:
    """The session object; the token is the real one only for whoever holds it."""
    agent = session.agent
    return {
        "userId": session.user_id,
        "token": token,
        "creationDtm": iso(session.created_at_ms),
        "lastActiveDtm": iso(session.last_active_at_ms),
        "accessGroupKeys": [],
        "userAgent": {**_version(agent.browser), "device": _version(agent.device), "os": _version(agent.os)},
    }


def _version(version: Version) -> dict[str, str]:
    return {name: getattr(version, name) for name in Version.__slots__}


def file_of(file: StoredFile, public_path: str) -> dict[str, object]:
    """The file object."""
    shown: dict[str, object] = {
        "_id": file.id,
        "bucketId": file.bucket_id,
        "fileName": file.name,
        "isPublic": file.is_public,
        "size": file.size_bytes,
        "encoding": "7bit",
        "mimeType": file.mime_type,
        "publicPath": public_path,
        "uploadedAt": iso(file.uploaded_at_ms),
        "updatedAt": iso(file.updated_at_ms),
        "tags": list(file.tags),
    }
    return shown | ({"userId": file.user_id} if file.user_id else {})
