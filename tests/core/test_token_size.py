"""A token is one that readers take: what would make it longer than 8 KiB stays out of it, or out of the house."""

import pytest

from tests.checks import refused
from tests.core.journeys import ADA
from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.tokens.claims import FIELDS, ROLES_BYTES, size_of
from vestibule.core.tokens.dpop import Presenter
from vestibule.core.tokens.model import TokenType
from vestibule.kernel.errors import Code
from vestibule.kernel.jwt import MAX_BYTES, read_jwt
from vestibule.kernel.secret import Secret

LETTERS = ["a", "ж", "密", "🔑", '"', "\x01"]
LONGEST_SIGNATURE = 1_366
"""Of an RSA key of 8,192 bits, in base64url."""
FIRST = Presenter("Firefox/145")


async def set_policy(world: World, **values: object) -> None:
    for name, value in values.items():
        world.app = await world.house.apps.set_policy(world.app, name, value, ORIGIN)


async def claims_of(world: World) -> tuple[str, dict[str, object]]:
    pair = await world.house.families.sign_in(world.app, ADA, Secret(PASSWORD), FIRST, ORIGIN)
    await world.house.families.authenticate(world.app, pair.access, TokenType.ACCESS)
    jwt = read_jwt(pair.access)
    assert jwt is not None
    return pair.access, jwt.claims


@pytest.mark.parametrize("letter", LETTERS)
async def test_a_long_name_stays_out_of_tokens_and_roles_stay_in(world: World, letter):
    """People write their names themselves: it must not cost them a role, nor their sign-in."""
    user_id = await world.user(first_name=letter * 2_000, last_name="Lovelace")
    await world.house.user_admin.set_roles(world.app, ADA, ("guest",), ORIGIN)
    await set_policy(world, TOKEN_CLAIMS=sorted(FIELDS))
    _, claims = await claims_of(world)
    assert (claims["last_name"], claims["roles"], claims["sub"]) == ("Lovelace", ["guest"], user_id)
    assert not {"first_name", "name"} & claims.keys()


@pytest.mark.parametrize("letter", ["a", "ж", "密", "🔑", '"'])
async def test_the_most_that_a_user_may_have_fits(world: World, letter):
    text = letter * (290 // (2 if letter == '"' else len(letter.encode())))
    await world.user(name=text, first_name=text, last_name=text)
    roles = [f"{number} {letter * 60}" for number in range(30)]
    while size_of(roles) > ROLES_BYTES:
        roles.pop()
    await world.house.user_admin.set_roles(world.app, ADA, tuple(roles), ORIGIN)
    await set_policy(world, TOKEN_CLAIMS=sorted(FIELDS))
    token, claims = await claims_of(world)
    assert (claims["roles"], claims["first_name"], claims["name"]) == (roles, text, text)
    assert len(token) + LONGEST_SIGNATURE < MAX_BYTES


async def test_a_policy_whose_tokens_nobody_would_read_is_told_and_issues_none(world: World):
    await world.user()
    await set_policy(world, AUDIENCE=[f"{number:0128}" for number in range(60)])
    with refused(Code.UNAVAILABLE):
        await claims_of(world)
