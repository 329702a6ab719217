"""Every row of the protocol page."""

import pytest

from tests.protocols.simplejwt.calls import (
    ADA,
    BLACKLIST,
    BROWSER,
    CREDENTIALS,
    NO_USER,
    NO_USER_OF_TOKEN,
    PROFILE,
    REFRESH,
    SLIDING,
    SLIDING_REFRESH,
    TOKEN,
    TOKEN_FIELDS,
    VERIFY,
    claims,
    client,
    create,
    not_for_any_type,
    not_valid,
    pair,
    post,
    profile,
    send,
)
from tests.world import ORIGIN, PASSWORD, REDIRECT, World
from vestibule.core.admin.users import NewUser
from vestibule.core.apps.policy import Policy
from vestibule.kernel.ids import SYSTEM_APP
from vestibule.kernel.secret import Secret
from vestibule.protocols.simplejwt.routes import INDEX, ROUTES

PATHS = [path for path in ROUTES if path != INDEX]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW")


async def test_the_index_lists_the_endpoints(world: World):
    response = await send(world, "GET", "/api/")
    assert (response.status_code, response.json()) == (200, PATHS)
    assert len(PATHS) == 7


async def test_a_user_name_and_a_password_give_a_pair(world: World):
    response = await post(world, TOKEN, **ADA)
    assert response.status_code == 200
    assert list(response.json()) == ["refresh", "access"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["ada@acme.test", "ADA", " ada ", "Ada@Acme.test"])
async def test_the_address_and_other_spellings_are_the_same_user(world: World, name):
    assert (await post(world, TOKEN, username=name, password=PASSWORD)).status_code == 200


@pytest.mark.parametrize("path", CREDENTIALS)
async def test_wrong_unknown_inactive_deleted_and_unconfirmed_are_one_answer(world: World, path):
    for name in ("idle", "gone"):
        await create(world, name)
    await world.house.user_admin.ban(world.app, "idle", ORIGIN)
    await world.house.user_admin.delete(world.app, "gone", ORIGIN)
    await world.sign_up("new@acme.test")
    wrong = [{**ADA, "password": "not-it-at-all-9"}]
    wrong += [{**ADA, "username": name} for name in ("nobody", "idle", "gone", "new@acme.test")]
    answers, work = [], []
    for body in wrong:
        before = world.hasher.work
        answers.append(await post(world, path, **body))
        work.append(world.hasher.work - before)
    assert work[:4] == [1] * 4
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert answers[0].json() == NO_USER
    bare = [{k: v for k, v in each.headers.items() if k != "x-request-id"} for each in answers]
    assert bare == [bare[0]] * 5


async def test_a_password_keeps_the_blanks_around_it(world: World):
    """Source: NIST SP 800-63B-4 section 3.1.1.2."""
    blank = NewUser("eve@acme.test", Secret(f" {PASSWORD} "), None, "eve")
    await world.house.user_admin.create(world.app, blank, ORIGIN)
    assert (await post(world, TOKEN, username="eve", password=f" {PASSWORD} ")).status_code == 200
    assert (await post(world, TOKEN, username="eve", password=PASSWORD)).status_code == 401
    assert (await post(world, TOKEN, username="ada", password=f" {PASSWORD} ")).status_code == 401


async def test_refresh_answers_with_the_next_pair(world: World):
    first = await pair(world)
    response = await post(world, REFRESH, refresh=first["refresh"])
    assert response.status_code == 200
    assert list(response.json()) == ["access", "refresh"]
    assert claims(response.json()["refresh"])["jti"] != claims(first["refresh"])["jti"]


async def test_refresh_refuses_what_is_no_refresh_token(world: World):
    tokens = await pair(world)
    sliding = (await post(world, SLIDING, **ADA)).json()["token"]
    for token, told in [
        (tokens["access"], "Token has wrong type"),
        (sliding, "Token has wrong type"),
        ("garbage", "Token is invalid"),
        (tokens["refresh"][:-4] + "AAAA", "Token is invalid"),
    ]:
        response = await post(world, REFRESH, refresh=token)
        assert (response.status_code, response.json()) == (401, not_valid(told))


@pytest.mark.parametrize(("path", "name"), TOKEN_FIELDS)
async def test_an_expired_token_is_refused_as_such(world: World, path, name):
    tokens = await pair(world)
    tokens["sliding"] = (await post(world, SLIDING, **ADA)).json()["token"]
    world.clock.tick(25 * 3_600_000)
    response = await post(world, path, **{name: tokens["sliding" if path == SLIDING_REFRESH else "refresh"]})
    assert (response.status_code, response.json()) == (401, not_valid("Token is expired"))


async def test_verify_says_whether_a_token_would_be_taken(world: World):
    tokens = await pair(world)
    tokens["sliding"] = (await post(world, SLIDING, **ADA)).json()["token"]
    for token in tokens.values():
        response = await post(world, VERIFY, token=token)
        assert (response.status_code, response.json()) == (200, {})
    response = await post(world, VERIFY, token="garbage")
    assert (response.status_code, response.json()) == (401, not_valid("Token is invalid"))


