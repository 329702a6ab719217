"""Operator page, static files, and what holds for every page: honest statuses, forms that need no script."""

import pytest

from tests.checks import rows
from tests.web.pages.browser import Browser, path_of
from tests.world import ORIGIN, World
from vestibule.web.pages.door import PAGES
from vestibule.web.pages.visit import cookie_name
from vestibule.workers.operations import operator_url


async def _link(world: World) -> str:
    token = await world.house.operators.link(await world.house.operators.ensure("op@acme.test", ORIGIN))
    return path_of(operator_url(world.house.base_url, token))


async def test_the_operators_link_opens_one_page_with_app_and_keys(world: World, browser: Browser):
    await browser.get(await _link(world))
    assert browser.at[0] == "operator"
    assert rows(world, "SELECT count(*) FROM session") == [0]
    await browser.press("open")
    assert browser.location.endswith("/operator")
    await browser.get("/operator")
    for shown in ("Acme", world.client_key, world.api_key, f"/e:{world.app.id}", "op@acme.test"):
        assert shown in browser.last.text


async def test_the_operators_link_works_once(world: World, browser: Browser):
    link = await _link(world)
    await browser.get(link)
    await browser.press("open")
    browser.client.cookies.clear()
    await browser.get(link)
    assert (await browser.press("open")).status_code == 410
    assert browser.at == ("operator", "dead")
    assert "vestibule operator link" in browser.last.text
    assert browser.page.all("button", name="do") == []


async def test_the_operators_page_is_closed_to_users_and_strangers(world: World, browser: Browser):
    await _link(world)
    assert (await browser.get("/operator")).status_code == 404
    assert "vestibule operator link" in browser.last.text
    assert "sign-in" not in browser.last.text
    await world.user("ada@acme.test")
    await browser.get("/sign-in")
    await browser.press("sign-in", identifier="ada@acme.test", password="correct-horse-7-battery")
    assert (await browser.get("/operator")).status_code == 404
    assert world.api_key not in browser.last.text


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/operator"])
async def test_a_page_is_the_same_at_both_mounts(world: World, browser: Browser, path):
    one = await browser.get(path)
    other = await browser.client.get(path)
    assert (one.status_code, one.headers.get("location")) == (other.status_code, other.headers.get("location"))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
async def test_another_method_is_405(world: World, browser: Browser, path, method):
    await _link(world)
    response = await browser.client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/operator"])
async def test_head_is_get_without_a_body(world: World, browser: Browser, path):
    got = await browser.client.get(path)
    head = await browser.client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/x",
        "/code/1",
        "/operator/x",
        "/sign-in%2f..",
        "/static/nothing.css",
        "/static/",
        "/static/../settings.py",
    ],
)
async def test_what_is_no_page_is_404(world: World, browser: Browser, path):
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("app_id", ["0" * 24, "short", "A" * 24])
async def test_a_page_of_no_app_is_404(world: World, browser: Browser, app_id):
    assert (await browser.get(f"/e:{app_id}/sign-in")).status_code == 404


async def test_pages_bring_their_own_style_and_script(world: World, browser: Browser):
    await browser.get("/sign-in")
    found = [each["href"] for each in browser.page.all("link")] + [each["src"] for each in browser.page.all("script")]
    assert len(found) == 3
    for path in found:
        response = await browser.get(path or "")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in response.headers
        assert (await browser.client.post(path or "")).status_code in {404, 405}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/code", "/recovery"])
async def test_a_page_works_without_scripts(world: World, browser: Browser, path):
    await browser.get(path)
    page = browser.page
    form = page.one("form")
    assert (form["method"], form["action"]) == ("post", f"/e:{world.app.id}{path}")
    assert page.all("button", type="submit", name="do")
    assert not [name for each in page.elements for name in each.attributes if name.startswith("on") or name == "style"]
    assert [each for each in page.all("script") if each.text.strip()] == []


@pytest.mark.parametrize("size", [32 * 1024 + 1, 200_000])
async def test_a_form_that_is_too_large_is_413(world: World, browser: Browser, size):
    await browser.get("/sign-in")
    _, values = browser.form("sign-in")
    assert (await browser.post("/sign-in", {**values, "identifier": "x" * size})).status_code == 413


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
async def test_a_form_is_sent_as_a_form(world: World, browser: Browser, content_type):
    await browser.get("/sign-in")
    headers = {"Content-Type": content_type} if content_type else {}
    response = await browser.client.post(f"/e:{world.app.id}/sign-in", content=b"do=sign-in", headers=headers)
    assert response.status_code == 415


async def test_a_fault_is_a_page_with_a_reference(world: World, browser: Browser):
    await browser.get("/sign-in")

    world.hasher.fault = ZeroDivisionError("SELECT secret FROM shelf")
    response = await browser.press("sign-in", identifier="ada@acme.test", password="x")
    assert response.status_code == 500
    assert response.headers["x-request-id"] in response.text
    assert "shelf" not in response.text


async def test_a_form_that_lay_open_for_a_day_still_works(world: World, browser: Browser):
    """The flow's memory is gone by then, its form is not."""
    await world.user("ada@acme.test")
    await browser.get("/recovery")
    await browser.press(browser.page.all("button", name="do")[0]["value"] or "", **_address(browser))
    world.clock.tick(25 * 3_600_000)
    await browser.get("/recovery")
    await browser.press(browser.page.all("button", name="do")[0]["value"] or "", **_address(browser))
    assert browser.last.status_code == 303


def _address(browser: Browser) -> dict[str, str]:
    [name] = [each["name"] for each in browser.page.all("input", type="email")]
    return {name or "": "ada@acme.test"}


@pytest.mark.parametrize(
    "cookie", ["x", "fl_", "fl_" + "0" * 24 + "_" + "A" * 43, "%00", "a" * 4000, '"', "ss_" + "0" * 24 + "_" + "A" * 43]
)
@pytest.mark.parametrize("purpose", ["", "flow", "device", "reset"])
async def test_a_cookie_of_nonsense_is_a_fresh_browser(world: World, browser: Browser, cookie, purpose):
    await world.user("ada@acme.test")
    name = cookie_name(world.app.id, purpose)
    await browser.get("/sign-in", Cookie=f"{name}={cookie}")
    assert browser.last.status_code == 200
    _, values = browser.form("sign-in")
    jar = "; ".join(f"{key}={value}" for key, value in browser.client.cookies.items())
    sent = f"{name}={cookie}; {jar}" if name not in jar else jar
    response = await browser.client.post(
        f"/e:{world.app.id}/sign-in",
        data={**values, "do": "send-code", "identifier": "ada@acme.test"},
        headers={"Cookie": sent},
    )
    assert response.status_code in {303, 403}
    for path in ("/code", "/recovery", "/reset", "/signed-in", "/sign-out", "/sign-up"):
        assert (await browser.get(path, Cookie=f"{name}={cookie}")).status_code in {200, 303, 410}
