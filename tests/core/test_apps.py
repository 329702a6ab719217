"""Apps, their policies and keys."""

from dataclasses import replace
from typing import Any

import pytest

from tests.checks import counted, events, position, refused
from tests.world import ORIGIN, World
from vestibule.adapters.keyring import Ring
from vestibule.core.apps.model import Environment, KeyKind
from vestibule.core.apps.policy import BOUNDS, FIELD_NAMES, Policy
from vestibule.kernel.errors import Code

OTHER: dict[str, Any] = {
    "redirect_url": "https://app.acme.test/welcome?x=1",
    "redirect_allow": ("https://app.acme.test/a", "acme://b"),
    "origins": ("https://app.acme.test",),
    "user_fields": ("city", "color"),
    "limits": {"sign-up/address/hour": 7},
    "REFRESH_TOKEN_LIFETIME": 7_200,
    "SLIDING_TOKEN_REFRESH_LIFETIME": 7_200,
    "ALGORITHM": "RS256",
    "AUDIENCE": ("orders", "https://api.acme.test/"),
    "ISSUER": "https://auth.acme.test/",
    "JWK_URL": "https://auth.acme.test/jwks.json",
    "AUTH_HEADER_TYPES": ("Bearer", "JWT"),
    "AUTH_HEADER_NAME": "HTTP_X_ACCESS_TOKEN",
    "USER_ID_FIELD": "django",
    "USER_ID_CLAIM": "uid",
    "AUTH_TOKEN_CLASSES": ("AccessToken", "SlidingToken"),
    "TOKEN_TYPE_CLAIM": "typ_of",
    "JTI_CLAIM": "token_id",
    "TOKEN_CLAIMS": ("email", "roles"),
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "ends",
    "REVOKE_TOKEN_CLAIM": "password_mark",
}


def _other(name: str) -> Any:
    value = getattr(Policy(), name)
    if name in OTHER:
        return OTHER[name]
    return (not value) if isinstance(value, bool) else value + 1


def _typed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", FIELD_NAMES)
async def test_every_field_of_the_policy_comes_back_as_it_was_set(world: World, name):
    changed = await world.house.apps.set_policy(world.app, name, _typed(_other(name)), ORIGIN)
    again = await world.house.apps.get(world.app.id)
    assert getattr(again.policy, name) == getattr(changed.policy, name) == _other(name)
    assert replace(again.policy, **{name: getattr(world.app.policy, name)}) == world.app.policy


@pytest.mark.parametrize("name", FIELD_NAMES)
async def test_a_policy_made_with_the_app_comes_back_whole(world: World, name):
    policy = replace(Policy(), **{name: _other(name)})
    app = await world.house.apps.create("Other", Environment.DEVELOPMENT, policy, ORIGIN)
    assert (await world.house.apps.get(app.id)).policy == policy


@pytest.mark.parametrize("name", FIELD_NAMES)
async def test_a_value_of_another_type_is_refused(world: World, name):
    values = [None, object(), 1.5, b"x", [1], {"a": "b"}, "text", 7, True]
    for value in values:
        if type(value) is type(getattr(Policy(), name)) and not isinstance(value, dict):
            continue
        with refused(Code.FIELD_INVALID, field=name):
            await world.house.apps.set_policy(world.app, name, value, ORIGIN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, least - 1) for name, (least, _) in BOUNDS.items()),
        *((name, most + 1) for name, (_, most) in BOUNDS.items()),
        ("origins", ["*"]),
        ("origins", ["https://a.test/"]),
        ("origins", ["nonsense"]),
        ("limits", {"no/such/rule": 5}),
        ("limits", {"sign-in/address/minute": 0}),
    ],
)
async def test_a_value_that_would_open_or_shut_the_app_is_refused(world: World, name, value):
    with refused(Code.FIELD_INVALID, field=name):
        await world.house.apps.set_policy(world.app, name, value, ORIGIN)


def test_every_number_has_its_bounds():
    numbers = {name for name in FIELD_NAMES if type(getattr(Policy(), name)) is int}
    assert numbers == BOUNDS.keys()
    assert all(least <= getattr(Policy(), name) <= most for name, (least, most) in BOUNDS.items())


async def test_an_unknown_field_is_refused(world: World):
    with refused(Code.FIELD_UNKNOWN, field="no_such"):
        await world.house.apps.set_policy(world.app, "no_such", 1, ORIGIN)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "app.acme.test", "//evil.test", "/here", "https://", "http://a b", "x"],
)
async def test_a_place_to_go_must_be_an_address(world: World, url):
    with refused(Code.FIELD_INVALID, field="redirect_url"):
        await world.house.apps.set_policy(world.app, "redirect_url", url, ORIGIN)
    with refused(Code.FIELD_INVALID, field="redirect_allow"):
        await world.house.apps.set_policy(world.app, "redirect_allow", [url], ORIGIN)


