"""What an administrator of this machine can ask of the house: one table, for the CLI and the control socket.

Arguments and answers are plain JSON. Who may ask is decided by the file system: the socket and the database
belong to the user that runs the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from vestibule.core.accounts.model import Person, name_of
from vestibule.core.admin.importing import OldUser, Wishes
from vestibule.core.admin.rotation import rotate
from vestibule.core.admin.users import NewUser
from vestibule.core.apps.apps import NewKey
from vestibule.core.apps.model import App, Environment, KeyKind
from vestibule.core.apps.policy import FIELD_NAMES, Policy
from vestibule.core.house import House
from vestibule.core.sessions.model import Session
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.secret import Secret
from vestibule.workers.arguments import ORIGIN, Arguments, Json, find_app
from vestibule.workers.signing import (
    KEY_SETTINGS,
    set_key,
    shown_signing_key,
    signing_key_list,
    signing_key_rotate,
    signing_key_set,
)

Member = TypeVar("Member", Environment, KeyKind)
NAMES = ("name", "first_name", "last_name")


Operation = Callable[[House, Arguments], Awaitable[Json]]


# Apps and keys -----------------------------------------------------------------------------------


async def app_create(house: House, given: Arguments) -> Json:
    """A new app with its first client key."""
    environment = _member(Environment, given.text("environment", "production"), "environment")
    policy = Policy(redirect_url=given.text("redirect_url", ""))
    app = await house.apps.create(given.text("name"), environment, policy, ORIGIN)
    key = await house.apps.create_key(app, KeyKind.CLIENT, "first", ORIGIN)
    return {**_app(house, app), "client_key": key.text}


async def app_list(house: House, _given: Arguments) -> Json:
    """Every app."""
    return [_app(house, app) for app in await house.apps.list()]


async def app_show(house: House, given: Arguments) -> Json:
    """One app with its policy; `changed` names the fields that are not the default."""
    app = await find_app(house, given)
    policy = {name: getattr(app.policy, name) for name in FIELD_NAMES}
    changed = [name for name, value in policy.items() if value != getattr(Policy(), name)]
    return {**_app(house, app), "policy": policy, "changed": changed, **await shown_signing_key(house, app)}


async def app_set(house: House, given: Arguments) -> Json:
    """Change one field of the policy, or the key that signs; with `default`, to what it is for a new app."""
    app = await find_app(house, given)
    field = given.text("field")
    if field in KEY_SETTINGS:
        return await set_key(house, app, field, given)
    if given.has("default"):
        app = await house.apps.set_default(app, field, ORIGIN)
    else:
        app = await house.apps.set_policy(app, field, given.values.get("value"), ORIGIN)
    return {"app_id": app.id, "field": field, "value": getattr(app.policy, field)}


async def key_create(house: House, given: Arguments) -> Json:
    """A new key; its text is shown now, and later only where the kind allows it."""
    app = await find_app(house, given)
    kind = _member(KeyKind, given.text("kind"), "kind")
    return _key(await house.apps.create_key(app, kind, given.text("name", kind.value), ORIGIN))


async def key_list(house: House, given: Arguments) -> Json:
    """Keys of an app."""
    return [_key(key) for key in await house.apps.list_keys(await find_app(house, given))]


async def key_revoke(house: House, given: Arguments) -> Json:
    """End a key at once."""
    app = await find_app(house, given)
    await house.apps.revoke_key(app, given.text("key"), ORIGIN)
    return {"key_id": given.text("key")}


async def keys_rotate(house: House, _given: Arguments) -> Json:
    """A new master key in front."""
    done = await rotate(house.store, house.clock, house.audit, house.apps, house.signing_keys, house.keys, ORIGIN)
    return {"key_id": done.key_id, "resealed": done.resealed}


async def operator_link(house: House, given: Arguments) -> Json:
    """A one-time link for the operator of an address, who is made if there is none."""
    user_id = await house.operators.ensure(given.text("email"), ORIGIN)
    token = await house.operators.link(user_id)
    return {"operator_url": operator_url(house.base_url, token)}


# Users and sessions ------------------------------------------------------------------------------


async def user_create(house: House, given: Arguments) -> Json:
    """A new user whose address, if any, counts as verified; without a password, a link to choose one."""
    app = await find_app(house, given)
    password = given.secret("password") if given.has("password") else None
    values: dict[str, object] = {name: given.text(name) for name in NAMES if given.has(name)}
    new = NewUser(given.text("email", ""), password, values, given.text("username", ""))
    person = await house.user_admin.create(app, new, ORIGIN)
    shown = _user(person) | {"last_sign_in_at": None}
    if password is None:
        shown["reset_url"] = await house.user_admin.reset_link(app, person.user.id, ORIGIN)
    return shown


async def user_list(house: House, given: Arguments) -> Json:
    """A page of users, oldest first."""
    app = await find_app(house, given)
    people = await house.user_admin.list(app, given.text("after", ""), given.number("limit", 50))
    return [_user(person) for person in people]


async def user_show(house: House, given: Arguments) -> Json:
    """One user."""
    app = await find_app(house, given)
    person = await house.user_admin.get(app, given.text("user"))
    return _user(person) | {"old_keys": await house.user_admin.old_keys(app, person.user.id)}


async def user_set_password(house: House, given: Arguments) -> Json:
    """A new password; every session ends and the user gets a notice."""
    app = await find_app(house, given)
    await house.user_admin.set_password(app, given.text("user"), given.secret("password"), ORIGIN)
    return {"user": given.text("user")}


async def user_reset_link(house: House, given: Arguments) -> Json:
    """A one-time link with which the user chooses a password."""
    app = await find_app(house, given)
    return {"reset_url": await house.user_admin.reset_link(app, given.text("user"), ORIGIN)}


async def user_set_username(house: House, given: Arguments) -> Json:
    """Another user name."""
    app = await find_app(house, given)
    changed = await house.user_admin.set_username(app, given.text("user"), given.text("username"), ORIGIN)
    return {"changed": changed}


async def user_roles(house: House, given: Arguments) -> Json:
    """Exactly these roles."""
    app = await find_app(house, given)
    changed = await house.user_admin.set_roles(app, given.text("user"), given.texts("roles"), ORIGIN)
    return {"changed": changed}


async def user_ban(house: House, given: Arguments) -> Json:
    """Keep a user out."""
    app = await find_app(house, given)
    return {"changed": await house.user_admin.ban(app, given.text("user"), ORIGIN)}


async def user_unban(house: House, given: Arguments) -> Json:
    """Let a user in again."""
    app = await find_app(house, given)
    return {"changed": await house.user_admin.unban(app, given.text("user"), ORIGIN)}


async def user_delete(house: House, given: Arguments) -> Json:
    """Forget a person for good."""
    app = await find_app(house, given)
    await house.user_admin.delete(app, given.text("user"), ORIGIN)
    return {"user": given.text("user")}


async def user_import(house: House, given: Arguments) -> Json:
    """Users of another system; each row says what became of it."""
    app = await find_app(house, given)
    flags = {name: given.values.get(name) is True for name in ("is_email_verified", "is_dry")}
    wishes = Wishes(given.text("namespace"), **flags)
    users = given.values.get("users")
    if not isinstance(users, list):
        raise refuse(Code.FIELD_INVALID, field="users")
    try:
        wanted = msgspec.convert(users, list[OldUser])
    except msgspec.ValidationError as error:
        raise refuse(Code.FIELD_INVALID, str(error), field="users") from error
    return msgspec.to_builtins(await house.importing.take_in(app, wanted, wishes, ORIGIN))


async def session_list(house: House, given: Arguments) -> Json:
    """Live sessions of a user."""
    app = await find_app(house, given)
    return [_session(session) for session in await house.user_admin.sessions(app, given.text("user"))]


async def session_revoke(house: House, given: Arguments) -> Json:
    """End one session at once."""
    app = await find_app(house, given)
    await house.user_admin.revoke_session(app, given.text("session"), ORIGIN)
    return {"session": given.text("session")}


OPERATIONS: dict[str, Operation] = {
    "app.create": app_create,
    "app.list": app_list,
    "app.show": app_show,
    "app.set": app_set,
    "key.create": key_create,
    "key.list": key_list,
    "key.revoke": key_revoke,
    "keys.rotate": keys_rotate,
    "operator.link": operator_link,
    "user.create": user_create,
    "user.list": user_list,
    "user.show": user_show,
    "user.set_password": user_set_password,
    "user.reset_link": user_reset_link,
    "user.set_username": user_set_username,
    "user.roles": user_roles,
    "user.ban": user_ban,
    "user.unban": user_unban,
    "user.delete": user_delete,
    "user.import": user_import,
    "session.list": session_list,
    "session.revoke": session_revoke,
    "signing_key.list": signing_key_list,
    "signing_key.rotate": signing_key_rotate,
    "signing_key.set": signing_key_set,
}


async def perform(house: House, name: str, values: Mapping[str, object]) -> Json:
    """Run one operation by its name. Raises: not_found, and whatever the operation refuses."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise refuse(Code.NOT_FOUND, field="op")
    return await operation(house, Arguments(values))


