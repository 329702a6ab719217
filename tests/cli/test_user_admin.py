"""What operators do with users: the effects, the events, and what is left after a deletion."""

import json

import pytest

from tests.checks import rows
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.accounts.model import IdentifierKind, UserStatus
from vestibule.core.admin.rotation import rotate
from vestibule.core.admin.users import NewUser
from vestibule.core.guard.audit import personal_place
from vestibule.core.guard.model import EventType
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.core.tokens.dpop import Presenter
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import new_id
from vestibule.kernel.secret import Secret

NEW = "another-horse-8-battery"


@pytest.fixture
async def world(tmp_path):
    world = await World.open(tmp_path)
    yield world
    await world.close()


async def events(world, type_):
    log = await world.house.store.scanning(world.app.id).events.list(0, 1_000)
    return [event for event in log if event.type is type_]


async def code_of(call):
    with pytest.raises(DomainError) as refusal:
        await call
    return refusal.value.code


async def test_a_created_user_may_sign_in(world):
    admin = world.house.user_admin
    person = await admin.create(world.app, NewUser("Ada@Acme.test", Secret(PASSWORD), {"name": "Ada"}), ORIGIN)
    assert (person.email, person.is_email_verified, person.user.profile) == (
        "ada@acme.test",
        True,
        {"name": "Ada"},
    )
    assert (await world.sign_in()).person.user.id == person.user.id
    [event] = await events(world, EventType.USER_CREATED)
    assert (event.actor_kind, json.loads(event.payload)["verified_how"]) == ("operator", "operator")


async def test_creating_ends_registrations_and_refuses_a_taken_address(world):
    await world.sign_up()
    admin = world.house.user_admin
    await admin.create(world.app, NewUser("ada@acme.test"), ORIGIN)
    tx = world.house.store.reading(world.app.id)
    assert await tx.registrations.live(IdentifierKind.EMAIL, "ada@acme.test", world.clock.now_ms(), 5) == []
    assert await code_of(admin.create(world.app, NewUser("ada@acme.test"), ORIGIN)) is Code.EMAIL_TAKEN
    assert await code_of(admin.create(world.app, NewUser("ada"), ORIGIN)) is Code.EMAIL_INVALID
    short = NewUser("bob@acme.test", Secret("short"))
    assert await code_of(admin.create(world.app, short, ORIGIN)) is Code.PASSWORD_TOO_SHORT


async def test_a_user_is_found_by_id_and_by_any_spelling_of_the_address(world):
    user_id = await world.user()
    for who in (user_id, "ada@acme.test", " ADA@acme.test "):
        assert (await world.house.user_admin.get(world.app, who)).user.id == user_id
    for who in ("f" * 24, "bob@acme.test", ""):
        assert await code_of(world.house.user_admin.get(world.app, who)) is Code.USER_NOT_FOUND


async def test_pages_of_users(world):
    ids = [
        (await world.house.user_admin.create(world.app, NewUser(f"u{n}@acme.test"), ORIGIN)).user.id for n in range(3)
    ]
    first = await world.house.user_admin.list(world.app, limit=2)
    rest = await world.house.user_admin.list(world.app, after=first[-1].user.id, limit=2)
    assert sorted(ids) == [person.user.id for person in (*first, *rest)]


async def test_a_set_password_ends_every_session_and_tells_the_user(world):
    await world.user()
    opened = await world.sign_in()
    await world.house.user_admin.set_password(world.app, "ada@acme.test", Secret(NEW), ORIGIN)
    token = opened.token.reveal()
    assert await code_of(world.house.sessions.check(world.app, token)) is Code.SESSION_INVALID
    assert await code_of(world.sign_in()) is Code.INVALID_CREDENTIALS
    await world.sign_in(password=NEW)
    await world.mail(MessageKind.PASSWORD_CHANGED, "ada@acme.test")
    assert len(await events(world, EventType.PASSWORD_RESET)) == 1
    assert len(await events(world, EventType.SESSION_ENDED)) == 1


async def test_a_reset_link_of_an_operator_is_not_mailed(world):
    await world.house.user_admin.create(world.app, NewUser("ada@acme.test"), ORIGIN)
    url = await world.house.user_admin.reset_link(world.app, "ada@acme.test", ORIGIN)
    assert url.startswith(f"{world.house.env_url(world.app.id)}/_api/rest/v1/auth/verify?key=lk_")
    assert url.endswith("&action=reset-pwd")
    assert await world.deliver() == []


