"""User names: what may be one, who may have it, and signing in with it."""

from dataclasses import replace
from functools import partial

import pytest

from tests.checks import code_of, counted, events, position, refused, rows
from tests.core.journeys import FRESH_PASSWORD, confirm, reset
from tests.world import ORIGIN, PASSWORD, World, link_token
from vestibule.core.accounts.model import IdentifierKind
from vestibule.core.accounts.people import ANY_NAME
from vestibule.core.admin.importing import OldUser, Wishes
from vestibule.core.admin.users import NewUser
from vestibule.core.apps.policy import Policy
from vestibule.core.messages.model import MessageKind
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import UserId
from vestibule.kernel.secret import Secret

ADA = "ada@acme.test"
WRONG = "not-the-right-1-password"


async def made(world: World, email: str = "", username: str = "", **changes) -> UserId:
    new = NewUser(email, Secret(PASSWORD), username=username)
    return (await world.house.user_admin.create(world.app, replace(new, **changes), ORIGIN)).user.id


def come_in(world: World, name: str, password: str = PASSWORD, origin=ORIGIN, by=ANY_NAME):
    return world.house.password_sign_in.sign_in(world.app, name, Secret(password), origin, by=by)


async def fail(world: World, times: int, name: str) -> None:
    for _ in range(times):
        with refused(Code.INVALID_CREDENTIALS):
            await come_in(world, name, WRONG)


# Signing in -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada", "ADA", "ａｄａ", " ada ", ADA, "Ada@ACME.test"])
async def test_a_user_name_or_the_address_sign_in(world: World, name):
    user_id = await made(world, ADA, "Ada")
    opened = await come_in(world, name)
    assert (opened.person.user.id, opened.person.username, opened.person.email) == (user_id, "ada", ADA)


async def test_a_user_name_signs_in_only_where_it_may(world: World):
    await made(world, ADA, "ada")
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, "ada", by=(IdentifierKind.EMAIL,))


async def test_a_user_without_an_address_signs_in(world: World):
    await made(world, username="ada")
    assert (await come_in(world, "ada")).person.email == ""


async def test_an_address_that_nobody_has_proven_does_not_sign_in_but_the_name_does(world: World):
    await _unproven(world)
    with refused(Code.EMAIL_NOT_VERIFIED):
        await come_in(world, ADA)
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, ADA, WRONG)
    await come_in(world, "ada")


async def _unproven(world: World) -> UserId:
    """A user with a name and an address that was never confirmed."""
    user_id = await made(world, ADA, "ada")
    async with world.house.store.transaction(world.app.id) as tx:
        old = await tx.identifiers.primary(user_id, IdentifierKind.EMAIL)
        assert old is not None
        await tx.identifiers.remove(old.id, world.clock.now_ms())
        unproven = replace(old, id="f" * 24, verified_at_ms=None)
        assert await tx.identifiers.add(unproven, "")
    return user_id


async def test_nobodys_name_stands_before_the_address_of_somebody_else(world: World):
    """A name that came with an import, before its address found its owner."""
    squatter = await made(world, username="squatter")
    async with world.house.store.transaction(world.app.id) as tx:
        old = await tx.identifiers.primary(squatter, IdentifierKind.USERNAME)
        assert old is not None
        await tx.identifiers.remove(old.id, world.clock.now_ms())
        assert await tx.identifiers.add(replace(old, id="f" * 24, value=ADA), "")
    assert (await come_in(world, ADA)).person.user.id == squatter
    owner = await world.user(ADA, FRESH_PASSWORD)
    assert (await come_in(world, ADA, FRESH_PASSWORD)).person.user.id == owner
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, ADA)


async def _called_by_an_address(world: World) -> UserId:
    """Somebody whose user name, of an import, is an address that nobody has proven."""
    [landed] = await world.house.importing.take_in(world.app, [OldUser("7", ADA)], Wishes("django"), ORIGIN)
    return UserId(landed.user_id)


async def _sign_up(world: World) -> None:
    await world.user(ADA)


async def _change_address(world: World) -> None:
    await made(world, username="owner")
    current = await world.house.sessions.check(world.app, (await come_in(world, "owner")).token.reveal())
    await world.house.changes.change_email(current, ADA, Secret(PASSWORD), ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, ADA)))


async def _be_made_by_an_operator(world: World) -> None:
    await made(world, ADA)


@pytest.mark.parametrize("prove", [_sign_up, _change_address, _be_made_by_an_operator])
async def test_who_proves_an_address_is_alone_called_by_it(world: World, prove):
    """Else two people say the same user name to the app, in tokens and profiles."""
    other = await _called_by_an_address(world)
    before = position(world)
    await prove(world)
    assert (await world.house.user_admin.get(world.app, other)).username == ""
    assert (await world.house.user_admin.get(world.app, ADA)).email == ADA
    assert events(world, before)["username.changed"] == 1


