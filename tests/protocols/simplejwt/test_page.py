"""What a browser sees: a page with a form that works, without scripts, cookies or frames."""

import re
from html.parser import HTMLParser

import pytest

from tests.protocols.simplejwt.calls import ADA, BROWSER, PROFILE, TOKEN, claims, client, send
from tests.world import PASSWORD, World
from vestibule.protocols.simplejwt.browsable import STYLE
from vestibule.protocols.simplejwt.routes import INDEX, ROUTES


class Page(HTMLParser):
    """Inputs with their labels and problems, and every tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


async def browse(world: World, method: str, path: str, **request):
    response = await send(world, method, path, headers=BROWSER, **request)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response, Page(response.text)


async def test_a_browser_finds_a_form_for_the_two_fields(world: World):
    response, page = await browse(world, "GET", TOKEN)
    assert response.status_code == 405
    [form] = page.all("form")
    assert (form["method"], form.get("action")) == ("post", None)
    inputs = {each["name"]: (each["type"], each["autocomplete"]) for each in page.all("input")}
    assert inputs == {"username": ("text", "username"), "password": ("password", "current-password")}


async def test_the_form_works(world: World):
    response, _ = await browse(world, "POST", TOKEN, data=ADA)
    assert response.status_code == 200
    [access] = re.findall(r"&#34;access&#34;: &#34;([\w.-]+)&#34;", response.text)
    assert claims(access)["username"] == "ada"
    assert PASSWORD not in response.text


async def test_a_refusal_is_on_the_page(world: World):
    response, page = await browse(world, "POST", TOKEN, data={**ADA, "password": "wrong-2-password"})
    assert response.status_code == 401
    assert "No active account found" in response.text
    assert "wrong-2-password" not in response.text
    assert len(page.all("form")) == 1


async def test_a_problem_stands_at_its_field(world: World):
    response, page = await browse(world, "POST", TOKEN, data={"username": "ada", "password": ""})
    assert response.status_code == 400
    wrong = [each for each in page.all("input") if each.get("aria-invalid") == "true"]
    [described] = [each["aria-describedby"] for each in wrong]
    assert f'id="{described}">This field may not be blank.' in response.text


async def test_what_was_sent_never_becomes_markup(world: World):
    for mark in ("<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>", '"><b>'):
        headers = {**BROWSER, "Content-Type": mark}
        response = await send(world, "POST", TOKEN, content=b"x", headers=headers)
        assert response.status_code == 415
        assert mark not in response.text
        response = await send(world, "POST", TOKEN, content=b"[" + mark.encode(), headers={**BROWSER})
        assert mark not in response.text


@pytest.mark.parametrize("path", ROUTES)
async def test_every_page_is_dressed_and_accessible(world: World, path):
    response, page = await browse(world, "GET", path)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; ")
    assert "frame-ancestors 'none'; base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert "access-control-allow-origin" not in response.headers
    assert not page.all("script")
    assert not page.all("style")
    assert not [attrs for _, attrs in page.tags if "style" in attrs or any(name.startswith("on") for name in attrs)]
    assert page.all("html")[0]["lang"] == "en"
    assert (len(page.all("main")), len(page.all("h1"))) == (1, 1)
    assert [each["for"] for each in page.all("label")] == [each["id"] for each in page.all("input")]
    assert bool(page.all("form")) == (path not in {INDEX, PROFILE})
    assert page.all("link") == [{"rel": "stylesheet", "href": f"/e:{world.app.id}{STYLE}"}]


@pytest.mark.parametrize("mount", [True, False])
async def test_the_style_sheet_is_there(world: World, mount):
    response = await send(world, "GET", STYLE, mount=mount)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "http" not in response.text
    assert (await send(world, "POST", STYLE)).status_code == 404


async def test_no_cookie_is_read(world: World):
    access = (await send(world, "POST", TOKEN, json=ADA)).json()["access"]
    async with client(world, Cookie=f"access={access}; sessionid={access}; csrftoken=x") as http:
        assert (await http.get(PROFILE)).status_code == 401
        assert (await http.post(TOKEN, json=ADA)).status_code == 200


async def test_head_and_options_of_a_page(world: World):
    response = await send(world, "HEAD", TOKEN, headers=BROWSER)
    assert (response.status_code, response.content) == (405, b"")
    response, _ = await browse(world, "OPTIONS", TOKEN)
    assert response.status_code == 200
    assert "Token Obtain Pair" in response.text
