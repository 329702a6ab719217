"""The users model: whole rows out, only open fields in."""

import pytest

from tests.protocols.altogic.calls import ADA, code_of, send, signed_in
from tests.world import ORIGIN, World


@pytest.fixture
async def me(world: World):
    token = await signed_in(world)
    return (await world.house.user_admin.get(world.app, ADA)).user.id, {"Session": token}


def _body(user_id: str, **more: object) -> dict[str, object]:
    return {"model": "users", "id": user_id, **more}


async def test_a_whole_object_may_be_copied_back(world: World, me):
    user_id, headers = me
    row = (await send(world, "POST", "db/object/get", json=_body(user_id), headers=headers)).json()
    values = {**row, "name": "Ada", "createdAt": "1999-01-01T00:00:00.000Z", "_id": "x"}
    changed = await send(world, "POST", "db/object/update", json=_body(user_id, values=values), headers=headers)
    assert changed.json() == {**row, "name": "Ada", "updatedAt": changed.json()["updatedAt"]}


@pytest.mark.parametrize(
    "field", ["email", "emailVerified", "phone", "provider", "providerUserId", "password", "roles"]
)
async def test_a_changed_protected_field_is_named(world: World, me, field):
    user_id, headers = me
    body = _body(user_id, values={"name": "Ada", field: "changed"})
    response = await send(world, "POST", "db/object/update", json=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["errors"][0]["details"] == {"field": field}
    assert "name" not in (await send(world, "GET", "auth/user", headers=headers)).json()


async def test_a_field_can_be_unset(world: World, me):
    user_id, headers = me
    for updates in (
        [{"field": "name", "updateType": "set", "value": "Ada"}],
        [{"field": "name", "updateType": "unset"}],
    ):
        row = await send(
            world, "POST", "db/object/update-fields", json=_body(user_id, updates=updates), headers=headers
        )
    assert "name" not in row.json()


@pytest.mark.parametrize("kind", ["increment", "push", "SET", "set ", "", None, 5, "$set", "__proto__"])
async def test_an_unknown_instruction_is_refused(world: World, me, kind):
    user_id, headers = me
    body = _body(user_id, updates=[{"field": "name", "updateType": kind, "value": 1}])
    response = await send(world, "POST", "db/object/update-fields", json=body, headers=headers)
    assert (response.status_code, code_of(response)) == (400, "invalid_update_instruction")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("get", {}, "missing_required_value"),
        ("get", {"model": "users"}, "missing_required_value"),
        ("get", {"model": "posts", "id": "x"}, "model_not_found"),
        ("get", {"model": "users.addresses", "id": "x"}, "model_not_found"),
        ("get", {"model": 5, "id": "x"}, "validation_error"),
        ("update", {"model": "users", "id": "x"}, "missing_required_value"),
        ("update", {"model": "users", "id": "x", "values": []}, "validation_error"),
        ("update-fields", {"model": "users", "id": "x"}, "missing_required_value"),
        ("update-fields", {"model": "users", "id": "x", "updates": {}}, "validation_error"),
        ("update-fields", {"model": "users", "id": "x", "updates": [1]}, "missing_required_value"),
    ],
)
async def test_what_is_missing_is_named(world: World, me, path, body, code):
    response = await send(world, "POST", f"db/object/{path}", json=body, headers=me[1])
    assert (response.status_code in {400, 404}, code_of(response)) == (True, code)


async def test_lookups_and_options_are_let_be(world: World, me):
    user_id, headers = me
    body = _body(user_id, options={"cache": "nocache"}, lookups=None)
    assert (await send(world, "POST", "db/object/get", json=body, headers=headers)).json()["_id"] == user_id


async def test_an_apps_own_field_is_written_and_read(world: World, me):
    user_id, headers = me
    await world.house.apps.set_policy(world.app, "user_fields", ["city"], ORIGIN)
    body = _body(user_id, values={"city": "London"})
    assert (await send(world, "POST", "db/object/update", json=body, headers=headers)).json()["city"] == "London"


@pytest.mark.parametrize("value", ["", "x" * 2000, "Ада 🎓", "<b>", "'; DROP TABLE user;--", "{{7*7}}", "\u202e"])
async def test_a_text_comes_back_as_it_was_sent(world: World, me, value):
    user_id, headers = me
    body = _body(user_id, values={"name": value})
    assert (await send(world, "POST", "db/object/update", json=body, headers=headers)).json()["name"] == value


@pytest.mark.parametrize("value", ["x" * 2001, "a\u0000b", 1, True, [], {}, ["x"], {"$set": "x"}])
async def test_what_is_no_text_of_that_size_is_refused(world: World, me, value):
    user_id, headers = me
    response = await send(
        world, "POST", "db/object/update", json=_body(user_id, values={"name": value}), headers=headers
    )
    assert (response.status_code, code_of(response)) == (400, "validation_error")