@pytest.mark.parametrize("name", ["", " ", "shop\n", "shop\rimport os", "a\u2028b", "a\0b", "\ud800", "a\x1b[2J"])
async def test_the_name_of_an_app_is_one_line_of_text(world: World, name):
    """It stands in mails, on pages and in settings that are made for others."""
    with refused(Code.FIELD_INVALID, field="name"):
        await world.house.apps.create(name, Environment.DEVELOPMENT, Policy(), ORIGIN)


@pytest.mark.parametrize("kind", KeyKind)
async def test_a_key_names_its_app(world: World, kind):
    new = await world.house.apps.create_key(world.app, kind, "another", ORIGIN)
    app, key = await world.house.apps.check_key(new.text, kind)
    assert (app.id, key.id) == (world.app.id, new.key.id)


@pytest.mark.parametrize("kind", KeyKind)
async def test_a_revoked_key_opens_nothing(world: World, kind):
    new = await world.house.apps.create_key(world.app, kind, "another", ORIGIN)
    await world.house.apps.revoke_key(world.app, new.key.id, ORIGIN)
    with refused(Code.CLIENT_KEY_INVALID if kind is KeyKind.CLIENT else Code.API_KEY_INVALID):
        await world.house.apps.check_key(new.text, kind)


async def test_a_key_is_revoked_once(world: World):
    new = await world.house.apps.create_key(world.app, KeyKind.API, "another", ORIGIN)
    before = position(world)
    await world.house.apps.revoke_key(world.app, new.key.id, ORIGIN)
    with refused(Code.NOT_FOUND):
        await world.house.apps.revoke_key(world.app, new.key.id, ORIGIN)
    assert events(world, before) == {"key.revoked": 1}


async def test_a_key_of_another_kind_opens_nothing(world: World):
    with refused(Code.API_KEY_INVALID):
        await world.house.apps.check_key(world.client_key, KeyKind.API)


async def test_keys_can_be_shown_again_where_that_is_allowed(world: World):
    shown = {found.key.kind: found.text for found in await world.house.apps.list_keys(world.app)}
    assert shown == {KeyKind.CLIENT: world.client_key, KeyKind.API: world.api_key}


async def test_a_production_api_key_is_shown_once(world: World):
    app = await world.house.apps.create("Live", Environment.PRODUCTION, Policy(), ORIGIN)
    await world.house.apps.create_key(app, KeyKind.API, "server", ORIGIN)
    assert [found.text for found in await world.house.apps.list_keys(app)] == [""]


async def test_production_refuses_keys_of_development_apps(tmp_path):
    world = await World.open(tmp_path, production=True)
    app = await world.house.apps.create("Dev", Environment.DEVELOPMENT, Policy(), ORIGIN)
    new = await world.house.apps.create_key(app, KeyKind.CLIENT, "browser", ORIGIN)
    with refused(Code.CLIENT_KEY_INVALID):
        await world.house.apps.check_key(new.text, KeyKind.CLIENT)
    await world.close()


async def test_the_only_app_needs_no_name(world: World):
    assert (await world.house.apps.only()).id == world.app.id
    await world.house.apps.create("Other", Environment.DEVELOPMENT, Policy(), ORIGIN)
    with refused(Code.APP_UNKNOWN):
        await world.house.apps.only()


async def test_finding_the_only_app_costs_the_same_however_many_there_are(world: World):
    with counted(world) as one:
        await world.house.apps.only()
    for _ in range(3):
        await world.house.apps.create("Other", Environment.DEVELOPMENT, Policy(), ORIGIN)
    with counted(world) as many, refused(Code.APP_UNKNOWN):
        await world.house.apps.only()
    assert one.statements == ["SELECT app", "SELECT app", "SELECT policy"]
    assert many.statements == ["SELECT app"]


@pytest.mark.parametrize("app_id", ["", "unknown", "0" * 23, "0" * 24, "A" * 24, "../x", "\x00", "f" * 24])
async def test_what_is_no_app_is_unknown(world: World, app_id):
    with refused(Code.APP_UNKNOWN):
        await world.house.apps.get(app_id)


async def test_a_key_whose_master_key_is_gone_is_listed_without_its_text(world: World):
    without = replace(world.house.apps, keys=Ring.fresh(world.house.entropy))
    assert [found.text for found in await without.list_keys(world.app)] == ["", ""]
    assert await without.reseal_keys(world.app) == 0
    shown = {found.text for found in await world.house.apps.list_keys(world.app)}
    assert shown == {world.client_key, world.api_key}, "nothing was sealed over"