# Shapes ------------------------------------------------------------------------------------------


def operator_url(base_url: str, token: Secret[str]) -> str:
    """Where an operator's one-time link leads."""
    return f"{base_url}/operator?key={token.reveal()}"


def _member(kind: type[Member], text: str, field: str) -> Member:
    if text not in set(kind):
        raise refuse(Code.FIELD_INVALID, field=field)
    return kind(text)


def _app(house: House, app: App) -> dict[str, Json]:
    return {
        "app_id": app.id,
        "name": app.name,
        "environment": app.environment.value,
        "created_at": iso(app.created_at_ms),
        "env_url": house.env_url(app.id),
        "redirect_url": app.policy.redirect_url,
    }


def _key(new: NewKey) -> dict[str, Json]:
    key = new.key
    return {
        "key_id": key.id,
        "kind": key.kind.value,
        "name": key.name,
        "environment": key.environment.value,
        "created_at": iso(key.created_at_ms),
        "revoked_at": iso(key.revoked_at_ms) if key.revoked_at_ms else None,
        "key": new.text or None,
    }


def _user(person: Person) -> dict[str, Json]:
    user = person.user
    return {
        "user_id": user.id,
        "username": person.username or None,
        "email": person.email or None,
        "is_email_verified": person.is_email_verified,
        "status": user.status.value,
        "roles": list(user.roles),
        **user.profile,
        "name": name_of(user.profile),
        "created_at": iso(user.created_at_ms),
        "last_sign_in_at": iso(user.last_sign_in_at_ms),
    }


def _session(session: Session) -> dict[str, Json]:
    return {
        "session": session.handle,
        "device": session.agent.label,
        "address": session.address,
        "door": session.door,
        "method": [proof.method for proof in session.proofs],
        "created_at": iso(session.created_at_ms),
        "last_active_at": iso(session.last_active_at_ms),
    }
