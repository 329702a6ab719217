"""Users of another system come in: their names, passwords, old ids, and what is said of those who do not."""

import json
from dataclasses import replace

import pytest

from tests.checks import events, position, refused, rows
from tests.core.test_usernames import come_in
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.accounts.model import IdentifierKind, UserStatus
from vestibule.core.accounts.people import ANY_NAME
from vestibule.core.admin.importing import PER_TRANSACTION, Landed, OldUser, Outcome, Wishes
from vestibule.core.guard.audit import personal_place
from vestibule.core.messages.model import MessageKind
from vestibule.core.sessions.sessions import Opening
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import Code
from vestibule.kernel.ids import SYSTEM_APP, UserId
from vestibule.kernel.secret import Secret

OLD = Wishes("django")
VOUCHED = Wishes("django", is_email_verified=True)
DRY = Wishes("django", is_dry=True)


def hash_of(world: World, password: str = PASSWORD) -> str:
    """A hash that the house did not make itself: one of a generation ago."""
    return world.hasher._stored(Secret(password)).replace("cheap1:", "cheap0:")


def ada(world: World, **changes) -> OldUser:
    old = OldUser("7", "Ada", "Ada@acme.test", hash_of(world), "Ada", "Lovelace", roles=("editor",))
    return replace(old, **changes)


async def take(world: World, *users: OldUser, wishes: Wishes = OLD) -> list[Landed]:
    return await world.house.importing.take_in(world.app, users, wishes, ORIGIN)


async def one(world: World, old: OldUser, wishes: Wishes = OLD) -> Landed:
    [landed] = await take(world, old, wishes=wishes)
    return landed


def tables(world: World) -> list[object]:
    names = ("user", "identifier", "credential", "user_alias", "event")
    return [rows(world, f'SELECT * FROM "{name}"') for name in names]


async def test_a_user_comes_in_whole(world: World):
    now_ms = world.clock.now_ms()
    old = ada(world, created_at_ms=1_500_000_000_123, last_sign_in_at_ms=1_600_000_000_000)
    before = position(world)
    landed = await one(world, old)
    assert landed == Landed("7", Outcome.CREATED, "", [], "ada", "ada@acme.test", landed.user_id, "Ada", old.email)
    person = await world.house.user_admin.get(world.app, "ada")
    user = person.user
    assert (user.id, user.status, user.roles) == (landed.user_id, UserStatus.ACTIVE, ("editor",))
    assert user.profile == {"first_name": "Ada", "last_name": "Lovelace"}
    assert (user.created_at_ms, user.last_sign_in_at_ms, user.updated_at_ms) == (
        1_500_000_000_123,
        1_600_000_000_000,
        now_ms,
    )
    assert (person.email, person.is_email_verified, person.username) == ("ada@acme.test", False, "ada")
    tx = world.house.store.reading(world.app.id)
    assert await tx.aliases.find("django", "7") == user.id
    assert events(world, before) == {"user.imported": 1}


async def test_the_event_names_the_person_only_under_the_persons_key(world: World):
    landed = await one(world, ada(world))
    asked = "SELECT id, payload, personal FROM event WHERE type = 'user.imported'"
    [(event_id, payload, personal)] = rows(world, asked)
    assert json.loads(payload)["namespace"] == "django"
    assert "ada" not in payload.lower()
    user = await world.house.store.reading(world.app.id).users.find(UserId(landed.user_id))
    assert user is not None
    unsealed = world.house.keys.unseal(world.app.id, personal_place(event_id, user.data_key), personal)
    assert json.loads(unsealed)["username"] == "ada"


async def test_the_old_password_signs_in_and_its_hash_is_made_anew(world: World):
    await one(world, ada(world))
    opened = await come_in(world, "Ada")
    live = rows(world, "SELECT secret FROM credential WHERE removed_at_ms IS NULL")
    assert [secret.partition(":")[0] for secret in live] == ["cheap1"]
    assert (await come_in(world, "ada")).person.user.id == opened.person.user.id


async def test_the_hash_is_new_before_a_token_is_issued(world: World):
    """What a protocol writes with the session sees the password that stays."""
    landed = await one(world, ada(world))
    seen = []

    async def also(tx, _session) -> None:
        seen.append((await tx.credentials.find_password(landed.user_id)).secret)

    service = world.house.password_sign_in
    await service.sign_in(world.app, "ada", Secret(PASSWORD), ORIGIN, Opening(also=also), ANY_NAME)
    assert seen[0].startswith("cheap1:")


