"""A FastAPI app that trusts the issuer."""

import asyncio
import threading
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from tests.contrib.issuer import API_KEY, SID, SUB, until
from vestibule.contrib.fastapi import TokenUser, Vestibule


@pytest.fixture
def app(issuer):
    current = Vestibule(
        url=issuer.url, api_key=API_KEY, now=issuer.clock, ticks=issuer.clock, poll_interval=0.05, first_wait=0.5
    )
    app = FastAPI()

    @app.get("/me")
    async def me(user: Annotated[TokenUser, Depends(current)]):
        return {"id": user.id, "username": user.username, "roles": user.roles, "actor": user.actor}

    @app.get("/desk")
    def desk(user: Annotated[TokenUser, Depends(current.with_roles("editor", "author"))]):
        return {"thread": threading.current_thread() is threading.main_thread(), "id": user.id}

    yield app
    current.verifier.close()


def caller(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")


class Client:
    """One request at a time, each in a loop of its own."""

    def __init__(self, app):
        self.app = app

    def get(self, path, headers=None):
        async def ask():
            async with caller(self.app) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def client(app):
    return Client(app)


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def test_a_good_token(issuer, client):
    answer = client.get("/me", headers=bearing(issuer.token(user_id="7", act={"sub": "op"})))
    assert answer.status_code == 200
    assert answer.json() == {"id": "7", "username": "ada", "roles": ["editor"], "actor": {"sub": "op"}}


@pytest.mark.parametrize(
    ("header", "detail", "challenge"),
    [
        (None, "Authentication credentials were not provided.", ""),
        ("Basic YTpi", "Authentication credentials were not provided.", ""),
        ("Bearer a b", "Authorization header must contain two space-delimited values", "invalid_token"),
        ("Bearer abc", "Token is invalid", "invalid_token"),
    ],
)
def test_no_token_or_none_to_speak_of(client, header, detail, challenge):
    answer = client.get("/me", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"detail": detail})
    wanted = f', error="{challenge}", error_description="{detail}"' if challenge else ""
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="api"{wanted}'


def test_roles(issuer, client):
    for roles, status in (([], 403), (["editor"], 403), (["author", "editor", "x"], 200)):
        answer = client.get("/desk", headers=bearing(issuer.token(roles=roles)))
        assert answer.status_code == status
        assert ("insufficient_scope" in answer.headers.get("WWW-Authenticate", "")) is (status == 403)
    assert client.get("/me", headers=bearing(issuer.token(roles=[]))).status_code == 200
    assert client.get("/desk").status_code == 401


def test_revoked_then_a_new_role_then_silence(issuer, client):
    kept, ended = bearing(issuer.token()), bearing(issuer.token(sid="6" * 24))
    assert client.get("/me", headers=ended).status_code == 200
    issuer.tell(session="6" * 24)
    until(lambda: client.get("/me", headers=ended).status_code == 401)
    assert client.get("/desk", headers=kept).status_code == 403
    issuer.tell(user=SUB, roles=["editor", "author"])
    until(lambda: client.get("/desk", headers=kept).status_code == 200)
    issuer.clock.tick(11)
    answer = client.get("/me", headers=kept)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "too long" in answer.json()["detail"]


def test_the_scheme_is_in_the_description(client):
    described = client.get("/openapi.json").json()
    assert described["components"]["securitySchemes"] == {
        "Vestibule": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    assert described["paths"]["/me"]["get"]["security"] == [{"Vestibule": []}]
    assert described["paths"]["/desk"]["get"]["security"] == [{"Vestibule": []}]


async def test_the_loop_goes_on_while_the_first_request_waits(issuer, app):
    issuer.is_mute = True
    async with caller(app) as client:
        request = asyncio.create_task(client.get("/me", headers=bearing(issuer.token())))
        turns = 0
        while not request.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert (await request).status_code == 503
        assert turns > 10


async def test_known_keys_need_no_thread(issuer, app):
    async with caller(app) as client:
        assert (await client.get("/me", headers=bearing(issuer.token()))).status_code == 200
        before = threading.active_count()
        answers = await asyncio.gather(*(client.get("/me", headers=bearing(issuer.token())) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert threading.active_count() == before


def test_settings_are_checked_at_once(issuer):
    with pytest.raises(ValueError, match="api_key"):
        Vestibule(url=issuer.url)


def test_a_session_that_ended_before(issuer, client):
    issuer.tell(session=SID)
    answer = client.get("/me", headers=bearing(issuer.token()))
    assert (answer.status_code, answer.json()["detail"]) == (401, "Session has ended")
