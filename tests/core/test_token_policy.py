"""Settings of signed tokens: names that people know from SimpleJWT, and what each may be."""

from typing import Any

import pytest

from tests.checks import refused
from tests.world import ORIGIN, World
from vestibule.core.apps.policy import FIELD_NAMES
from vestibule.core.apps.takes import takes
from vestibule.core.apps.token_policy import TokenPolicy
from vestibule.core.apps.token_rules import RULES
from vestibule.core.tokens.claims import FIELDS, RESERVED
from vestibule.core.tokens.keys import PUBLISHED_S
from vestibule.core.tokens.model import ALGORITHMS, SHARED
from vestibule.kernel.clock import SECOND_MS
from vestibule.kernel.errors import Code
from vestibule.kernel.secret import Secret

SECRET = Secret("q9-Vn3R_7uK2yTz0LwXe5cBh8mJd1sAf6gPoIiUvQ4tGx2-NkE7rWb3YpHjZ0MaS")


async def put(world: World, name: str, value: object):
    world.app = await world.house.apps.set_policy(world.app, name, value, ORIGIN)
    return getattr(world.app.policy, name)


def test_every_text_and_list_has_a_rule():
    texts = {name for name in FIELD_NAMES if isinstance(getattr(TokenPolicy(), name, None), str | tuple)}
    assert texts <= RULES.keys()


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
async def test_every_algorithm_of_the_library_may_be_chosen(world: World, algorithm):
    if algorithm in SHARED:
        await world.house.signing_keys.bring(world.app, algorithm, SECRET, ORIGIN)
    assert await put(world, "ALGORITHM", algorithm) == algorithm


@pytest.mark.parametrize("algorithm", sorted(SHARED))
async def test_a_secret_that_nobody_knows_signs_nothing(world: World, algorithm):
    """One that was made here would never be shown: no service could verify a token."""
    with refused(Code.KEY_MISSING, algorithm=algorithm):
        await put(world, "ALGORITHM", algorithm)
    await world.house.signing_keys.bring(world.app, algorithm, SECRET, ORIGIN)
    for other in sorted(SHARED - {algorithm}):
        with refused(Code.KEY_MISSING, algorithm=other):
            await put(world, "ALGORITHM", other)
    await put(world, "ALGORITHM", algorithm)
    await put(world, "ALGORITHM", "ES256")
    await world.house.signing_keys.published(world.app)
    world.clock.tick(PUBLISHED_S * SECOND_MS)
    await world.house.signing_keys.rotate(world.app, ORIGIN)
    with refused(Code.KEY_MISSING, algorithm=algorithm):
        await put(world, "ALGORITHM", algorithm)


async def test_a_default_is_put_back(world: World):
    for name, value in (("REFRESH_REUSE_WINDOW", 0), ("AUDIENCE", ["shop"]), ("UPDATE_LAST_LOGIN", False)):
        await put(world, name, value)
        world.app = await world.house.apps.set_default(world.app, name, ORIGIN)
        assert getattr(world.app.policy, name) == getattr(TokenPolicy(), name)
    assert await world.house.apps.get(world.app.id) == world.app
    with refused(Code.FIELD_UNKNOWN):
        await world.house.apps.set_default(world.app, "reuse_window_s", ORIGIN)


TAKES = {
    "ACCESS_TOKEN_LIFETIME": "seconds, 10 to 86400",
    "REFRESH_REUSE_WINDOW": "seconds, -1 to 86400",
    "LEEWAY": "seconds, 0 to 60",
    "AUDIENCE": 'a list of names or URLs: ["shop"]',
    "JTI_CLAIM": "a word that no standard claim, TOKEN_CLAIMS or other setting uses",
    "UPDATE_LAST_LOGIN": "true or false",
    "password_min": "a whole number, 8 to 64",
    "code_ms": "milliseconds, 60000 to 3600000",
    "file_max_bytes": "bytes, 1 to 104857600",
    "redirect_url": "a URL, or empty",
}


@pytest.mark.parametrize("name", TAKES)
@pytest.mark.parametrize("value", [None, 10**20, {"a": 1}])
async def test_a_refusal_says_what_the_field_takes(world: World, name, value):
    with refused(Code.FIELD_INVALID, field=name, why=TAKES[name]):
        await put(world, name, value)


def test_every_field_says_what_it_takes():
    assert [name for name in FIELD_NAMES if not takes(name)] == []


