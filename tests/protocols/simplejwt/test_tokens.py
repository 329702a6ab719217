"""Tokens, rotation and reuse as a front end meets them."""

import jwt
import pytest

from tests.checks import events, rows
from tests.protocols.simplejwt.calls import (
    ADA,
    BLACKLIST,
    MINUTE_MS,
    REFRESH,
    SLIDING,
    SLIDING_REFRESH,
    TOKEN,
    VERIFY,
    DpopKey,
    claims,
    create,
    not_for_any_type,
    not_valid,
    pair,
    post,
    profile,
    send,
    set_policy,
)
from tests.world import ORIGIN, World
from vestibule.core.admin.users import NewUser
from vestibule.core.messages.model import MessageKind
from vestibule.kernel.secret import Secret

DAY_S = 24 * 3600
OTHER = {"User-Agent": "curl/8"}
SPENT = (401, not_valid("Token is blacklisted"))


async def refresh(world: World, token: str, **headers: str):
    return await send(world, "POST", REFRESH, json={"refresh": token}, headers=headers)


def said(response) -> tuple[int, object]:
    return response.status_code, response.json()


# Claims -------------------------------------------------------------------------------------------


async def test_a_pair_has_the_claims_and_lifetimes_of_the_library(world: World):
    tokens = await pair(world)
    now_s = world.clock.now_ms() // 1000
    for kind, lifetime_s in (("refresh", DAY_S), ("access", 300)):
        told, header = claims(tokens[kind]), jwt.get_unverified_header(tokens[kind])
        assert (told["token_type"], told["iat"], told["exp"]) == (kind, now_s, now_s + lifetime_s)
        assert (header["alg"], header["typ"]) == ("ES256", "JWT")
        assert isinstance(told["user_id"], str)
        assert (len(told["jti"]), told["username"]) == (32, "ada")
        assert told["iss"] == world.house.env_url(world.app.id)
        assert "roles" not in told
    assert claims(tokens["refresh"])["jti"] != claims(tokens["access"])["jti"]


async def test_names_lifetimes_and_custom_claims_are_the_apps(world: World):
    await set_policy(
        world,
        ACCESS_TOKEN_LIFETIME=60,
        REFRESH_TOKEN_LIFETIME=3600,
        USER_ID_CLAIM="uid",
        TOKEN_TYPE_CLAIM="kind",
        JTI_CLAIM="id",
        TOKEN_CLAIMS=["email", "first_name"],
        AUDIENCE=["orders"],
        ISSUER="https://acme.test",
    )
    tokens = await pair(world)
    told = claims(tokens["access"])
    assert (told["kind"], told["email"], told["first_name"]) == ("access", "ada@acme.test", "A")
    assert (told["aud"], told["iss"], told["exp"] - told["iat"]) == ("orders", "https://acme.test", 60)
    assert told["uid"] == told["sub"]
    assert "username" not in told
    assert (await profile(world, tokens["access"])).status_code == 200
    assert (await refresh(world, tokens["refresh"])).status_code == 200


@pytest.mark.parametrize(("key", "shown"), [("17", 17), ("017", "017"), ("a-1", "a-1")])
async def test_an_imported_user_keeps_the_old_key(world: World, key, shown):
    person = await world.house.user_admin.get(world.app, "ada")
    async with world.house.store.transaction(world.app.id) as tx:
        await tx.aliases.add("django", key, person.user.id)
    await set_policy(world, USER_ID_FIELD="django")
    tokens = await pair(world)
    assert claims(tokens["access"])["user_id"] == key
    assert (await profile(world, tokens["access"])).json()["user"]["id"] == shown


async def test_the_scheme_and_the_header_are_the_apps(world: World):
    await set_policy(world, AUTH_HEADER_TYPES=["JWT", "Bearer"], AUTH_HEADER_NAME="HTTP_X_ACCESS_TOKEN")
    access = (await pair(world))["access"]
    for scheme in ("JWT", "Bearer"):
        seen = await send(world, "GET", "/api/profile/", headers={"X-Access-Token": f"{scheme} {access}"})
        assert seen.status_code == 200
    seen = await profile(world, access)
    assert (seen.status_code, seen.headers["www-authenticate"]) == (401, 'JWT realm="api"')


async def test_the_classes_that_open_something_are_the_apps(world: World):
    await set_policy(world, AUTH_TOKEN_CLASSES=["rest_framework_simplejwt.tokens.AccessToken", "SlidingToken"])
    tokens = await pair(world)
    sliding = (await post(world, SLIDING, **ADA)).json()["token"]
    for token in (tokens["access"], sliding):
        assert (await profile(world, token)).status_code == 200
    messages = (await profile(world, tokens["refresh"])).json()["messages"]
    assert [(each["token_class"], each["token_type"]) for each in messages] == [
        ("AccessToken", "access"),
        ("SlidingToken", "sliding"),
    ]