async def test_who_confirms_the_address_of_an_import_is_alone_called_by_it(world: World):
    """Both came with an import: one by the address, the other by the name, whichever was first."""
    wishes, both = Wishes("django"), [OldUser("8", "owner", ADA), OldUser("7", ADA)]
    owner, other = await world.house.importing.take_in(world.app, both, wishes, ORIGIN)
    await world.house.links.send(world.app, Purpose.EMAIL_CONFIRM, ADA, ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.VERIFY, ADA)))
    admin = world.house.user_admin
    assert [(await admin.get(world.app, landed.user_id)).username for landed in (owner, other)] == ["owner", ""]


async def test_ones_own_address_stays_ones_user_name(world: World):
    await made(world, username="owner")
    current = await world.house.sessions.check(world.app, (await come_in(world, "owner")).token.reveal())
    async with world.house.store.transaction(world.app.id) as tx:
        old = await tx.identifiers.primary(current.session.user_id, IdentifierKind.USERNAME)
        assert old is not None
        await tx.identifiers.remove(old.id, world.clock.now_ms())
        await tx.identifiers.add(replace(old, id="f" * 24, value=ADA), "")
    await world.house.changes.change_email(current, ADA, Secret(PASSWORD), ORIGIN)
    await confirm(world, link_token(await world.mail(MessageKind.CHANGE_EMAIL, ADA)))
    assert (await world.house.user_admin.get(world.app, current.session.user_id)).username == ADA


async def test_an_address_that_nobody_proves_takes_no_name(tmp_path):
    """Without confirmation anybody may write down any address: what somebody is called by is taken."""
    world = await World.open(tmp_path, Policy(confirm_email=False))
    other = await _called_by_an_address(world)
    with refused(Code.EMAIL_TAKEN):
        await world.sign_up(ADA)
    await made(world, username="eve")
    current = await world.house.sessions.check(world.app, (await come_in(world, "eve")).token.reveal())
    with refused(Code.EMAIL_TAKEN):
        await world.house.changes.change_email(current, ADA, Secret(PASSWORD), ORIGIN)
    assert (await world.house.user_admin.get(world.app, other)).username == ADA
    await world.close()


# Equal work -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [WRONG, PASSWORD])
async def test_unknown_names_cost_what_known_ones_cost(world: World, password):
    """The right password of somebody who is banned is as wrong as any, in work as far as the door."""
    await made(world, ADA, "ada")
    await made(world, username="bob")
    costs = []
    names = ["ada", ADA, "bob", "nobody", "nobody@acme.test", "no body", "x" * 300]
    for name in names if password == WRONG else names[3:]:
        with counted(world) as work, refused(Code.INVALID_CREDENTIALS):
            await come_in(world, name, password)
        costs.append(work)
    assert costs[0].hashes == 1
    assert all(cost == costs[0] for cost in costs)


async def test_an_unproven_address_costs_what_an_unknown_one_costs(world: World):
    await _unproven(world)
    costs = []
    for name in (ADA, "nobody@acme.test"):
        with counted(world) as work, refused(Code.INVALID_CREDENTIALS):
            await come_in(world, name, WRONG)
        costs.append(work)
    assert costs[0] == costs[1]


# One budget of failures -----------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("ada", ADA), (ADA, "ada"), ("ADA", "ada")])
async def test_name_and_address_are_one_budget(world: World, first, second):
    await made(world, ADA, "ada")
    await fail(world, 6, first)
    await fail(world, 4, second)
    for name in (first, second):
        with refused(Code.TOO_MANY_ATTEMPTS):
            await come_in(world, name)


async def test_a_success_by_name_ends_the_run_of_the_address(world: World):
    await made(world, ADA, "ada")
    await fail(world, 9, ADA)
    await come_in(world, "ada")
    await fail(world, 10, ADA)


@pytest.mark.parametrize("email", [ADA, ""])
async def test_a_new_password_ends_the_run(world: World, email):
    await made(world, email, "ada")
    await fail(world, 10, "ada")
    with refused(Code.TOO_MANY_ATTEMPTS):
        await come_in(world, "ada")
    await world.house.user_admin.set_password(world.app, "ada", Secret(FRESH_PASSWORD), ORIGIN)
    await come_in(world, "ada", FRESH_PASSWORD)


async def test_a_reset_by_mail_ends_the_run_of_the_name(world: World):
    await made(world, ADA, "ada")
    await fail(world, 10, "ada")
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    confirmed = await confirm(world, link_token(await world.mail(MessageKind.RESET, ADA)))
    assert confirmed.token is not None
    await reset(world, confirmed.token.reveal())
    await come_in(world, "ada", FRESH_PASSWORD)


