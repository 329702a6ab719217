"""The log: every service writes exactly these events, and nothing else."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.checks import code_of, events, position, rows
from tests.core.journeys import ADA, FRESH_PASSWORD, NEW, access_token, confirm, current_of, mailed, redeem, reset
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.admin.users import NewUser
from vestibule.core.apps.model import KeyKind
from vestibule.core.files.files import Upload
from vestibule.core.guard.audit import personal_place
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import DomainError
from vestibule.kernel.secret import Secret

WRONG = "not-the-right-1-password"
Act = Callable[[], Awaitable[object]]


async def _nothing(world: World) -> None:
    """No arrangement."""


async def _user(world: World) -> None:
    await world.user(ADA)


async def _outdated(world: World) -> None:
    await world.user(ADA)
    world.hasher.generation = 2


async def _banned(world: World) -> None:
    await world.user(ADA)
    await world.house.user_admin.ban(world.app, ADA, ORIGIN)


async def _signed_in_thrice(world: World):
    await world.user(ADA)
    await world.sign_in(ADA)
    await world.sign_in(ADA)
    return await current_of(world)


async def _open_app(world: World) -> None:
    world.app = await world.house.apps.set_policy(world.app, "confirm_email", False, ORIGIN)


async def _reset_again(world: World) -> str:
    await world.user(ADA)
    await world.sign_in(ADA)
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    mail = (await world.deliver())[-1]
    confirmed = await confirm(world, link_token(mail))
    assert confirmed.token is not None
    return confirmed.token.reveal()


async def _file(world: World):
    current = await _signed_in_thrice(world)
    await _upload(world, current)
    return current


def _upload(world: World, current) -> Awaitable[object]:
    upload = Upload("root", "a.txt", b"hello", "text/plain", user_id=current.session.user_id)
    return world.house.files.upload(world.app, upload, ORIGIN)


def _link(purpose: Purpose):
    async def make(world: World) -> str:
        return link_token(await mailed(world, purpose))

    return make


def _token(purpose: Purpose):
    async def make(world: World) -> str:
        return await access_token(world, purpose)

    return make


async def _code(world: World) -> str:
    return code_of(await mailed(world, Purpose.MAGIC_LINK))


# What was arranged, what is done, and all that the log says of it.
ACTS: dict[str, tuple[Callable[[World], Awaitable[Any]], Callable[..., Awaitable[Any]], dict[str, int]]] = {
    "sign up": (_nothing, lambda w, _: w.sign_up(ADA), {"sign_up.attempt": 1}),
    "sign up, taken": (_user, lambda w, _: w.sign_up(ADA), {"sign_up.attempt": 1}),
    "sign up at once": (
        _open_app,
        lambda w, _: w.sign_up(ADA),
        {"sign_up.attempt": 1, "user.created": 1, "session.opened": 1},
    ),
    "sign in": (_user, lambda w, _: w.sign_in(ADA), {"sign_in.attempt": 1, "session.opened": 1}),
    "sign in with an outdated hash": (
        _outdated,
        lambda w, _: w.sign_in(ADA),
        {"sign_in.attempt": 1, "session.opened": 1, "password.rehashed": 1},
    ),
    "sign in, wrong": (_user, lambda w, _: w.sign_in(ADA, WRONG), {"sign_in.attempt": 1}),
    "sign in, unknown": (_nothing, lambda w, _: w.sign_in(ADA), {"sign_in.attempt": 1}),
    "sign in, banned": (_banned, lambda w, _: w.sign_in(ADA), {"sign_in.attempt": 1}),
    "ask for a mail": (
        _user,
        lambda w, _: w.house.links.send(w.app, Purpose.MAGIC_LINK, ADA, ORIGIN),
        {"message.asked": 1},
    ),
    "ask for a mail, unknown": (
        _nothing,
        lambda w, _: w.house.links.send(w.app, Purpose.MAGIC_LINK, ADA, ORIGIN),
        {"message.asked": 1},
    ),
    "look at a link": (_link(Purpose.MAGIC_LINK), lambda w, token: w.house.links.peek(w.app, token), {}),
    "confirm a sign-up": (_link(Purpose.EMAIL_CONFIRM), confirm, {"user.created": 1, "link.confirmed": 1}),
    "confirm a magic link": (_link(Purpose.MAGIC_LINK), confirm, {"link.confirmed": 1}),
    "confirm a reset": (_link(Purpose.RESET_PASSWORD), confirm, {"link.confirmed": 1}),
    "confirm a change": (_link(Purpose.CHANGE_EMAIL), confirm, {"email.changed": 1, "link.confirmed": 1}),
    "confirm nothing": (_nothing, lambda w, _: confirm(w, "lk_nothing"), {"sign_in.attempt": 1}),
    "type a code": (
        _code,
        lambda w, code: w.house.links.confirm_code(w.app, Purpose.MAGIC_LINK, ADA, code, ORIGIN),
        {"link.confirmed": 1},
    ),
    "redeem": (_token(Purpose.MAGIC_LINK), redeem, {"sign_in.attempt": 1, "session.opened": 1}),
    "reset": (_reset_again, reset, {"password.reset": 1, "session.ended": 1}),
    "reset, refused": (_reset_again, lambda w, token: reset(w, token, "short"), {}),
    "change the password": (
        _signed_in_thrice,
        lambda w, c: w.house.changes.change_password(c, Secret(FRESH_PASSWORD), Secret(PASSWORD), ORIGIN),
        {"password.changed": 1, "session.ended": 2},
    ),
    "ask for another address": (
        _signed_in_thrice,
        lambda w, c: w.house.changes.change_email(c, NEW, Secret(PASSWORD), ORIGIN),
        {"email.change_asked": 1},
    ),
    "change a field": (
        _signed_in_thrice,
        lambda w, c: w.house.users.change(w.app, c.session.user_id, {"name": "Ada"}, ORIGIN),
        {"user.changed": 1},
    ),
    "change nothing": (
        _signed_in_thrice,
        lambda w, c: w.house.users.change(w.app, c.session.user_id, {}, ORIGIN),
        {},
    ),
    "sign out": (_signed_in_thrice, lambda w, c: w.house.sessions.sign_out(c, None, ORIGIN), {"session.ended": 1}),
    "sign out of all": (
        _signed_in_thrice,
        lambda w, c: w.house.sessions.sign_out_all(c, ORIGIN),
        {"session.ended": 3},
    ),
    "sign out of all others": (
        _signed_in_thrice,
        lambda w, c: w.house.sessions.sign_out_all(c, ORIGIN, keep_current=True),
        {"session.ended": 2},
    ),
    "list sessions": (_signed_in_thrice, lambda w, c: w.house.sessions.list(c), {}),
    "upload": (_signed_in_thrice, _upload, {"file.added": 1}),
    "delete a file": (
        _file,
        lambda w, c: w.house.files.delete(w.app, "root", "a.txt", c.session.user_id, ORIGIN),
        {"file.removed": 1},
    ),
    "set a policy": (
        _nothing,
        lambda w, _: w.house.apps.set_policy(w.app, "code_tries", 3, ORIGIN),
        {"policy.changed": 1},
    ),
    "make a key": (
        _nothing,
        lambda w, _: w.house.apps.create_key(w.app, KeyKind.API, "x", ORIGIN),
        {"key.created": 1},
    ),
    "operator makes a user": (
        _nothing,
        lambda w, _: w.house.user_admin.create(w.app, NewUser(ADA, Secret(PASSWORD)), ORIGIN),
        {"user.created": 1},
    ),
    "operator sets a password": (
        _signed_in_thrice,
        lambda w, _: w.house.user_admin.set_password(w.app, ADA, Secret(FRESH_PASSWORD), ORIGIN),
        {"password.reset": 1, "session.ended": 3},
    ),
    "operator bans": (
        _signed_in_thrice,
        lambda w, _: w.house.user_admin.ban(w.app, ADA, ORIGIN),
        {"user.banned": 1, "session.ended": 3},
    ),
    "operator bans again": (_banned, lambda w, _: w.house.user_admin.ban(w.app, ADA, ORIGIN), {}),
    "operator unbans": (_banned, lambda w, _: w.house.user_admin.unban(w.app, ADA, ORIGIN), {"user.unbanned": 1}),
    "operator deletes": (
        _signed_in_thrice,
        lambda w, _: w.house.user_admin.delete(w.app, ADA, ORIGIN),
        {"user.deleted": 1, "session.ended": 3},
    ),
    "operator ends a session": (
        _signed_in_thrice,
        lambda w, c: w.house.user_admin.revoke_session(w.app, c.session.id, ORIGIN),
        {"session.ended": 1},
    ),
    "operator makes a reset link": (
        _user,
        lambda w, _: w.house.user_admin.reset_link(w.app, ADA, ORIGIN),
        {"message.asked": 1},
    ),
}


@pytest.mark.parametrize("name", ACTS)
async def test_the_log_says_exactly_this(world: World, name):
    arrange, act, expected = ACTS[name]
    arranged = await arrange(world)
    before = position(world)
    try:
        await act(world, arranged)
    except DomainError:
        assert "," in name or "nothing" in name
    assert events(world, before) == expected


async def test_the_log_has_no_gap(world: World):
    await _signed_in_thrice(world)
    found = rows(world, "SELECT position FROM event WHERE app_id = ? ORDER BY position", world.app.id)
    assert found == list(range(1, len(found) + 1))


async def test_an_attempt_says_what_a_risk_engine_needs(world: World):
    await world.user(ADA)
    for password in (PASSWORD, WRONG):
        with suppress(DomainError):
            await world.sign_in(ADA, password)
    asked = "SELECT payload, device_id FROM event WHERE type = 'sign_in.attempt' ORDER BY position"
    good, bad = (json.loads(payload) for payload, _ in rows(world, asked))
    assert (good["outcome"], bad["outcome"], bad["reason"]) == ("success", "failure", "wrong password")
    assert good["identifier"] == bad["identifier"] != ADA
    for payload in (good, bad):
        assert (payload["method"], payload["door"], payload["network"]) == ("password", "altogic", "203.0.113.0/24")
        assert {"agent", "locale", "request_id"} <= payload.keys()


async def test_nothing_personal_is_readable_in_the_log(world: World):
    await _signed_in_thrice(world)
    everything = json.dumps(rows(world, "SELECT payload, personal FROM event"))
    for personal in (ADA, "acme.test", ORIGIN.address, ORIGIN.user_agent):
        assert personal not in everything


async def test_refusals_by_a_limit_are_added_up_and_no_events(world: World):
    await world.user(ADA)
    for _ in range(10):
        with pytest.raises(DomainError):
            await world.sign_in(ADA, WRONG)
    before = position(world)
    for _ in range(7):
        with pytest.raises(DomainError):
            await world.sign_in(ADA, WRONG)
    assert not events(world, before)
    assert rows(world, "SELECT refused FROM limit_refusal") == [7]


async def test_an_attempt_before_there_is_a_user_keeps_no_typed_address(world: World):
    await world.sign_up(ADA)
    rows_ = rows(world, "SELECT id, personal FROM event WHERE subject IS NULL AND personal IS NOT NULL")
    unseal = world.house.keys.unseal
    texts = [unseal(world.app.id, personal_place(event_id, ""), sealed).decode() for event_id, sealed in rows_]
    assert texts
    assert not any(ADA in text for text in texts)