async def test_blacklist_is_a_sign_out(world: World):
    tokens = await pair(world)
    assert (await profile(world, tokens["access"])).status_code == 200
    response = await post(world, BLACKLIST, refresh=tokens["refresh"])
    assert (response.status_code, response.json()) == (200, {})
    for path in (BLACKLIST, REFRESH):
        again = await post(world, path, refresh=tokens["refresh"])
        assert (again.status_code, again.json()) == (401, not_valid("Token is blacklisted"))
    for token in tokens.values():
        verified = await post(world, VERIFY, token=token)
        assert (verified.status_code, verified.json()) == (400, {"non_field_errors": ["Token is blacklisted"]})
        assert "www-authenticate" not in verified.headers
    seen = await profile(world, tokens["access"])
    assert (seen.status_code, seen.json()) == (401, not_for_any_type("Token is blacklisted"))
    assert await world.house.user_admin.sessions(world.app, "ada") == []


async def test_blacklist_takes_refresh_tokens_only(world: World):
    tokens = await pair(world)
    response = await post(world, BLACKLIST, refresh=tokens["access"])
    assert (response.status_code, response.json()) == (401, not_valid("Token has wrong type"))


# The profile --------------------------------------------------------------------------------------


async def test_the_profile_is_the_users_own_and_holds_no_secret(world: World):
    await create(world, "bob")
    seen = [(await profile(world, (await pair(world, name))["access"])).json() for name in ("ada", "bob")]
    assert [each["user"]["username"] for each in seen] == ["ada", "bob"]
    assert set(seen[0]) == {"user", "first_name", "last_name", "email"}
    user = seen[0]["user"]
    assert set(user) == {
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "date_joined",
        "last_login",
        "is_active",
    }
    assert user["email"] == seen[0]["email"] == "ada@acme.test"
    assert (user["first_name"], user["last_name"], user["is_active"]) == ("A", "B", True)
    assert user["date_joined"] == "2026-11-21T12:32:00.000Z"
    assert user["last_login"].endswith("Z")


async def test_who_has_no_user_name_goes_by_the_address(world: World):
    await world.user("eve@acme.test")
    tokens = await pair(world, "eve@acme.test")
    user = (await profile(world, tokens["access"])).json()["user"]
    assert (user["username"], user["first_name"]) == ("eve@acme.test", "")
    assert claims(tokens["access"])["username"] == "eve@acme.test"


@pytest.mark.parametrize("value", [None, "", "Basic YWRhOng=", "Token abc", "JWT abc", "garbage", "bearer abc"])
async def test_no_header_or_another_scheme_is_nobody(world: World, value):
    response = await send(world, "GET", PROFILE, headers={} if value is None else {"Authorization": value})
    assert response.status_code == 401
    assert response.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer a b c", "Bearer a, Bearer b"])
@pytest.mark.parametrize("path", ["/api/", PROFILE])
async def test_a_header_of_other_than_two_words_is_refused(world: World, value, path):
    response = await send(world, "GET", path, headers={"Authorization": value})
    told = "Authorization header must contain two space-delimited values"
    assert (response.status_code, response.json()) == (401, not_valid(told, "bad_authorization_header"))


async def test_the_header_takes_blanks_as_the_model_does(world: World):
    token = (await pair(world))["access"]
    for value in (f"Bearer  {token}", f"Bearer\t{token}", f"  Bearer {token} "):
        assert (await send(world, "GET", PROFILE, headers={"Authorization": value})).status_code == 200


async def test_the_profile_refuses_other_tokens(world: World):
    tokens = await pair(world)
    sliding = (await post(world, SLIDING, **ADA)).json()["token"]
    for token, told in [
        (tokens["refresh"], "Token has wrong type"),
        (sliding, "Token has wrong type"),
        ("garbage", "Token is invalid"),
    ]:
        response = await profile(world, token)
        assert (response.status_code, response.json()) == (401, not_for_any_type(told))
    world.clock.tick(301_000)
    response = await profile(world, tokens["access"])
    assert (response.status_code, response.json()) == (401, not_for_any_type("Token is expired"))


async def test_a_user_who_is_gone_or_banned_is_said_to_be(world: World):
    for name in ("idle", "gone"):
        await create(world, name)
    idle, gone = await pair(world, "idle"), await pair(world, "gone")
    await world.house.user_admin.ban(world.app, "idle", ORIGIN)
    await world.house.user_admin.delete(world.app, "gone", ORIGIN)
    seen = await profile(world, idle["access"]), await profile(world, gone["access"])
    assert [each.status_code for each in seen] == [401, 401]
    assert seen[0].json() == not_valid("User is inactive", "user_inactive")
    assert seen[1].json() == not_valid("User not found", "user_not_found")
    for tokens in (idle, gone):
        for path, name in TOKEN_FIELDS[:3]:
            refused = await post(world, path, **{name: tokens["refresh"]})
            assert (refused.status_code, refused.json()) == (401, NO_USER_OF_TOKEN)