async def test_unknown_spellings_of_one_name_are_one_budget(world: World):
    """Else a known name could be told from an unknown one by it."""
    for name in ("nobody", "NOBODY", "ｎｏｂｏｄｙ"):
        await fail(world, 3, name)
    await fail(world, 1, "nobody")
    with refused(Code.TOO_MANY_ATTEMPTS):
        await come_in(world, "nobody")


# What may be a name, and whose ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "ada lovelace", "ada\0", "x" * 151, "ada\u200b", "\ud800"])
async def test_what_is_no_user_name(world: World, name):
    await made(world, ADA)
    with refused(Code.USERNAME_INVALID, field="username"):
        await world.house.user_admin.set_username(world.app, ADA, name, ORIGIN)


async def test_a_name_is_taken_in_every_spelling_and_in_its_app_alone(world: World):
    await made(world, ADA, "ada")
    with refused(Code.USERNAME_TAKEN, field="username", value="ada"):
        await made(world, "eve@acme.test", "ADA")
    assert rows(world, "SELECT value FROM identifier ORDER BY value") == ["ada", ADA]  # nothing of Eve
    bob = await made(world, "bob@acme.test", "bob")
    with refused(Code.USERNAME_TAKEN):
        await world.house.user_admin.set_username(world.app, bob, "Ada", ORIGIN)
    assert (await world.house.user_admin.get(world.app, bob)).username == "bob"


async def test_an_address_is_a_name_only_for_its_owner(world: World):
    admin = world.house.user_admin
    await made(world, ADA)
    assert await admin.set_username(world.app, ADA, "Ada@acme.test", ORIGIN)
    for address in ("eve@acme.test", "bob@acme.test"):
        with refused(Code.USERNAME_INVALID):
            await admin.set_username(world.app, ADA, address, ORIGIN)
    with refused(Code.USERNAME_INVALID):
        await made(world, "bob@acme.test", ADA)


async def test_an_unproven_address_is_no_name(world: World):
    user_id = await _unproven(world)
    with refused(Code.USERNAME_INVALID):
        await world.house.user_admin.set_username(world.app, user_id, ADA, ORIGIN)


async def test_another_name_frees_the_old_one(world: World):
    admin = world.house.user_admin
    await made(world, ADA, "ada")
    before = position(world)
    assert await admin.set_username(world.app, "ada", "lovelace", ORIGIN)
    assert not await admin.set_username(world.app, ADA, "LOVELACE", ORIGIN)
    assert events(world, before)["username.changed"] == 1
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, "ada")
    await come_in(world, "lovelace")
    await made(world, username="ada")


async def test_a_user_is_made_with_an_address_a_name_or_both(world: World):
    for new in (NewUser(), NewUser("no address", username="ada")):
        with refused(Code.EMAIL_INVALID, field="email"):
            await world.house.user_admin.create(world.app, new, ORIGIN)


async def test_a_password_is_not_made_of_the_user_name(world: World):
    with refused(Code.PASSWORD_SIMILAR):
        await made(world, username="adalovelace", password=Secret("AdaLovelace1"))


# Without an address ---------------------------------------------------------------------------------


async def test_an_operators_link_gives_a_user_without_an_address_a_password(world: World):
    await made(world, username="ada", password=None)
    await made(world, username="bob", password=None)
    await fail(world, 10, "ada")  # a reset ends the run of failures
    admin = world.house.user_admin
    urls = [await admin.reset_link(world.app, name, ORIGIN) for name in ("ada", "bob")]
    assert rows(world, "SELECT DISTINCT recipient, code_mac FROM challenge") == [("", None)]
    for name, url in zip(("ada", "bob"), urls, strict=True):
        confirmed = await confirm(world, url.partition("key=")[2].partition("&")[0])
        assert confirmed.token is not None
        assert await world.house.changes.reset_address(world.app, confirmed.token.reveal()) == name
        await reset(world, confirmed.token.reveal())
        await come_in(world, name, FRESH_PASSWORD)
    assert await world.deliver() == []


async def test_no_code_opens_what_was_sent_to_nobody(world: World):
    await made(world, username="ada", password=None)
    await world.house.user_admin.reset_link(world.app, "ada", ORIGIN)
    for code in ("000000", ""):
        with pytest.raises(DomainError) as refusal:
            await world.house.links.confirm_code(world.app, Purpose.RESET_PASSWORD, "", code, ORIGIN)
        assert (refusal.value.code, refusal.value.reason) == (Code.CODE_WRONG, "no live code, or no tries left")


