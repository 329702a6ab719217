"""JWT-5: a token does one thing. Every kind of token is shown at every place that takes one: only the diagonal passes.

Source: RFC 8725 sections 3.11 and 3.12.
"""

import pytest

from tests.protocols.simplejwt.calls import (
    ADA,
    BLACKLIST,
    PROFILE,
    REFRESH,
    SLIDING,
    SLIDING_REFRESH,
    VERIFY,
    DpopKey,
    client,
    create,
    pair,
    post,
    set_policy,
)
from tests.security.forgery import Forger, signed
from tests.world import World
from vestibule.core.tokens.model import FEED_ALGORITHM
from vestibule.core.tokens.revocations import TYPE

API = "/_api/rest/v1"


@pytest.fixture
async def world(tmp_path):
    world = await World.open(tmp_path)
    await create(world)
    yield world
    await world.close()


async def a_pair(world, kind):
    return (await pair(world))[kind]


async def a_sliding_token(world):
    return (await post(world, SLIDING, **ADA)).json()["token"]


async def a_feed(world):
    async with client(world, Authorization=world.api_key) as http:
        answer = await http.get("/.well-known/revocations")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jwt")
    return answer.text


async def a_proof(world):
    url = f"{world.house.env_url(world.app.id)}{REFRESH}"
    return DpopKey().proof(world, url)["DPoP"]


async def a_session_token(world):
    return (await world.sign_in()).token.reveal()


async def a_feed_that_claims_to_be_a_token(world):
    """The feed's key signs a token's claims: what is signed for one purpose is nothing in another."""
    forger = await Forger.of(world)
    kid, key = await world.house.signing_keys.current(world.app, FEED_ALGORITHM)
    return signed(FEED_ALGORITHM, key._key, {"alg": FEED_ALGORITHM, "typ": TYPE, "kid": kid}, forger.claims)


async def itself(value):
    return value


KINDS = {
    "access": lambda world: a_pair(world, "access"),
    "refresh": lambda world: a_pair(world, "refresh"),
    "sliding": a_sliding_token,
    "feed": a_feed,
    "feed with claims of a token": a_feed_that_claims_to_be_a_token,
    "proof of possession": a_proof,
    "session": a_session_token,
    "API key": lambda world: itself(world.api_key),
    "client key": lambda world: itself(world.client_key),
}
PLACES = {
    "profile": lambda http, token: http.get(PROFILE, headers={"Authorization": f"Bearer {token}"}),
    "refresh": lambda http, token: http.post(REFRESH, json={"refresh": token}),
    "blacklist": lambda http, token: http.post(BLACKLIST, json={"refresh": token}),
    "sliding refresh": lambda http, token: http.post(SLIDING_REFRESH, json={"token": token}),
    "verify": lambda http, token: http.post(VERIFY, json={"token": token}),
    "feed": lambda http, token: http.get("/.well-known/revocations", headers={"Authorization": f"Bearer {token}"}),
    "session": lambda http, token: http.get(f"{API}/auth/user", headers={"Session": token}),
    "session, without its key": lambda http, token: http.get(f"{API}/auth/user", headers={"Authorization": token}),
}
TAKEN = {
    ("access", "profile"),
    ("access", "verify"),
    ("refresh", "refresh"),
    ("refresh", "blacklist"),
    ("refresh", "verify"),
    ("sliding", "sliding refresh"),
    ("sliding", "verify"),
    ("API key", "feed"),
    ("session", "session"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_diagonal_passes(world, kind, place):
    token = await KINDS[kind](world)
    headers = {"X-Client-Key": world.client_key} if place == "session" else {}
    async with client(world, **headers) as http:
        answer = await PLACES[place](http, token)
    expected = {200} if (kind, place) in TAKEN else {400, 401}
    assert answer.status_code in expected, answer.text
    if (kind, place) not in TAKEN and answer.status_code == 400:
        assert place.startswith("session"), "these have no header for it"


@pytest.mark.parametrize("place", ["profile", "refresh", "sliding refresh", "verify"])
async def test_a_type_is_what_the_claim_says_and_no_other_claim_can_say_it(world, place):
    """The names of claims are the app's choice; a token made under other names is none."""
    await set_policy(world, TOKEN_TYPE_CLAIM="kind", JTI_CLAIM="number")
    before = {kind: await KINDS[kind](world) for kind in ("access", "refresh", "sliding")}
    async with client(world) as http:
        good = {kind: (await PLACES[place](http, token)).status_code for kind, token in before.items()}
    assert good == {kind: 200 if (kind, place) in TAKEN else 401 for kind in before}
    await set_policy(world, TOKEN_TYPE_CLAIM="token_type", JTI_CLAIM="jti")
    async with client(world) as http:
        assert {(await PLACES[place](http, token)).status_code for token in before.values()} == {401}


@pytest.mark.parametrize("classes", [["SlidingToken"], ["AccessToken", "SlidingToken"]])
async def test_what_opens_a_profile_is_the_policys_choice_among_two(world, classes):
    await set_policy(world, AUTH_TOKEN_CLASSES=classes)
    opened = set()
    for kind, make in KINDS.items():
        token = await make(world)
        async with client(world) as http:
            if (await PLACES["profile"](http, token)).status_code == 200:
                opened.add(kind)
    assert opened == {{"SlidingToken": "sliding", "AccessToken": "access"}[name] for name in classes}


async def test_a_token_is_not_read_from_elsewhere(world):
    """Neither from the query, nor a cookie, nor a body, nor under another scheme."""
    access = await a_pair(world, "access")
    async with client(world) as http:
        answers = [
            await http.get(PROFILE, params={"access_token": access, "token": access, "jwt": access}),
            await http.get(
                PROFILE, headers={"Cookie": f"access={access}; token={access}; Authorization=Bearer {access}"}
            ),
            await http.request("GET", PROFILE, json={"token": access}),
            *[
                await http.get(PROFILE, headers={"Authorization": f"{scheme}{access}"})
                for scheme in ("", "JWT ", "Token ", "bearer ", "BEARER ", "Basic ", "DPoP ")
            ],
            await http.get(PROFILE, headers={"X-Authorization": f"Bearer {access}"}),
        ]
    assert {answer.status_code for answer in answers} == {401}
