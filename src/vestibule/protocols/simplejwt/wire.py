"""Shapes of the SimpleJWT protocol: JSON, forms and multipart in, JSON out."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec
from starlette.formparsers import MultiPartException, MultiPartParser

from vestibule.core.accounts.model import Person, UserStatus
from vestibule.core.messages.model import MessageKind
from vestibule.core.tokens.model import Pair
from vestibule.gate import Call
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import Code, DomainError, all_of, refuse

PARSED = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
MAX_DEPTH = 32
"""Objects and lists inside each other."""
MAX_FIELDS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")

NOTICES = {
    MessageKind.TOKEN_REUSED: (
        "Someone used an old copy of the key that kept one of your devices signed in, so that sign-in was ended."
        " If it was not you, change your password."
    )
}
"""What could not be said by mail, in words."""


@dataclass(frozen=True, slots=True)
class Field:
    """A text field of an endpoint."""

    name: str
    is_secret: bool = False
    """A password: what stands around it belongs to it."""
    is_answer: bool = False
    """Only in answers."""


# What came in ---------------------------------------------------------------------------------------


async def read_fields(call: Call, fields: tuple[Field, ...]) -> dict[str, str]:
    """The texts of a body.

    Raises: body_invalid, body_too_large, body_too_slow, content_type_invalid; field_required and field_invalid with
        every problem of every field.
    """
    data = await _read_body(call)
    if not isinstance(data, dict):
        told = "No data provided" if data is None else f"Invalid data. Expected a dictionary, but got {_kind(data)}."
        raise refuse(Code.BODY_INVALID, detail=told, about_all=1)
    asked = [field for field in fields if not field.is_answer]
    problems = [problem for field in asked for problem in _problems(field.name, data)]
    if refusal := all_of(problems):
        raise refusal
    return {field.name: str(data[field.name]) if field.is_secret else str(data[field.name]).strip() for field in asked}


def _problems(name: str, data: dict[str, object]) -> Iterator[DomainError]:
    """What is wrong with one text field; a number is a text too."""
    if name not in data:
        yield refuse(Code.FIELD_REQUIRED, field=name)
        return
    value = data[name]
    if value is None:
        yield _problem(name, "This field may not be null.")
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        yield _problem(name, "Not a valid string.")
    elif not str(value).strip():
        yield _problem(name, "This field may not be blank.")
    else:
        if "\x00" in str(value):
            yield _problem(name, "Null characters are not allowed.")
        if half := _SURROGATE.search(str(value)):
            yield _problem(name, f"Surrogate characters are not allowed: U+{ord(half[0]):X}.")


def _problem(name: str, problem: str) -> DomainError:
    return refuse(Code.FIELD_INVALID, field=name, problem=problem)


def _kind(value: object) -> str:
    return type(value).__name__


async def _read_body(call: Call) -> object:
    body = await call.body(call.gate.body_max_bytes)
    if not body:
        return {}
    match call.media_type:
        case "application/json":
            return _read_json(body)
        case "application/x-www-form-urlencoded":
            return _read_form(body)
        case "multipart/form-data":
            return await _read_multipart(call, body)
        case _:
            raise refuse(Code.CONTENT_TYPE_INVALID, media_type=call.header("content-type"))


def _read_json(body: bytes) -> object:
    try:
        value = json.loads(body.decode(), object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _unreadable("JSON", "nested too deep") from error
    except ValueError as error:
        raise _unreadable("JSON", str(error)) from error
    if not _is_shallow(value, MAX_DEPTH):
        raise _unreadable("JSON", "nested too deep")
    return value


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"Out of range float values are not JSON compliant: {name}")


def _is_shallow(value: object, depth: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return parts is None or (depth > 0 and all(_is_shallow(part, depth - 1) for part in parts))


def _read_form(body: bytes) -> object:
    try:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise _unreadable("Form", "too many fields") from error
    return _gathered(pairs)


async def _read_multipart(call: Call, body: bytes) -> object:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(call.multipart_headers, pieces(), max_files=MAX_FIELDS, max_fields=MAX_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise _unreadable("Multipart form", "malformed") from error
    found = _gathered(form.multi_items())
    await form.close()
    return found


def _gathered(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Fields by name; one that came twice is a list, which no field takes."""
    found: dict[str, list[object]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _unreadable(what: str, why: str) -> DomainError:
    return refuse(Code.BODY_INVALID, detail=f"{what} parse error - {why}")


# What goes out --------------------------------------------------------------------------------------


def json_of(value: object, indent: int) -> bytes:
    """A body as JSON, for machines or, indented, for people."""
    packed = msgspec.json.encode(value)
    return msgspec.json.format(packed, indent=indent) if indent else packed


def first_pair_of(pair: Pair) -> Mapping[str, object]:
    """The answer to a sign-in."""
    return {"refresh": pair.refresh, "access": pair.access} | _notices_of(pair)


def sliding_of(pair: Pair) -> Mapping[str, object]:
    """The answer to a sign-in with a sliding token."""
    return {"token": pair.access} | _notices_of(pair)


def _notices_of(pair: Pair) -> dict[str, object]:
    told = [{"code": kind, "detail": NOTICES[MessageKind(kind)]} for kind in pair.notices]
    return {"notices": told} if told else {}


def next_pair_of(pair: Pair) -> Mapping[str, object]:
    """The answer to a refresh; without rotation, the access token alone."""
    return {"access": pair.access} | ({"refresh": pair.refresh} if pair.refresh else {})


def profile_of(person: Person, shown_id: str) -> dict[str, object]:
    """The signed-in user, with nothing that is a secret."""
    user, first_name, last_name = person.user, _profile_text(person, "first_name"), _profile_text(person, "last_name")
    shown = {
        "id": _number(shown_id) if shown_id != user.id else shown_id,
        "username": person.username or person.email,
        "email": person.email,
        "first_name": first_name,
        "last_name": last_name,
        "date_joined": iso(user.created_at_ms),
        "last_login": iso(user.last_sign_in_at_ms) if user.last_sign_in_at_ms else None,
        "is_active": user.status is UserStatus.ACTIVE,
    }
    return {"user": shown, "first_name": first_name, "last_name": last_name, "email": person.email}


def _profile_text(person: Person, name: str) -> str:
    value = person.user.profile.get(name)
    return value if isinstance(value, str) else ""


def _number(old_key: str) -> int | str:
    """The key of an imported row as its own tables have it."""
    return int(old_key) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", old_key) else old_key
