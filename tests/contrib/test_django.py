"""A Django project that trusts the issuer: through Django REST framework, and through the middleware alone."""

import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import AsyncClient, Client, override_settings

from tests.contrib import django_project
from tests.contrib.issuer import API_KEY, SID, SUB, until
from vestibule.contrib.django import TokenUser

REFUSED = "Given token not valid for any token type"


@pytest.fixture(autouse=True)
def project():
    django_project.set_up()
    yield
    get_user_model().objects.all().delete()
    connections.close_all()


@pytest.fixture
def setup(issuer):
    """Makes settings and enters them; the last are taken back at the end."""
    entered = []

    def enter(**options):
        clocks = {"NOW": issuer.clock, "TICKS": issuer.clock, "POLL_INTERVAL": 0.05}
        override = override_settings(VESTIBULE={"URL": issuer.url, "API_KEY": API_KEY, **clocks, **options})
        override.enable()
        entered.append(override)

    enter()
    yield enter
    while entered:
        entered.pop().disable()


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def get(path, token=None, **more):
    return Client().get(path, headers=bearing(token) if token else {}, **more)


def rows():
    return get_user_model().objects


# --- Django REST framework


def test_a_good_token(issuer, setup):
    answer = get("/me/", issuer.token(user_id="7", act={"sub": "op"}))
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "kind": "TokenUser",
            "pk": "7",
            "username": "ada",
            "is_authenticated": True,
            "roles": ["editor"],
            "actor": {"sub": "op"},
        },
    )


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ({}, {"detail": "Authentication credentials were not provided."}),
        ({"Authorization": "Basic YTpi"}, {"detail": "Authentication credentials were not provided."}),
        (
            {"Authorization": "Bearer a b"},
            {
                "detail": "Authorization header must contain two space-delimited values",
                "code": "bad_authorization_header",
            },
        ),
        (
            {"Authorization": "Bearer abc"},
            {
                "detail": REFUSED,
                "code": "token_not_valid",
                "messages": [{"token_class": "AccessToken", "token_type": "access", "message": "Token is invalid"}],
            },
        ),
    ],
)
def test_refusals_have_the_shape_that_front_ends_know(setup, header, body):
    answer = Client().get("/me/", headers=header)
    assert (answer.status_code, answer.json()) == (401, body)
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_bad_token_is_refused_where_none_is_needed(issuer, setup):
    assert get("/anyone/").json() == {"is_authenticated": False}
    assert get("/anyone/", issuer.token(exp=0)).status_code == 401


def test_a_refresh_token(issuer, setup):
    assert get("/me/", issuer.token(token_type="refresh")).json()["messages"][0]["message"] == "Token has wrong type"


def test_revoked_then_a_new_role_then_silence(issuer, setup):
    kept, ended = issuer.token(), issuer.token(sid="6" * 24)
    assert get("/me/", ended).status_code == 200
    issuer.tell(session="6" * 24)
    until(lambda: get("/me/", ended).status_code == 401)
    assert get("/me/", ended).json()["messages"][0]["message"] == "Session has ended"
    issuer.tell(user=SUB, roles=["author"])
    until(lambda: get("/me/", kept).json()["roles"] == ["author"])
    issuer.clock.tick(11)
    answer = get("/me/", kept)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "revocations_stale", "1")
    assert "WWW-Authenticate" not in answer


def test_an_actor_may_be_refused(issuer, setup):
    setup(ALLOW_ACTOR=False)
    answer = get("/me/", issuer.token(act={"sub": "op"}))
    assert (answer.status_code, answer.json()["code"]) == (403, "actor_not_allowed")


def test_a_banned_user(issuer, setup):
    issuer.tell(user=SUB)
    answer = get("/me/", issuer.token())
    assert (answer.status_code, answer.json()) == (401, {"detail": "User is inactive", "code": "user_inactive"})


def test_a_user_without_a_row_may_nothing_by_rows(setup):
    user = TokenUser("7", SUB, SID, "", ("admin",), {}, None)
    assert (user.is_staff, user.is_superuser, user.is_active, user.is_anonymous) == (False, False, True, False)
    assert [user.has_perm("a.b"), user.has_perms(["a.b"]), user.has_module_perms("a")] == [False] * 3
    assert str(user) == "7"


# --- rows of the project's own user model


def test_an_old_integer_key_finds_its_row(issuer, setup):
    setup(USER_MODEL=True)
    row = rows().create_user("old", password="x")
    answer = get("/me/", issuer.token(user_id=str(row.pk))).json()
    assert (answer["kind"], answer["pk"], answer["username"]) == ("User", row.pk, "old")


@pytest.mark.parametrize("user_id", ["999999", SUB, " {pk}", "0{pk}", "{pk}_0", "+{pk}", "9" * 30, "-1", "\u0661"])
def test_an_id_that_is_not_the_rows_own_spelling(issuer, setup, user_id):
    setup(USER_MODEL=True)
    row = rows().create_user("old", id=1)
    answer = get("/me/", issuer.token(user_id=user_id.format(pk=row.pk)))
    assert (answer.status_code, answer.json()) == (401, {"detail": "User not found", "code": "user_not_found"})


