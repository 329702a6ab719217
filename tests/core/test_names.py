"""First and last name, and the name that is both unless it is set itself."""

import pytest

from tests.checks import events, position
from tests.world import ORIGIN, World
from vestibule.core.accounts.fields import show
from vestibule.core.accounts.model import name_of

ADA = "ada@acme.test"


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({}, None),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Lovelace"}, "Lovelace"),
        ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
        ({"first_name": "Ada", "last_name": ""}, "Ada"),
        ({"first_name": "", "last_name": ""}, None),
        ({"first_name": "Ada", "name": "Countess"}, "Countess"),
        ({"first_name": "Ada", "name": ""}, ""),
    ],
)
def test_a_name_is_what_was_set_else_both_parts(profile, name):
    assert name_of(profile) == name


async def _person(world: World):
    return await world.house.user_admin.get(world.app, ADA)


async def _change(world: World, **values: object):
    person = await _person(world)
    return await world.house.users.change(world.app, person.user.id, values, ORIGIN)


async def test_the_name_follows_its_parts_until_it_is_set(world: World):
    await world.user(ADA, first_name="Ada", last_name="Lovelace")
    await _change(world, last_name="King")
    assert show(await _person(world), world.app.policy)["name"] == "Ada King"
    await _change(world, name="Countess")
    await _change(world, first_name="Augusta")
    assert show(await _person(world), world.app.policy)["name"] == "Countess"
    await _change(world, name=None)
    assert show(await _person(world), world.app.policy)["name"] == "Augusta King"


async def test_a_copied_back_object_changes_nothing(world: World):
    """Else the name would stop following its parts as soon as a client saved its form."""
    await world.user(ADA, first_name="Ada", last_name="Lovelace")
    before, person = position(world), await _person(world)
    copy = show(person, world.app.policy)
    assert copy["name"] == "Ada Lovelace"
    changed = await _change(world, **copy)
    assert (changed.user, events(world, before)) == (person.user, {})
    changed = await _change(world, **{**copy, "last_name": "King"})
    assert changed.user.profile == {"first_name": "Ada", "last_name": "King"}