async def test_an_operators_link_proves_no_address(world: World):
    user_id = await _unproven(world)
    url = await world.house.user_admin.reset_link(world.app, user_id, ORIGIN)
    confirmed = await confirm(world, url.partition("key=")[2].partition("&")[0])
    assert confirmed.token is not None
    await reset(world, confirmed.token.reveal())
    assert not (await world.house.user_admin.get(world.app, user_id)).is_email_verified


async def test_a_reset_by_mail_proves_the_address(world: World):
    user_id = await _unproven(world)
    await world.house.links.send(world.app, Purpose.RESET_PASSWORD, ADA, ORIGIN)
    confirmed = await confirm(world, link_token(await world.mail(MessageKind.RESET, ADA)))
    assert confirmed.token is not None
    await reset(world, confirmed.token.reveal())
    assert (await come_in(world, ADA, FRESH_PASSWORD)).person.user.id == user_id


@pytest.mark.parametrize("confirms", [True, False])
async def test_a_user_without_an_address_gets_one(tmp_path, confirms):
    world = await World.open(tmp_path, Policy(confirm_email=confirms))
    await made(world, username="ada")
    opened = await come_in(world, "ada")
    current = await world.house.sessions.check(world.app, opened.token.reveal())
    await world.house.changes.change_email(current, ADA, Secret(PASSWORD), ORIGIN)
    if confirms:
        mail = await world.mail(MessageKind.CHANGE_EMAIL, ADA)
        await world.house.links.confirm_code(world.app, Purpose.CHANGE_EMAIL, ADA, code_of(mail), ORIGIN)
    assert (await come_in(world, ADA)).person.is_email_verified is confirms
    await world.close()


async def test_changing_the_password_without_an_address_mails_nobody(world: World):
    await made(world, username="ada")
    current = await world.house.sessions.check(world.app, (await come_in(world, "ada")).token.reveal())
    with refused(Code.INVALID_CREDENTIALS):
        await world.house.changes.change_password(current, Secret(FRESH_PASSWORD), Secret(WRONG), ORIGIN)
    await world.house.changes.change_password(current, Secret(FRESH_PASSWORD), Secret(PASSWORD), ORIGIN)
    await come_in(world, "ada", FRESH_PASSWORD)
    assert await world.deliver() == []


async def test_operators_do_everything_with_a_user_without_an_address(world: World):
    admin = world.house.user_admin
    user_id = await made(world, username="ada")
    assert [person.username for person in await admin.list(world.app)] == ["ada"]
    assert await admin.ban(world.app, "ada", ORIGIN)
    assert await admin.unban(world.app, "ADA", ORIGIN)
    await admin.set_password(world.app, "ada", Secret(FRESH_PASSWORD), ORIGIN)
    await admin.delete(world.app, "ada", ORIGIN)
    assert (await admin.get(world.app, user_id)).username == ""
    assert await world.deliver() == []


async def test_deleting_forgets_the_user_name_former_ones_too(world: World):
    admin = world.house.user_admin
    await made(world, ADA, "ada")
    await admin.set_username(world.app, ADA, "lovelace", ORIGIN)
    await admin.delete(world.app, "lovelace", ORIGIN)
    assert set(rows(world, "SELECT value FROM identifier")) == {""}
    with refused(Code.INVALID_CREDENTIALS):
        await come_in(world, "lovelace")
    await made(world, username="lovelace")


# Roles ----------------------------------------------------------------------------------------------


async def test_roles_are_set_as_a_list(world: World):
    admin, user_id = world.house.user_admin, await made(world, ADA)
    before = position(world)
    give = partial(admin.set_roles, world.app, ADA, origin=ORIGIN)
    assert await give(roles=("editor", " staff ", "editor"))
    assert not await give(roles=("editor", "staff"))
    assert (await world.house.user_admin.get(world.app, user_id)).user.roles == ("editor", "staff")
    assert await give(roles=())
    assert events(world, before)["user.roles_changed"] == 2
    asked = """SELECT json_extract(payload, '$.roles') FROM event WHERE type = 'user.roles_changed' AND subject = ?
        ORDER BY position"""
    assert rows(world, asked, user_id) == ['["editor", "staff"]', "[]"]


MANY = tuple(f"{n} {'ж' * 68}" for n in range(15))


@pytest.mark.parametrize("roles", [("",), (" ",), ("a\nb",), ("x" * 151,), MANY])
async def test_roles_that_are_none_or_more_than_a_token_carries(world: World, roles):
    await made(world, ADA)
    with refused(Code.FIELD_INVALID, field="roles"):
        await world.house.user_admin.set_roles(world.app, ADA, roles, ORIGIN)
