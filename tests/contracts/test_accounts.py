"""core/accounts/ports.py: users, identifiers, credentials, registrations, ids of other systems."""

from dataclasses import replace

import pytest

from tests.contracts.rows import (
    EMAIL,
    LATER,
    NOW,
    a_credential,
    a_registration,
    a_user,
    an_identifier,
    new_id,
)
from vestibule.core.accounts.model import IdentifierKind, UserStatus


async def test_a_user_comes_back_as_written(store, app_id):
    user = a_user(profile={"name": "Zoë 🦉", "bio": ""}, roles=("a", "b"))
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
    assert await store.reading(app_id).users.find(user.id) == user
    assert await store.reading(app_id).users.find(new_id()) is None


async def test_a_profile_is_changed_by_who_read_the_newest_version(store, app_id):
    user = a_user()
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
        assert await tx.users.change_profile(user.id, 1, {"name": "Grace"}, LATER)
        assert not await tx.users.change_profile(user.id, 1, {"name": "Eve"}, LATER)
    wanted = replace(user, profile={"name": "Grace"}, version=2, updated_at_ms=LATER)
    assert await store.reading(app_id).users.find(user.id) == wanted


async def test_a_status_changes_once(store, app_id):
    user = a_user()
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
        answers = [await tx.users.change_status(user.id, UserStatus.BANNED, NOW) for _ in range(2)]
        answers += [await tx.users.change_status(user.id, UserStatus.ACTIVE, NOW) for _ in range(2)]
    assert answers == [True, False, True, False]


async def test_a_deleted_user_stays_deleted_and_says_nothing(store, app_id):
    user = a_user()
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
        assert [await tx.users.erase(user.id, LATER) for _ in range(2)] == [True, False]
        assert not await tx.users.change_status(user.id, UserStatus.ACTIVE, LATER)
        assert not await tx.users.change_profile(user.id, 2, {"name": "Eve"}, LATER)
        found = await tx.users.find(user.id)
    assert (found.status, found.profile, found.roles, found.data_key) == (UserStatus.DELETED, {}, (), "")


async def test_the_last_sign_in_is_remembered(store, app_id):
    async with store.transaction(app_id) as tx:
        await tx.users.add(user := a_user())
        await tx.users.note_sign_in(user.id, LATER)
        assert (await tx.users.find(user.id)).last_sign_in_at_ms == LATER


async def test_users_are_listed_in_pages_by_id(store, app_id):
    users = sorted((a_user() for _ in range(5)), key=lambda user: user.id)
    async with store.transaction(app_id) as tx:
        for user in reversed(users):
            await tx.users.add(user)
    scan = store.scanning(app_id).users
    assert await scan.list("", 3) == users[:3]
    assert await scan.list(users[2].id, 3) == users[3:]


async def test_a_live_value_is_unique_and_a_removed_one_is_free(store, app_id, other_app_id):
    first, second = an_identifier(value="ada@acme.test"), an_identifier(value="ada@acme.test")
    async with store.transaction(app_id) as tx:
        assert await tx.identifiers.add(first, "")
        assert not await tx.identifiers.add(second, "")
        assert await tx.identifiers.find(EMAIL, "ada@acme.test") == first
        assert [await tx.identifiers.remove(first.id, NOW) for _ in range(2)] == [True, False]
        assert await tx.identifiers.find(EMAIL, "ada@acme.test") is None
        assert await tx.identifiers.add(second, "")
    async with store.transaction(other_app_id) as tx:
        assert await tx.identifiers.add(first, "")


async def test_an_identifier_is_verified_once_and_only_while_it_lives(store, app_id):
    alive, gone = an_identifier(), an_identifier()
    async with store.transaction(app_id) as tx:
        for identifier in (alive, gone):
            await tx.identifiers.add(identifier, "")
        await tx.identifiers.remove(gone.id, NOW)
        assert [await tx.identifiers.verify(alive.id, "email", LATER) for _ in range(2)] == [True, False]
        assert not await tx.identifiers.verify(gone.id, "email", LATER)
        assert (await tx.identifiers.find(EMAIL, alive.value)).verified_at_ms == LATER


async def test_the_primary_identifier_is_the_live_one(store, app_id):
    old, new, second = an_identifier(), an_identifier(), an_identifier()
    owner = old.user_id
    async with store.transaction(app_id) as tx:
        await tx.identifiers.add(old, "")
        await tx.identifiers.remove(old.id, NOW)
        await tx.identifiers.add(replace(second, user_id=owner, is_primary=False), "")
        assert await tx.identifiers.primary(owner, EMAIL) is None
        await tx.identifiers.add(new := replace(new, user_id=owner), "email")
        assert await tx.identifiers.primary(owner, EMAIL) == new


async def test_erasing_forgets_identifiers_former_ones_too(store, app_id):
    first, second, stranger = an_identifier(), an_identifier(), an_identifier()
    second = replace(second, user_id=first.user_id)
    async with store.transaction(app_id) as tx:
        for identifier in (first, second, stranger):
            await tx.identifiers.add(identifier, "")
        await tx.identifiers.remove(first.id, NOW)
        await tx.identifiers.erase_all(first.user_id, NOW)
        assert await tx.identifiers.find(EMAIL, second.value) is None
        assert await tx.identifiers.find(EMAIL, "") is None
        assert await tx.identifiers.find(EMAIL, stranger.value) == stranger
        assert await tx.identifiers.primary(first.user_id, EMAIL) is None


