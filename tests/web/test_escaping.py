"""Names and addresses of strangers stay text, wherever they are shown."""

from dataclasses import fields, replace

import pytest

from tests.web import shelf
from tests.web.html import Page
from vestibule.web import flows, render
from vestibule.web.flow import Frame
from vestibule.web.render import TEMPLATES, render_flow

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}'
FRAME = Frame(EVIL, action=EVIL, csrf=EVIL, flow_id=EVIL, hidden={"key": EVIL}, home_href=EVIL, inbox_href=EVIL)
ASKED = flows.LinkRequest(f"{EVIL}@example.com", EVIL, EVIL, 0, 1)


def evil(thing):
    """The same thing with every text in it replaced."""
    told = {each.name: getattr(thing, each.name) for each in fields(thing)}
    return replace(thing, **{name: EVIL for name, value in told.items() if isinstance(value, str)})


PAGES = {
    "sign-in": lambda: render_flow(flows.sign_in(FRAME, EVIL, EVIL, EVIL)),
    "sign-up": lambda: render_flow(flows.sign_up(FRAME, EVIL, EVIL, EVIL)),
    "code": lambda: render_flow(flows.enter_code(FRAME, "verify", f"{EVIL}@x", 1, EVIL)),
    "sent": lambda: render_flow(flows.recovery_sent(FRAME, EVIL, 1, EVIL, EVIL)),
    "reset": lambda: render_flow(flows.new_password(FRAME, EVIL)),
    "link": lambda: render_flow(flows.link_landing(FRAME, "verify", ASKED)),
    "used": lambda: render_flow(flows.link_used(FRAME, 1, EVIL, EVIL, EVIL)),
    "signed-in": lambda: render_flow(flows.signed_in(FRAME, EVIL)),
    "server-error": lambda: render_flow(flows.server_error(FRAME, EVIL, EVIL)),
    "cookies": lambda: render_flow(flows.cookies_blocked(FRAME, EVIL, EVIL)),
    "untrusted": lambda: render_flow(flows.untrusted_redirect(FRAME)),
    "inbox": lambda: render.render_inbox(
        replace(evil(shelf.INBOX), rows=[replace(evil(row), state=row.state) for row in shelf.ROWS])
    ),
    "message": lambda: render.render_inbox_message(
        replace(evil(shelf.MESSAGE), row=replace(evil(shelf.ROWS[0]), state="used"), links=[EVIL])
    ),
    "operator": lambda: render.render_operator(evil(shelf.OPERATOR)),
}


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_stays_text(name):
    page = Page(PAGES[name]())
    assert [each.text for each in page.all("script")] == [""]
    assert page.all("img") == []
    assert not any(attribute.startswith("on") for each in page.elements for attribute in each.attributes)
    assert "alert(1)" in page.html
    assert "49" not in page.words()


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " java\tscript:alert(1)",
        "\x01javascript:x",
        "data:text/html,x",
    ],
)
def test_no_link_runs_anything(url):
    page = Page(render_flow(flows.signed_out(replace(FRAME, home_href=url), url)))
    assert {each["href"] for each in page.all("a")} <= {"", EVIL}


@pytest.mark.parametrize("url", ["https://acme.example/?a=1&b=2", "myapp://done", "/e:1/sign-in", "?x", "#x"])
def test_every_other_link_is_left_alone(url):
    assert render.href(url) == url


def test_no_template_trusts_its_data():
    for path in TEMPLATES.rglob("*"):
        if path.is_file():
            text = path.read_text()
            for word in (
                "|safe",
                "| safe",
                "autoescape",
                "Markup",
                "<script>",
                " style=" if "mail" not in path.parts else "|safe",
            ):
                assert word not in text, f"{path.name}: {word}"
