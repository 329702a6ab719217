"""The auth part: /_api/rest/v1/auth/… (protocol page, part 2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.core.signin.model import Purpose
from vestibule.core.signin.signup import Wanted
from vestibule.gate import Call
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.secret import Secret
from vestibule.protocols.altogic.wire import (
    Caller,
    email_of,
    opened_of,
    read_object,
    required,
    secret,
    session_of,
    text,
    typed,
    user_of,
)

PublicHandler = Callable[[House, Call, Caller], Awaitable[object]]
SessionHandler = Callable[[House, Call, Caller, Current], Awaitable[object]]


async def sign_up_email(house: House, call: Call, caller: Caller) -> object:
    """POST signup-email."""
    body = await read_object(call)
    extra = body.get("nameOrUserData", body.get("name"))
    if isinstance(extra, str):
        values: dict[str, object] = {"name": extra}
    elif extra is None or isinstance(extra, dict):
        values = extra or {}
    else:
        raise refuse(Code.FIELD_INVALID, field="nameOrUserData")
    wanted = Wanted(typed(body, "email"), Secret(typed(body, "password")), values)
    signed_up = await house.sign_up.sign_up(caller.app, wanted, caller.origin)
    if signed_up.opened is not None:
        return opened_of(signed_up.opened, caller.app)
    return {"user": user_of(signed_up.person, caller.app), "session": None}


async def sign_in_email(house: House, call: Call, caller: Caller) -> object:
    """POST signin-email."""
    body = await read_object(call)
    opened = await house.password_sign_in.sign_in(
        caller.app, text(body, "email"), secret(body, "password"), caller.origin
    )
    return opened_of(opened, caller.app)


def _send(purpose: Purpose) -> PublicHandler:
    async def send(house: House, call: Call, caller: Caller) -> object:
        await house.links.send(caller.app, purpose, email_of(call), caller.origin)
        return None

    return send


async def grant(house: House, call: Call, caller: Caller) -> object:
    """GET grant?key=."""
    opened = await house.grants.redeem(caller.app, call.query_value("key") or "", caller.key_id, caller.origin)
    return opened_of(opened, caller.app)


async def reset_password(house: House, call: Call, caller: Caller) -> object:
    """POST reset-pwd?key=."""
    body = await read_object(call)
    token = call.query_value("key") or ""
    await house.changes.reset_password(caller.app, token, secret(body, "newPassword"), caller.origin)
    return None


async def change_password(house: House, call: Call, caller: Caller, current: Current) -> object:
    """POST change-pwd."""
    body = await read_object(call)
    await house.changes.change_password(
        current, secret(body, "newPassword"), secret(body, "oldPassword"), caller.origin
    )
    return None


async def change_email(house: House, call: Call, caller: Caller, current: Current) -> object:
    """POST change-email: the bare user, unchanged until the new address confirms."""
    body = await read_object(call)
    person = await house.changes.change_email(
        current, text(body, "newEmail"), secret(body, "currentPassword"), caller.origin
    )
    return user_of(person, caller.app)


async def sign_out(house: House, call: Call, caller: Caller, current: Current) -> object:
    """POST signout {token?}."""
    body = await read_object(call)
    token = None if body.get("token") is None else required(body, "token")
    await house.sessions.sign_out(current, token, caller.origin)
    return None


async def sign_out_all(house: House, call: Call, caller: Caller, current: Current) -> object:
    """POST signout-all."""
    await call.discard()
    await house.sessions.sign_out_all(current, caller.origin)
    return None


async def sign_out_all_except(house: House, call: Call, caller: Caller, current: Current) -> object:
    """POST signout-all-except."""
    await call.discard()
    await house.sessions.sign_out_all(current, caller.origin, keep_current=True)
    return None


async def sessions(house: House, call: Call, caller: Caller, current: Current) -> object:
    """GET sessions: the caller's own token, and for the others a handle that only signs them out."""
    own = call.header("session")
    listed = await house.sessions.list(current)
    return [session_of(each, own if each.id == current.session.id else each.handle) for each in listed]


async def user(house: House, call: Call, caller: Caller, current: Current) -> object:
    """GET user."""
    return user_of(current.person, caller.app)


PUBLIC: dict[tuple[str, str], PublicHandler] = {
    ("POST", "auth/signup-email"): sign_up_email,
    ("POST", "auth/signin-email"): sign_in_email,
    ("POST", "auth/resend"): _send(Purpose.EMAIL_CONFIRM),
    ("POST", "auth/send-magic"): _send(Purpose.MAGIC_LINK),
    ("POST", "auth/send-reset"): _send(Purpose.RESET_PASSWORD),
    ("GET", "auth/grant"): grant,
    ("POST", "auth/reset-pwd"): reset_password,
}

WITH_SESSION: dict[tuple[str, str], SessionHandler] = {
    ("POST", "auth/change-pwd"): change_password,
    ("POST", "auth/change-email"): change_email,
    ("POST", "auth/signout"): sign_out,
    ("POST", "auth/signout-all"): sign_out_all,
    ("POST", "auth/signout-all-except"): sign_out_all_except,
    ("GET", "auth/sessions"): sessions,
    ("GET", "auth/user"): user,
}