# Rotation -----------------------------------------------------------------------------------------


async def test_another_tab_gets_the_newest_pair_and_no_branch(world: World):
    first = await pair(world)
    second = (await refresh(world, first["refresh"])).json()
    world.clock.tick(4 * MINUTE_MS)
    again = (await refresh(world, first["refresh"])).json()
    assert claims(again["refresh"]) == claims(second["refresh"])
    assert claims(again["access"])["jti"] == claims(second["access"])["jti"]
    assert claims(again["access"])["exp"] == world.clock.now_ms() // 1000 + 300
    third = await refresh(world, again["refresh"])
    assert third.status_code == 200


@pytest.mark.parametrize(("minutes", "headers"), [(5, {}), (1, OTHER)])
async def test_late_or_elsewhere_it_is_a_theft(world: World, minutes, headers):
    other = await pair(world)
    first = await pair(world)
    second = (await refresh(world, first["refresh"])).json()
    world.clock.tick(minutes * MINUTE_MS)
    assert said(await refresh(world, first["refresh"], **headers)) == SPENT
    assert said(await refresh(world, second["refresh"])) == SPENT
    access = await refresh(world, other["refresh"])
    assert (await profile(world, access.json()["access"])).status_code == 200
    seen = await profile(world, second["access"])
    assert seen.status_code == 401
    assert events(world)["refresh.reused"] == 1
    assert (await world.mail(MessageKind.TOKEN_REUSED)).to == "ada@acme.test"


async def test_who_cannot_be_told_by_mail_is_told_at_the_next_sign_in(world: World):
    new = NewUser(password=Secret(ADA["password"]), username="eve")
    await world.house.user_admin.create(world.app, new, ORIGIN)
    first = await pair(world, "eve")
    await refresh(world, first["refresh"])
    assert said(await refresh(world, first["refresh"], **OTHER)) == SPENT
    told = (await post(world, TOKEN, username="eve", password=ADA["password"])).json()
    assert [each["code"] for each in told["notices"]] == ["token-reused"]
    assert "signed in" in told["notices"][0]["detail"]
    assert "notices" not in (await post(world, TOKEN, username="eve", password=ADA["password"])).json()


async def test_a_window_of_nothing_is_the_librarys_behaviour(world: World):
    await set_policy(world, REFRESH_REUSE_WINDOW=0)
    first = await pair(world)
    second = (await refresh(world, first["refresh"])).json()
    assert said(await refresh(world, first["refresh"])) == SPENT
    assert said(await post(world, VERIFY, token=first["refresh"])) == (
        400,
        {"non_field_errors": ["Token is blacklisted"]},
    )
    assert said(await post(world, BLACKLIST, refresh=first["refresh"])) == SPENT
    assert (await refresh(world, second["refresh"])).status_code == 200


async def test_without_rotation_the_access_token_comes_alone(world: World):
    await set_policy(world, ROTATE_REFRESH_TOKENS=False)
    first = await pair(world)
    for _ in range(2):
        response = await refresh(world, first["refresh"])
        assert (response.status_code, list(response.json())) == (200, ["access"])


async def test_a_family_is_a_session_that_ends_everywhere_at_once(world: World):
    tokens = await pair(world)
    [session] = await world.house.user_admin.sessions(world.app, "ada")
    assert (session.door, session.id) == ("simplejwt", claims(tokens["access"])["sid"])
    await world.house.user_admin.revoke_session(world.app, session.id, ORIGIN)
    seen = await profile(world, tokens["access"])
    assert said(seen) == (401, not_for_any_type("Token is blacklisted"))
    assert said(await refresh(world, tokens["refresh"])) == SPENT


async def test_a_changed_password_can_end_tokens_by_itself(world: World):
    await set_policy(world, CHECK_REVOKE_TOKEN=True)
    tokens = await pair(world)
    assert (await profile(world, tokens["access"])).status_code == 200
    async with world.house.store.transaction(world.app.id) as tx:
        person = await world.house.user_admin.get(world.app, "ada")
        found = await tx.credentials.find_password(person.user.id)
        assert found is not None
        await tx.credentials.remove(found.id, world.clock.now_ms())
    told = not_valid("The user's password has been changed.", "password_changed")
    assert said(await profile(world, tokens["access"])) == (401, told)
    assert said(await refresh(world, tokens["refresh"])) == (401, told)


