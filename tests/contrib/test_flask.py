"""A Flask app that trusts the issuer."""

import pytest
from flask import Flask, g

from tests.contrib.issuer import API_KEY, SUB, until
from vestibule.contrib.flask import Vestibule


@pytest.fixture
def app(issuer):
    vestibule = Vestibule()
    app = Flask("notes")
    app.config["VESTIBULE"] = {"URL": issuer.url, "NOW": issuer.clock, "TICKS": issuer.clock, "POLL_INTERVAL": 0.05}

    @app.get("/me")
    @vestibule.required
    def me():
        return {"id": g.vestibule.id, "roles": g.vestibule.roles}

    @app.get("/desk/<name>")
    @vestibule.required(roles=["author"])
    async def desk(name):
        return {"name": name, "username": g.vestibule.username}

    vestibule.init_app(app, api_key=API_KEY)
    yield app
    app.extensions["vestibule"].close()


@pytest.fixture
def client(app):
    return app.test_client()


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_good_token(issuer, client):
    answer = client.get("/me", headers=bearing(issuer.token(user_id="7")))
    assert (answer.status_code, answer.json) == (200, {"id": "7", "roles": ["editor"]})


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Bearer a b", "bad_authorization_header"),
        ("Bearer abc", "token_not_valid"),
    ],
)
def test_no_token_or_none_to_speak_of(client, header, code):
    answer = client.get("/me", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
    assert answer.headers["Content-Type"] == "application/json"


def test_roles_in_an_async_view(issuer, client):
    assert client.get("/desk/x", headers=bearing(issuer.token())).status_code == 403
    answer = client.get("/desk/x", headers=bearing(issuer.token(roles=["author"])))
    assert answer.json == {"name": "x", "username": "ada"}


def test_revoked_then_a_new_role_then_silence(issuer, client):
    kept, ended = bearing(issuer.token()), bearing(issuer.token(sid="6" * 24))
    assert client.get("/me", headers=ended).status_code == 200
    issuer.tell(session="6" * 24)
    until(lambda: client.get("/me", headers=ended).status_code == 401)
    assert client.get("/desk/x", headers=kept).status_code == 403
    issuer.tell(user=SUB, roles=["author"])
    until(lambda: client.get("/desk/x", headers=kept).status_code == 200)
    issuer.clock.tick(11)
    answer = client.get("/me", headers=kept)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "revocations_stale", "1")


def test_the_apps_own_error_pages_are_not_shown_instead(issuer, app, client):
    app.register_error_handler(401, lambda _: ("mine", 401))
    assert client.get("/me").json["code"] == "not_authenticated"


def test_a_view_keeps_its_name(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == {"static", "me", "desk"}


def test_mistakes_are_said_at_the_start(issuer):
    with pytest.raises(ValueError, match="api_key"):
        Vestibule(Flask("x"), url=issuer.url)
    with pytest.raises(TypeError, match="list"):
        Vestibule().required(roles="editor")