@pytest.mark.parametrize("wishes", [OLD, VOUCHED])
async def test_an_address_signs_in_only_if_the_operator_vouched_for_it(world: World, wishes):
    await one(world, ada(world), wishes)
    if wishes is VOUCHED:
        await come_in(world, "ada@acme.test")
    else:
        with refused(Code.EMAIL_NOT_VERIFIED):
            await come_in(world, "ada@acme.test")


@pytest.mark.parametrize("wishes", [OLD, VOUCHED])
async def test_a_reset_works_and_a_magic_link_needs_a_proven_address(world: World, wishes):
    await one(world, ada(world), wishes)
    for purpose, kind in ((Purpose.RESET_PASSWORD, MessageKind.RESET), (Purpose.MAGIC_LINK, MessageKind.MAGIC_LINK)):
        await world.house.links.send(world.app, purpose, "ada@acme.test", ORIGIN)
        sent = (await world.deliver())[-1].kind
        expected = kind if purpose is Purpose.RESET_PASSWORD or wishes is VOUCHED else MessageKind.NO_ACCOUNT
        assert sent is expected


async def test_an_inactive_user_stays_out(world: World):
    await one(world, ada(world, is_active=False))
    with refused(Code.USER_BANNED):
        await come_in(world, "ada")


@pytest.mark.parametrize(
    ("stored", "note"), [("!unusable", "no_password"), ("", "no_password"), ("md5$a$b", "hash_unknown")]
)
async def test_without_a_hash_that_is_understood_there_is_no_password(world: World, stored, note):
    landed = await one(world, ada(world, password=stored))
    assert (landed.outcome, landed.notes) == (Outcome.CREATED, [note])
    assert rows(world, "SELECT * FROM credential") == []
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, "ada", stored)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"username": "ada lovelace"}, "username_invalid"),
        ({"username": "x" * 151}, "username_invalid"),
        ({"username": "", "email": ""}, "field_required"),
        ({"username": "", "email": "nobody"}, "email_invalid"),
        ({"key": ""}, "field_required"),
        ({"key": "x" * 151}, "field_required"),
        ({"key": "a\0b"}, "field_invalid"),
        ({"key": "\ud800"}, "field_invalid"),
        ({"key": "5f3c1a9be1d2c4a7b8f90012"}, "field_invalid"),
        ({"roles": ("",)}, "field_invalid"),
        ({"roles": tuple(f"{n} {'ж' * 68}" for n in range(20))}, "field_invalid"),
        ({"first_name": "\ud800"}, "field_invalid"),
        ({"last_name": "half \udc00 a sign"}, "field_invalid"),
        ({"first_name": "x" * 2_001}, "field_invalid"),
        ({"last_name": "a\0b"}, "field_invalid"),
    ],
)
async def test_a_row_that_does_not_fit_is_skipped_and_the_rest_comes_in(world: World, changes, reason):
    bob = OldUser("8", "bob")
    before = tables(world)
    landed = await one(world, ada(world, **changes))
    assert (landed.outcome, landed.reason, landed.notes) == (Outcome.SKIPPED, reason, [])
    assert tables(world) == before
    first, second = await take(world, ada(world, **changes), bob)
    assert (first.outcome, second.outcome) == (Outcome.SKIPPED, Outcome.CREATED)


@pytest.mark.parametrize(("email", "note"), [("root@localhost", "email_invalid"), ("eve@acme.test", "email_taken")])
async def test_an_address_that_cannot_be_had_is_left_out(world: World, email, note):
    await world.user("eve@acme.test")
    landed = await one(world, ada(world, email=email))
    assert (landed.outcome, landed.email, landed.notes) == (Outcome.CREATED, "", [note])
    await come_in(world, "ada")


async def test_an_address_that_somebody_has_is_no_way_in_for_another(world: World):
    await world.user("eve@acme.test")
    landed = await one(world, ada(world, username="", email="eve@acme.test"))
    assert (landed.outcome, landed.reason) == (Outcome.SKIPPED, "email_taken")


async def test_of_two_names_that_differ_in_case_the_first_comes_in(world: World):
    first, second = await take(world, ada(world), ada(world, key="8", username="ADA", email=""))
    assert (first.outcome, second.outcome, second.reason) == (Outcome.CREATED, Outcome.SKIPPED, "username_taken")


async def test_a_name_that_is_an_address_is_kept_if_it_is_nobody_elses(world: World):
    await world.user("eve@acme.test")
    own, alone, foreign = await take(
        world,
        ada(world, username="ada@acme.test"),
        OldUser("8", "bob@acme.test", password=hash_of(world)),
        OldUser("9", "Eve@acme.test", password=hash_of(world)),
    )
    assert [own.outcome, alone.outcome, foreign.outcome] == [Outcome.CREATED, Outcome.CREATED, Outcome.SKIPPED]
    assert foreign.reason == "username_taken"
    assert (await come_in(world, "Bob@acme.test")).person.user.id == alone.user_id
    assert (await come_in(world, "ada@acme.test")).person.user.id == own.user_id