MEANT = ["COOKIE", "HOST", "ORIGIN", "REFERER", "USER_AGENT", "FORWARDED", "X_FORWARDED_FOR", "ACCEPT", "CONNECTION"]
MEANT += ["ACCEPT_LANGUAGE", "CONTENT_LENGTH", "IF_NONE_MATCH", "SEC_FETCH_SITE", "DPOP", "SESSION", "X_CLIENT_KEY"]
BAD: dict[str, list[Any]] = {
    "ALGORITHM": ["none", "None", "", "es256", "HS1", "ES256K", "dir", "RSA-OAEP"],
    "AUDIENCE": [[""], ["a b"], ["a", "a"], ["x" * 129], ["é"]],
    "ISSUER": [
        "acme",
        "//acme.test",
        "javascript:x",
        "https://",
        "https://a b",
        "https://a.test/#x",
        "https://u@a.test",
    ],
    "JWK_URL": ["acme", "ftp://acme.test/jwks", "https://a.test/\n", "https://a.test/" + 500 * "x"],
    "AUTH_HEADER_TYPES": [[], [""], ["Bearer token"], ["Bearer", "bearer"], ["B:"], ["Bearer\n"], ["B" * 33]],
    "AUTH_HEADER_NAME": [
        "Authorization",
        "HTTP_",
        "HTTP_A__B",
        "HTTP_a",
        "",
        "CONTENT_TYPE",
        *map("HTTP_".__add__, MEANT),
    ],
    "AUTH_TOKEN_CLASSES": [[], ["RefreshToken"], ["AccessToken", "a.b.AccessToken"], [""], ["accesstoken"]],
    "USER_ID_FIELD": ["", "Id", "a b", "1a", "x" * 65],
    "TOKEN_CLAIMS": [["password"], ["data_key"], ["roles", "roles"], [""], ["exp"]],
    "ACCESS_TOKEN_LIFETIME": [86_400 + 1],
    "LEEWAY": [61],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
async def test_what_would_make_tokens_useless_or_dangerous_is_refused(world: World, name, value):
    with refused(Code.FIELD_INVALID, field=name):
        await put(world, name, value)


@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "HTTP_X_ACCESS_TOKEN", "HTTP_HOST_TOKEN", "HTTP_IFA"])
async def test_a_header_of_the_apps_own_may_carry_tokens(world: World, name):
    assert await put(world, "AUTH_HEADER_NAME", name) == name


CLAIM_SETTINGS = [name for name in FIELD_NAMES if name.endswith("_CLAIM")]


@pytest.mark.parametrize("name", CLAIM_SETTINGS)
async def test_a_claim_setting_takes_no_name_that_has_a_meaning(world: World, name):
    others = [getattr(world.app.policy, each) for each in CLAIM_SETTINGS if each != name]
    taken = {*RESERVED, *others, "username", "roles", "", "a b", "é", "x" * 129, 'a"'}
    own = {"JTI_CLAIM": {"jti"}, "USER_ID_CLAIM": {"sub"}}.get(name, set()) | {'a"'}
    for claim in sorted(taken - own):
        with refused(Code.FIELD_INVALID, field=name):
            await put(world, name, claim)
    assert await put(world, name, "https://acme.test/claim") == "https://acme.test/claim"


async def test_the_user_id_may_be_the_subject_where_it_is_ours(world: World):
    await put(world, "USER_ID_CLAIM", "sub")
    with refused(Code.FIELD_INVALID, field="USER_ID_FIELD"):
        await put(world, "USER_ID_FIELD", "django")
    await put(world, "USER_ID_CLAIM", "user_id")
    await put(world, "USER_ID_FIELD", "django")
    with refused(Code.FIELD_INVALID, field="USER_ID_CLAIM"):
        await put(world, "USER_ID_CLAIM", "sub")


async def test_a_field_of_the_user_and_a_claim_setting_do_not_share_a_name(world: World):
    await put(world, "TOKEN_CLAIMS", [])
    await put(world, "USER_ID_CLAIM", "username")
    with refused(Code.FIELD_INVALID, field="TOKEN_CLAIMS"):
        await put(world, "TOKEN_CLAIMS", ["username"])
    assert await put(world, "TOKEN_CLAIMS", sorted(FIELDS.keys() - {"username"}))


async def test_classes_are_named_as_in_django(world: World):
    wanted = ["rest_framework_simplejwt.tokens.SlidingToken", "AccessToken"]
    assert await put(world, "AUTH_TOKEN_CLASSES", wanted) == ("SlidingToken", "AccessToken")


@pytest.mark.parametrize("kind", ["", "SLIDING_"])
async def test_no_token_outlives_the_one_that_refreshes_it(world: World, kind):
    """Else it would outlive its session, whose end by itself the revocation feed tells to nobody."""
    short, long = (
        f"{kind or 'ACCESS_'}TOKEN_LIFETIME",
        f"{kind or 'REFRESH_'}TOKEN_{'REFRESH_' if kind else ''}LIFETIME",
    )
    await put(world, long, 300)
    with refused(Code.FIELD_INVALID, field=long):
        await put(world, long, 299)
    with refused(Code.FIELD_INVALID, field=short):
        await put(world, short, 301)


async def test_a_refusal_says_what_it_should_be(world: World):
    with refused(Code.FIELD_INVALID, why='a list of words like ["Bearer"]'):
        await put(world, "AUTH_HEADER_TYPES", ["a b"])