# What every answer carries ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ROUTES)
async def test_every_answer_says_what_it_depends_on(world: World, path):
    for method in METHODS:
        response = await send(world, method, path)
        allow = "OPTIONS, GET" if path in {INDEX, PROFILE} else "POST, OPTIONS"
        assert response.headers["allow"] == allow
        assert response.headers["vary"] == "Accept, origin"
        assert "set-cookie" not in response.headers
        is_refused = response.status_code == 401
        assert response.headers.get("www-authenticate") == ('Bearer realm="api"' if is_refused else None)
        assert is_refused == (path == PROFILE)


@pytest.mark.parametrize("path", PATHS[:-1])
async def test_other_methods_are_refused_by_name(world: World, path):
    for method in sorted({*METHODS} - {"POST", "HEAD", "OPTIONS"}):
        response = await send(world, method, path)
        assert (response.status_code, response.json()) == (405, {"detail": f'Method "{method}" not allowed.'})


async def test_who_asks_is_looked_at_before_the_method(world: World):
    access = (await pair(world))["access"]
    for method in ("HEAD", "POST", "PUT", "DELETE"):
        assert (await send(world, method, PROFILE)).status_code == 401
        assert (await send(world, method, PROFILE, headers={"Authorization": f"Bearer {access}"})).status_code == 405


async def test_where_credentials_come_in_the_body_the_header_is_not_read(world: World):
    for path in PATHS[:-1]:
        response = await send(world, "POST", path, json={}, headers={"Authorization": "Bearer a b"})
        assert response.status_code == 400


# Descriptions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ROUTES)
async def test_options_describe_an_endpoint(world: World, path):
    access = (await pair(world))["access"]
    response = await send(world, "OPTIONS", path, headers={"Authorization": f"Bearer {access}"})
    told = response.json()
    assert response.status_code == 200
    assert (told["name"], told["renders"]) == (ROUTES[path].name, ["application/json", "text/html"])
    assert told["parses"] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    assert ("actions" in told) == (path not in {INDEX, PROFILE})


async def test_options_describe_the_fields(world: World):
    actions = (await send(world, "OPTIONS", REFRESH)).json()["actions"]
    assert actions == {
        "POST": {
            "refresh": {"type": "string", "required": True, "read_only": False, "label": "Refresh"},
            "access": {"type": "string", "required": False, "read_only": True, "label": "Access"},
        }
    }


# Addresses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mount", [True, False])
async def test_both_forms_of_the_address_are_the_same_app(world: World, mount):
    response = await send(world, "POST", TOKEN, json=ADA, mount=mount)
    assert response.status_code == 200
    headers = {"Authorization": f"Bearer {response.json()['access']}"}
    assert (await send(world, "GET", PROFILE, headers=headers, mount=not mount)).status_code == 200


async def test_of_several_apps_one_must_be_named(world: World):
    other = await world.house.apps.create("Other", world.app.environment, Policy(redirect_url=REDIRECT), ORIGIN)
    response = await send(world, "POST", TOKEN, json=ADA, mount=False)
    assert (response.status_code, response.json()) == (404, {"detail": "There is no such app here."})
    access = (await pair(world))["access"]
    world.app = other
    assert (await post(world, TOKEN, **ADA)).json() == NO_USER
    assert (await profile(world, access)).json() == not_for_any_type("Token is invalid")


@pytest.mark.parametrize("app_id", [SYSTEM_APP, "0" * 23 + "7", "nonsense", ""])
async def test_no_other_app_is_found_and_operators_do_not_come_in_here(world: World, app_id):
    await world.house.operators.ensure("op@acme.test", ORIGIN)
    response = await send(world, "POST", f"/e:{app_id}{TOKEN}", json=ADA, mount=False)
    assert (response.status_code, response.json()) == (404, {"detail": "There is no such app here."})


@pytest.mark.parametrize("mount", [True, False])
@pytest.mark.parametrize("path", ROUTES)
async def test_without_its_slash_a_path_leads_to_the_slash_form(world: World, path, mount):
    root = f"/e:{world.app.id}" if mount else ""
    for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
        response = await send(world, method, f"{path[:-1]}?a=1&b=%20%2F", mount=mount)
        assert (response.status_code, response.headers["location"]) == (301, f"{root}{path}?a=1&b=%20%2F")
        assert (response.content, response.headers["cache-control"]) == (b"", "no-store")
        assert response.headers["vary"] == "origin"


async def test_the_front_end_reads_the_profile_without_a_slash(world: World):
    access = (await pair(world))["access"]
    async with client(world, Authorization=f"Bearer {access}") as http:
        response = await http.get("/api/profile", follow_redirects=True)
    assert response.json()["user"]["username"] == "ada"


@pytest.mark.parametrize(
    "path",
    ["/api/nothing/", "/api/nothing", "/api/token/x/", "/api//token/", "/api/profile//", "/api/%00/", "/api/%ff/"],
)
async def test_an_unknown_path_is_404_in_json(world: World, path):
    for method in ("GET", "POST", "OPTIONS"):
        response = await send(world, method, path, headers=BROWSER)
        assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
        assert response.headers["vary"] == "origin"
        assert "allow" not in response.headers


async def test_another_prefix_is_not_this_doors(world: World):
    assert "errors" in (await send(world, "GET", "/apix/token/")).json()