async def test_one_password_lives_at_a_time(stage):
    first, app_id = a_credential(), stage.app_id
    second = replace(a_credential(), user_id=first.user_id)
    async with stage.store.transaction(app_id) as tx:
        await tx.credentials.add_password(first, new_id(), NOW)
        assert await tx.credentials.find_password(first.user_id) == first
        assert [await tx.credentials.remove(first.id, NOW) for _ in range(2)] == [True, False]
        assert await tx.credentials.find_password(first.user_id) is None
        await tx.credentials.add_password(second, new_id(), NOW)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        async with stage.store.transaction(app_id) as tx:
            await tx.credentials.add_password(replace(first, id=new_id()), new_id(), NOW)
    assert await stage.store.reading(app_id).credentials.find_password(first.user_id) == second


async def test_erasing_forgets_passwords(store, app_id):
    credential, stranger = a_credential(), a_credential()
    async with store.transaction(app_id) as tx:
        for each in (credential, stranger):
            await tx.credentials.add_password(each, new_id(), NOW)
        await tx.credentials.erase_all(credential.user_id, NOW)
        assert await tx.credentials.find_password(credential.user_id) is None
        assert await tx.credentials.find_password(stranger.user_id) == stranger


async def test_a_registration_lives_until_its_time(store, app_id):
    registration = a_registration(expires_at_ms=LATER)
    async with store.transaction(app_id) as tx:
        await tx.registrations.add(registration)
        assert await tx.registrations.find(registration.id, LATER - 1) == registration
        assert await tx.registrations.find(registration.id, LATER) is None
        assert await tx.registrations.live(EMAIL, registration.value, LATER, 9) == []


async def test_several_registrations_of_one_address_end_together(store, app_id):
    several = [a_registration(created_at_ms=NOW + age) for age in range(4)]
    other = a_registration(value="eve@acme.test")
    async with store.transaction(app_id) as tx:
        for registration in (*several, other):
            await tx.registrations.add(registration)
        assert await tx.registrations.live(EMAIL, other.value, NOW, 3) == [other]
        assert await tx.registrations.live(EMAIL, "ada@acme.test", NOW, 3) == several[:0:-1]
        await tx.registrations.end_all(EMAIL, "ada@acme.test", NOW)
        assert await tx.registrations.live(EMAIL, "ada@acme.test", NOW, 3) == []
        assert await tx.registrations.find(several[0].id, NOW) is None
        assert await tx.registrations.find(other.id, NOW) == other


async def test_erasing_forgets_registrations_of_the_user_and_of_the_address(store, app_id):
    first = a_registration()
    former = a_registration(user_id=first.user_id, value="former@acme.test")
    rival, stranger = a_registration(), a_registration(value="eve@acme.test")
    async with store.transaction(app_id) as tx:
        for registration in (first, former, rival, stranger):
            await tx.registrations.add(registration)
        erased = await tx.registrations.erase(first.user_id, EMAIL, first.value)
        assert sorted(erased) == sorted(each.id for each in (first, former, rival))
        assert await tx.registrations.find(former.id, NOW) is None
        assert await tx.registrations.live(EMAIL, first.value, NOW, 9) == []
        assert await tx.registrations.find(stranger.id, NOW) == stranger


async def test_roles_change_once_and_a_deleted_user_has_none(store, app_id):
    user = a_user(roles=("editor",))
    async with store.transaction(app_id) as tx:
        await tx.users.add(user)
        assert not await tx.users.change_roles(user.id, ("editor",), LATER)
        assert [await tx.users.change_roles(user.id, ("a", "b"), LATER) for _ in range(2)] == [True, False]
        assert await tx.users.find(user.id) == replace(user, roles=("a", "b"), version=2, updated_at_ms=LATER)
        await tx.users.erase(user.id, LATER)
        assert not await tx.users.change_roles(user.id, ("admin",), LATER)


async def test_primary_identifiers_of_all_kinds_are_found_together(store, app_id):
    address = an_identifier()
    name = an_identifier(user_id=address.user_id, kind=IdentifierKind.USERNAME, value="ada")
    second = an_identifier(user_id=address.user_id, is_primary=False)
    former = an_identifier(user_id=address.user_id, kind=IdentifierKind.USERNAME, value="former")
    async with store.transaction(app_id) as tx:
        for each in (address, second, former, an_identifier()):
            await tx.identifiers.add(each, "")
        await tx.identifiers.remove(former.id, NOW)
        await tx.identifiers.add(name, "")
        found = await tx.identifiers.primaries(address.user_id)
    assert {each.kind: each for each in found} == {EMAIL: address, IdentifierKind.USERNAME: name}
    assert len(found) == 2


async def test_an_id_of_another_system_is_of_one_user(store, app_id, other_app_id):
    ada, eve = a_user().id, a_user().id
    async with store.transaction(app_id) as tx:
        assert [await tx.aliases.add("django", "7", user_id) for user_id in (ada, ada, eve)] == [True, False, False]
        assert await tx.aliases.add("clerk", "7", eve)
        assert await tx.aliases.find("django", "7") == ada
        assert await tx.aliases.find("clerk", "7") == eve
        assert await tx.aliases.find("django", "8") is None
        assert await tx.aliases.of_user(ada, "django") == "7"
        assert await tx.aliases.of_user(ada, "clerk") is None
        assert await tx.aliases.add("clerk", "9", ada)
        assert [await tx.aliases.list(user_id) for user_id in (ada, "x")] == [[("clerk", "9"), ("django", "7")], []]
        assert await tx.aliases.of_user(ada, "clerk") == "9"
        assert await tx.aliases.of_user(eve, "django") is None
    assert await store.reading(other_app_id).aliases.find("django", "7") is None
    async with store.transaction(other_app_id) as tx:
        assert await tx.aliases.add("django", "7", eve)
