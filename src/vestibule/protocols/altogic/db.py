"""The users model as the client reads and writes it: db/object/… (protocol page, part 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.gate import Call
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.ids import UserId
from vestibule.protocols.altogic.wire import Caller, read_object, required, user_of

MODEL = "users"
OptionalHandler = Callable[[House, Call, Caller, Current | None], Awaitable[object]]


async def get(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST db/object/get: the own row; of others, and for nobody in particular, null."""
    body = await read_object(call)
    _check_model(body)
    wanted = required(body, "id")
    if current is not None and current.session.user_id == wanted:
        return user_of(current.person, caller.app)
    person = await house.users.find(caller.app, UserId(wanted)) if caller.is_server else None
    return None if person is None else user_of(person, caller.app)


async def update(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST db/object/update: the complete row after the change."""
    body = await read_object(call)
    values = body.get("values")
    if not isinstance(values, dict):
        raise refuse(Code.FIELD_INVALID if values is not None else Code.FIELD_REQUIRED, field="values")
    return await _change(house, caller, current, body, values)


async def update_fields(house: House, call: Call, caller: Caller, current: Current | None) -> object:
    """POST db/object/update-fields. The open fields are texts, so only `set` and `unset` make sense of them."""
    body = await read_object(call)
    updates = body.get("updates")
    if not isinstance(updates, list):
        raise refuse(Code.FIELD_INVALID if updates is not None else Code.FIELD_REQUIRED, field="updates")
    values: dict[str, object] = {}
    for each in updates:
        name, value = _instruction(each)
        values[name] = value
    return await _change(house, caller, current, body, values)


def _instruction(update: object) -> tuple[str, object]:
    field = update.get("field") if isinstance(update, dict) else None
    if not isinstance(update, dict) or not isinstance(field, str):
        raise refuse(Code.FIELD_REQUIRED, field="field")
    kind = update.get("updateType")
    if kind == "set":
        return field, update.get("value")
    if kind == "unset":
        return field, None
    raise refuse(Code.UPDATE_INVALID, field=field[:100])


async def _change(
    house: House, caller: Caller, current: Current | None, body: dict[str, object], values: dict[str, object]
) -> object:
    _check_model(body)
    user_id = UserId(required(body, "id"))
    if not caller.is_server:
        if current is None:
            raise refuse(Code.SESSION_MISSING)
        if current.session.user_id != user_id:
            raise refuse(Code.PERMISSION_DENIED)
    person = await house.users.change(caller.app, user_id, values, caller.origin)
    return user_of(person, caller.app)


def _check_model(body: dict[str, object]) -> None:
    model = required(body, "model")
    if model != MODEL:
        raise refuse(Code.MODEL_NOT_FOUND, model=model[:100])


WITH_OR_WITHOUT_SESSION: dict[tuple[str, str], OptionalHandler] = {
    ("POST", "db/object/get"): get,
    ("POST", "db/object/update"): update,
    ("POST", "db/object/update-fields"): update_fields,
}