async def test_an_address_that_somebody_is_called_by_is_left_out(world: World):
    """An import takes no name away: apps may tell people apart by it."""
    bob, eve, nameless = await take(
        world,
        OldUser("8", "bob@acme.test", password=hash_of(world)),
        OldUser("9", "eve", "Bob@acme.test", hash_of(world)),
        OldUser("10", "", "bob@acme.test"),
        wishes=VOUCHED,
    )
    assert (bob.outcome, eve.outcome, eve.email, eve.notes) == (Outcome.CREATED, Outcome.CREATED, "", ["email_taken"])
    assert (nameless.outcome, nameless.reason) == (Outcome.SKIPPED, "email_taken")
    assert (await come_in(world, "bob@acme.test")).person.user.id == bob.user_id


async def test_again_changes_nothing(world: World):
    await take(world, ada(world), OldUser("8", "bob"))
    before = tables(world)
    again = await take(world, ada(world, username="another", email="new@acme.test"), OldUser("8", "bob"))
    assert [landed.outcome for landed in again] == [Outcome.THERE] * 2
    assert tables(world) == before


async def test_a_deleted_user_does_not_come_back(world: World):
    await one(world, ada(world))
    await world.house.user_admin.delete(world.app, "ada", ORIGIN)
    assert (await one(world, ada(world))).outcome is Outcome.THERE


async def test_another_system_has_keys_of_its_own(world: World):
    first = await one(world, ada(world))
    second = await one(world, OldUser("7", "bob"), Wishes("clerk"))
    assert (second.outcome, first.user_id != second.user_id) == (Outcome.CREATED, True)


async def test_a_dry_run_says_the_same_and_writes_nothing(world: World):
    await world.user("eve@acme.test")
    users = [
        ada(world),
        ada(world, key="8", username="ADA"),
        ada(world, key="9", username="eve", email="eve@acme.test"),
    ]
    before = tables(world)
    dry = await take(world, *users, wishes=DRY)
    assert tables(world) == before
    real = await take(world, *users)
    assert [landed.user_id for landed in dry] == ["", "", ""]
    assert [replace(landed, user_id="") for landed in real] == dry


async def test_vouching_ends_registrations_of_the_address(world: World):
    await world.sign_up("ada@acme.test")
    await one(world, ada(world), VOUCHED)
    tx = world.house.store.reading(world.app.id)
    assert await tx.registrations.live(IdentifierKind.EMAIL, "ada@acme.test", world.clock.now_ms(), 5) == []


@pytest.mark.parametrize(("at_ms", "kept"), [(None, False), (10**15, False), (-1, False), (1, True)])
async def test_times_are_in_the_past(world: World, at_ms, kept):
    await one(world, ada(world, created_at_ms=at_ms))
    user = (await world.house.user_admin.get(world.app, "ada")).user
    assert user.created_at_ms == (at_ms if kept else world.clock.now_ms())
    assert user.last_sign_in_at_ms == user.created_at_ms


async def test_many_come_in_without_a_long_transaction(world: World):
    """A few at a time: whoever writes meanwhile waits for a few."""
    commits: list[str] = []
    world.running.store._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    count = 4 * PER_TRANSACTION + 1
    landed = await take(world, *(OldUser(str(number), f"user{number}") for number in range(count)))
    world.running.store._writer.set_trace_callback(None)
    assert (len(landed), len(commits)) == (count, 5)
    assert rows(world, "SELECT count(*) FROM user_alias") == [count]


async def test_nobody_becomes_an_operator_by_import(world: World):
    await world.house.apps.ensure_system(ORIGIN)
    system = await world.house.apps.get(SYSTEM_APP)
    with refused(Code.PERMISSION_DENIED):
        await world.house.importing.take_in(system, [ada(world)], OLD, ORIGIN)


async def test_erasing_an_imported_user_leaves_the_old_id_alone(world: World):
    """The old id names nobody any more, but it is still nobody else's."""
    landed = await one(world, ada(world))
    await world.house.user_admin.delete(world.app, "ada", ORIGIN)
    assert rows(world, "SELECT value, user_id FROM user_alias") == [("7", landed.user_id)]
    assert set(rows(world, "SELECT secret FROM credential")) == {""}


def test_a_hash_does_not_print():
    assert "secret" not in repr(OldUser("1", password="secret"))