async def test_a_ban_holds_until_it_is_lifted_and_is_one_event(world):
    admin = world.house.user_admin
    user_id = await world.user()
    opened = await world.sign_in()
    assert await admin.ban(world.app, user_id, ORIGIN)
    assert not await admin.ban(world.app, user_id, ORIGIN)
    token = opened.token.reveal()
    assert await code_of(world.house.sessions.check(world.app, token)) is Code.SESSION_INVALID
    assert await code_of(world.sign_in()) is Code.USER_BANNED
    assert len(await events(world, EventType.USER_BANNED)) == 1
    assert await admin.unban(world.app, user_id, ORIGIN)
    assert not await admin.unban(world.app, user_id, ORIGIN)
    await world.sign_in()


async def test_a_deleted_user_is_forgotten(world):
    admin, app = world.house.user_admin, world.app
    user_id = await world.user(name="Ada Lovelace")
    opened = await world.sign_in()
    await admin.delete(app, user_id, ORIGIN)
    person = await admin.get(app, user_id)
    assert (person.user.status, person.user.profile, person.user.data_key) == (UserStatus.DELETED, {}, "")
    assert person.email == ""
    token = opened.token.reveal()
    assert await code_of(world.house.sessions.check(app, token)) is Code.SESSION_INVALID
    assert await code_of(world.sign_in()) is Code.INVALID_CREDENTIALS
    for change in (admin.delete, admin.ban, admin.reset_link):
        assert await code_of(change(app, user_id, ORIGIN)) is Code.USER_NOT_FOUND
    assert len(await events(world, EventType.USER_DELETED)) == 1
    await world.user()  # the address is free again


async def test_nothing_unfinished_remembers_a_deleted_user(world):
    user_id = await world.user()
    await world.sign_up(name="Ada again")
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, "ada@acme.test", ORIGIN)
    await world.sign_in()
    await world.sign_up("eve@acme.test")
    await world.house.user_admin.delete(world.app, user_id, ORIGIN)
    assert rows(world, "SELECT value FROM registration") == ["eve@acme.test"]
    remembered = rows(world, "SELECT subject FROM challenge WHERE detail <> '{}' OR recipient <> ''")
    assert remembered == rows(world, "SELECT id FROM registration"), "only what Eve was sent"


async def test_tokens_and_notices_remember_nothing_of_a_deleted_user(world):
    user_id, house = await world.user(), world.house
    await house.families.sign_in(world.app, "ada@acme.test", Secret(PASSWORD), Presenter("Firefox/145"), ORIGIN)
    async with house.store.transaction(world.app.id) as tx:
        await tx.notices.add(new_id(world.clock.now_ms(), house.entropy), user_id, "token-reused", 0)
    assert "" not in rows(world, "SELECT client FROM refresh_token")
    await house.user_admin.delete(world.app, user_id, ORIGIN)
    assert rows(world, "SELECT client FROM refresh_token") == [""]
    assert rows(world, "SELECT * FROM notice") == []


async def test_what_the_log_says_of_a_deleted_user_cannot_be_read_any_more(world):
    user_id = await world.user()
    await world.sign_in()
    before = await world.house.store.reading(world.app.id).users.find(user_id)
    about = [e for e in await events(world, EventType.SESSION_OPENED) if e.subject == user_id]
    keys = world.house.keys
    place = personal_place(about[0].id, before.data_key)
    assert "203.0.113.7" in keys.unseal(world.app.id, place, about[0].personal).decode()
    await world.house.user_admin.delete(world.app, user_id, ORIGIN)
    after = await world.house.store.reading(world.app.id).users.find(user_id)
    with pytest.raises(ValueError):
        keys.unseal(world.app.id, personal_place(about[0].id, after.data_key), about[0].personal)


async def test_sessions_are_listed_and_revoked(world):
    user_id = await world.user()
    await world.sign_in()
    [session] = await world.house.user_admin.sessions(world.app, user_id)
    await world.house.user_admin.revoke_session(world.app, session.handle, ORIGIN)
    assert await world.house.user_admin.sessions(world.app, user_id) == []
    again = world.house.user_admin.revoke_session(world.app, session.handle, ORIGIN)
    assert await code_of(again) is Code.NOT_FOUND


async def test_keys_of_apps_are_sealed_again(world, tmp_path):
    house = world.house
    keys_before = [key.text for key in await house.apps.list_keys(world.app)]
    sealed_before = {key.key.sealed for key in await house.apps.list_keys(world.app)}
    resealed = await house.apps.reseal_keys(world.app)
    sealed_after = {key.key.sealed for key in await house.apps.list_keys(world.app)}
    assert resealed == 2
    assert sealed_before.isdisjoint(sealed_after)
    assert [key.text for key in await house.apps.list_keys(world.app)] == keys_before


async def test_a_ring_that_is_not_in_a_file_does_not_turn(tmp_path):
    world = await World.open(tmp_path, production=True)
    house = world.house
    call = rotate(house.store, house.clock, house.audit, house.apps, house.signing_keys, house.keys, ORIGIN)
    assert await code_of(call) is Code.FEATURE_OFF
    await world.close()