async def test_a_sign_in_counts_as_the_last_one_if_the_app_wants(world: World):
    joined = (await profile(world, (await pair(world))["access"])).json()["user"]["last_login"]
    await set_policy(world, UPDATE_LAST_LOGIN=False)
    world.clock.tick(MINUTE_MS)
    assert (await profile(world, (await pair(world))["access"])).json()["user"]["last_login"] == joined


async def test_nothing_of_a_token_is_stored(world: World):
    tokens = await pair(world)
    stored = str(rows(world, "SELECT * FROM refresh_token")) + str(rows(world, "SELECT * FROM session"))
    for token in tokens.values():
        assert claims(token)["jti"] not in stored
        assert token.rpartition(".")[2] not in stored


# Sliding tokens -----------------------------------------------------------------------------------


async def test_a_sliding_token_is_its_own_refresh_token(world: World):
    response = await post(world, SLIDING, **ADA)
    assert list(response.json()) == ["token"]
    first = response.json()["token"]
    told, now_s = claims(first), world.clock.now_ms() // 1000
    assert (told["token_type"], told["exp"], told["refresh_exp"]) == ("sliding", now_s + 300, now_s + DAY_S)
    world.clock.tick(4 * MINUTE_MS)
    response = await post(world, SLIDING_REFRESH, token=first)
    assert (response.status_code, list(response.json())) == (200, ["token"])
    second = claims(response.json()["token"])
    assert (second["exp"], second["refresh_exp"]) == (now_s + 240 + 300, told["refresh_exp"])


async def test_a_sliding_token_is_over_when_its_refresh_period_is(world: World):
    await set_policy(world, SLIDING_TOKEN_REFRESH_LIFETIME=400)
    token = (await post(world, SLIDING, **ADA)).json()["token"]
    world.clock.tick(299_000)
    token = (await post(world, SLIDING_REFRESH, token=token)).json()["token"]
    assert claims(token)["exp"] <= claims(token)["refresh_exp"]
    world.clock.tick(101_000)
    assert said(await post(world, SLIDING_REFRESH, token=token)) == (401, not_valid("Token is expired"))


async def test_a_sliding_token_ends_with_its_session(world: World):
    token = (await post(world, SLIDING, **ADA)).json()["token"]
    [session] = await world.house.user_admin.sessions(world.app, "ada")
    await world.house.user_admin.revoke_session(world.app, session.id, ORIGIN)
    assert said(await post(world, SLIDING_REFRESH, token=token)) == SPENT


# Proof of possession ------------------------------------------------------------------------------


def at(world: World, path: str) -> str:
    return f"{world.house.env_url(world.app.id)}{path}"


async def test_a_family_can_be_bound_to_a_key(world: World):
    key = DpopKey()
    first = await pair(world, headers=key.proof(world, at(world, TOKEN)))
    told = (401, not_valid("DPoP proof is invalid", "invalid_dpop_proof"))
    assert said(await refresh(world, first["refresh"])) == told
    thief = DpopKey().proof(world, at(world, REFRESH))
    assert said(await refresh(world, first["refresh"], **thief)) == told
    assert (await refresh(world, first["refresh"], **key.proof(world, at(world, REFRESH)))).status_code == 200


async def test_a_proof_serves_one_request_to_one_address(world: World):
    key = DpopKey()
    proof = key.proof(world, at(world, TOKEN))
    assert (await send(world, "POST", TOKEN, json=ADA, headers=proof)).status_code == 200
    wrong = [
        proof,
        key.proof(world, at(world, REFRESH)),
        key.proof(world, at(world, TOKEN), "GET"),
        key.proof(world, f"http://evil.test/e:{world.app.id}{TOKEN}"),
        {"DPoP": "garbage"},
    ]
    before = world.hasher.work
    for each in wrong:
        response = await send(world, "POST", TOKEN, json=ADA, headers={**each, "Host": "localhost:8000"})
        assert response.status_code == 401
        assert response.json()["code"] == "invalid_dpop_proof"
    assert world.hasher.work <= before + 1  # a proof is used up with what it proves
    assert len(await world.house.user_admin.sessions(world.app, "ada")) == 1


async def test_a_proof_names_the_address_that_was_asked(world: World):
    """Source: RFC 9449 section 4.3."""
    key = DpopKey()
    root = f"{world.house.base_url}{TOKEN}"
    assert (await send(world, "POST", TOKEN, json=ADA, mount=False, headers=key.proof(world, root))).status_code == 200
    mounted = await send(world, "POST", TOKEN, json=ADA, headers=key.proof(world, root))
    assert mounted.status_code == 401


async def test_two_users_have_two_families(world: World):
    await create(world, "bob")
    ada, bob = await pair(world), await pair(world, "bob")
    await post(world, BLACKLIST, refresh=ada["refresh"])
    assert (await profile(world, bob["access"])).json()["user"]["username"] == "bob"