def test_an_inactive_row(issuer, setup):
    setup(USER_MODEL=True)
    row = rows().create_user("old", is_active=False)
    answer = get("/me/", issuer.token(user_id=str(row.pk)))
    assert (answer.status_code, answer.json()["code"]) == (401, "user_inactive")


def test_a_new_user_gets_a_row_once(issuer, setup):
    setup(USER_MODEL=True, CREATE_USER=True)
    first, second = (get("/me/", issuer.token()).json() for _ in range(2))
    assert first == second
    assert (rows().count(), rows().get().username, rows().get().has_usable_password()) == (1, SUB, False)


def test_nobody_gets_a_row_by_its_name(issuer, setup):
    """Whoever calls herself admin at the issuer is not the admin of the project."""
    setup(USER_MODEL=True, CREATE_USER=True)
    admin = rows().create_superuser("admin", password="x")
    assert get("/me/", issuer.token(username="admin")).json()["pk"] != admin.pk


def test_a_row_that_somebody_made_for_another_ones_id(issuer, setup):
    setup(USER_MODEL=True, CREATE_USER=True)
    rows().create_user(SUB, password="known to whoever made it")
    assert get("/me/", issuer.token()).status_code == 401


def test_a_function_of_the_project_finds_the_user(issuer, setup):
    setup(USER_MODEL="tests.contrib.django_project.hook")
    assert get("/me/", issuer.token()).json()["username"] == "hooked ada"
    assert get("/me/", issuer.token(username="eve")).json()["code"] == "user_not_found"


# --- the middleware


@pytest.mark.parametrize("path", ["/plain/", "/private/"])
def test_request_user_is_the_bearer(issuer, setup, path):
    answer = get(path, issuer.token(user_id="7"))
    assert (answer.status_code, answer.json()["pk"], answer.json()["kind"]) == (200, "7", "TokenUser")


def test_without_a_token_nothing_changes(setup):
    answer = get("/plain/")
    assert (answer.json()["is_authenticated"], answer.json()["vestibule"]) == (False, False)
    assert get("/private/").status_code == 302


@pytest.mark.parametrize("path", ["/plain/", "/claims/", "/private/"])
def test_a_bad_token_is_refused_when_somebody_looks(issuer, setup, path):
    answer = get(path, issuer.token(exp=0))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_view_that_does_not_look_costs_nothing(issuer, setup):
    assert get("/careless/", "garbage").status_code == 200
    assert get("/careless/", issuer.token()).status_code == 200
    assert issuer.asked == {}


def test_where_the_middleware_cannot_answer_it_is_403(setup):
    early = [*django_project.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    with override_settings(MIDDLEWARE=early):
        assert get("/careless/", "garbage").status_code == 403


def test_silence_is_said(issuer, setup):
    token = issuer.token()
    assert get("/claims/", token).status_code == 200
    issuer.clock.tick(11)
    answer = get("/claims/", token)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")


def test_somebody_who_is_signed_in_here_stays(issuer, setup):
    row = rows().create_user("here", password="x")
    client = Client()
    client.force_login(row)
    answer = client.get("/plain/", headers=bearing(issuer.token()))
    assert (answer.json()["username"], answer.json()["vestibule"]) == ("here", True)


def test_rows_in_a_plain_view(issuer, setup):
    setup(USER_MODEL=True)
    row = rows().create_user("old")
    assert get("/plain/", issuer.token(user_id=str(row.pk))).json()["username"] == "old"
    assert get("/plain/", issuer.token()).json()["code"] == "user_not_found"


async def test_async_views(issuer, setup):
    setup(USER_MODEL="tests.contrib.django_project.hook")
    client = AsyncClient()
    answer = await client.get("/waiting/", headers=bearing(issuer.token()))
    assert (answer.json()["username"], answer.json()["roles"]) == ("hooked ada", ["editor"])
    assert (await client.get("/waiting/", headers=bearing("garbage"))).status_code == 401
    assert (await client.get("/waiting/")).json()["is_authenticated"] is False
    issuer.tell(session=SID)
    until(lambda: get("/claims/", issuer.token()).status_code == 401)
    assert (await client.get("/waiting/", headers=bearing(issuer.token()))).status_code == 401


# --- settings


@pytest.mark.parametrize("options", [{"API_KEY": ""}, {"URL": "http://auth.example"}, {"SPELT_WRONGLY": 1}])
def test_settings_that_cannot_work_are_named(setup, options):
    setup(**options)
    name = next(iter(options)).lower()
    with pytest.raises(ImproperlyConfigured, match=name):
        get("/me/", "a.b.c")


def test_importing_needs_no_project():
    code = "import vestibule.contrib.django as d; from django.conf import settings; print(settings.configured)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("False\n", "")


def test_a_project_without_settings_for_it_is_told():
    code = (
        "from django.conf import settings; settings.configure(); import vestibule.contrib.django as d\n"
        "d._caller('Bearer a.b.c')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImproperlyConfigured: VESTIBULE" in run.stderr
