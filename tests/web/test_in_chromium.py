"""The pages under their real policy in a browser: nothing is refused or sticks out, the script helps."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.needs import need
from tests.web import shelf
from vestibule.web import desk, headers, render
from vestibule.web.assets import lookup
from vestibule.web.flows import GALLERY
from vestibule.web.mail import render_mail

pytestmark = pytest.mark.browser

# Buttons and fields that a finger cannot miss; links that stand alone may be smaller (WCAG 2.5.8).
SMALL = """() => [...document.querySelectorAll('button, .button, input:not([type=hidden]), a')]
  .map(e => [e.textContent.trim() || e.id, e.offsetHeight, e.matches('a:not(.button)') ? 24 : 44])
  .filter(([, height, least]) => height && height < least)"""

ARRIVING = replace(shelf.ROWS[0], id="new", subject="<b>New</b>", code="999000", to="new@example.com")
POSTS: list[str] = []
EVENTS = [ARRIVING, replace(shelf.ROWS[0], state="used")]
DESK = {
    "inbox": (lambda: render.render_inbox(replace(shelf.INBOX, events_href="/events")), headers.PAGE),
    "empty": (lambda: render.render_inbox(replace(shelf.EMPTY, events_href="/events")), headers.PAGE),
    "message": (
        lambda: render.render_inbox_message(replace(shelf.MESSAGE, html_href="/mail")),
        headers.INBOX_MESSAGE,
    ),
    "operator": (lambda: render.render_operator(shelf.OPERATOR), headers.PAGE),
    "mail": (lambda: render_mail(replace(shelf.MAIL, button=("Go", "/there"))).html, headers.MAIL),
}


class Handler(BaseHTTPRequestHandler):
    """The gallery with the headers that its pages have in life; a POST leads to another origin."""

    def do_GET(self):
        path, _, query = self.path[1:].partition("?")
        if path == "events":
            lines = "".join(f"data: {desk.inbox_event(row)}\n\n" for row in EVENTS)
            return self.reply(200, {"Content-Type": "text/event-stream"}, f"retry: 60000\n\n{lines}")
        if found := lookup(path.removeprefix("static/")):
            return self.reply(200, headers.STATIC | {"Content-Type": found[1]}, found[0])
        if path in DESK:
            make, kept = DESK[path]
            return self.reply(200, kept | {"Content-Type": "text/html; charset=utf-8"}, make())
        if path in GALLERY:
            flow = GALLERY[path]()
            flow = replace(flow, frame=replace(flow.frame, action="/post"))
            kept = headers.page_headers([self.elsewhere]) if query == "leads-on" else headers.PAGE
            page = render.render_flow(flow)
            return self.reply(flow.status, kept | {"Content-Type": "text/html; charset=utf-8"}, page)
        return self.reply(200, {"Content-Type": "text/plain"}, "arrived")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        POSTS.append(self.path)
        self.reply(303, {"Location": self.elsewhere}, "")

    @property
    def elsewhere(self):
        return f"http://localhost:{self.headers['Host'].rpartition(':')[2]}/arrived"

    def reply(self, status, found, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in (found | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium")
    need(program, "Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, server):
    """Open a page in a browser of its own; whatever the browser complains about fails the test."""

    @contextmanager
    def opened(path, **options) -> Iterator:
        complaints = []
        context = chromium.new_context(**options)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/{path}")
        page.complaints = complaints
        yield page
        context.close()
        # An honest status of the page itself is reported too.
        assert [each for each in complaints if "Failed to load resource" not in each] == []

    return opened


@pytest.fixture(scope="module", params=[{"color_scheme": "dark"}, {"java_script_enabled": False}], ids=str)
def narrow(request, chromium):
    """One page that goes through all states: 320 pixels wide, as at 400 % zoom."""
    context = chromium.new_context(viewport={"width": 320, "height": 640}, **request.param)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", [*GALLERY, "inbox", "empty", "message", "operator"])
def test_no_page_breaks_its_policy_or_its_frame(narrow, server, path):
    complaints = []
    narrow.on("console", lambda message: complaints.append(message.text))
    narrow.goto(f"http://127.0.0.1:{server.server_port}/{path}")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 320
    assert narrow.evaluate(SMALL) == []
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def test_show_password(visit):
    with visit("sign-in") as page:
        show = page.get_by_role("button", name="Show password")
        show.click()
        expect(page.locator("#password")).to_have_attribute("type", "text")
        expect(show).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("status")).to_have_text("Password is visible")
        show.click()
        expect(page.locator("#password")).to_have_attribute("type", "password")


def test_without_a_script_there_is_no_dead_button(visit):
    with visit("sign-up", java_script_enabled=False) as page:
        assert page.get_by_role("button").all_inner_texts() == ["Create account"]


def test_a_pasted_code_is_tidied(visit):
    with visit("code") as page:
        expect(page.locator("#code")).to_be_focused()
        page.keyboard.insert_text(" 482-913 ")
        expect(page.locator("#code")).to_have_value("482913")


def test_the_meter_speaks_in_words(visit):
    with visit("sign-up") as page:
        for typed, words in {
            "short": "Too short so far",
            "9 letters": "Fair",
            "a longer sentence": "Good",
        }.items():
            page.fill("#password", typed)
            expect(page.locator("#pw-meter")).to_contain_text(words)


def test_a_summary_has_the_focus(visit):
    for scripts in (True, False):
        with visit("sign-in.wrong-pair", java_script_enabled=scripts) as page:
            expect(page.get_by_role("alert")).to_be_focused()


def test_what_was_done_is_announced(visit):
    with visit("code.sent-again") as page:
        expect(page.get_by_role("status")).to_contain_text("We have sent a new code.")


def test_a_form_is_sent_once_and_may_lead_to_the_app(visit):
    POSTS.clear()
    with visit("signed-in?leads-on") as page:
        # Two presses in one turn of the page's own loop: faster than any finger.
        page.evaluate("for (const _ of [1, 2]) document.querySelector('[value=continue]').click()")
        page.wait_for_url("http://localhost:*/arrived")
    assert POSTS == ["/post"]


def test_the_words_of_the_server_come_before_the_bubbles_of_the_browser(visit):
    POSTS.clear()
    with visit("sign-in?leads-on") as page:
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("http://localhost:*/arrived")
    with visit("sign-in", java_script_enabled=False) as page:
        page.get_by_role("button", name="Sign in", exact=True).click()
        assert page.url.endswith("/sign-in")
    assert POSTS == ["/post"]


@pytest.mark.parametrize("width", [390, 1100])
def test_the_values_of_the_operator_page_are_not_cut(visit, width):
    with visit("operator", viewport={"width": width, "height": 900}) as page:
        cut = "found => found.filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
        assert page.locator("code.value, pre").evaluate_all(cut) == []


def test_a_form_leads_nowhere_else(visit):
    with visit("signed-in") as page:
        with page.expect_console_message(lambda message: "form-action" in message.text):
            page.get_by_role("button", name="Continue to Acme").click(no_wait_after=True)
        assert page.url.endswith("/signed-in")
        page.complaints.clear()


def test_the_key_of_a_link_leaves_the_address_bar(visit):
    with visit("link.verify?key=ev_secret&action=email-confirm") as page:
        page.wait_for_url("**/link.verify")


def test_times_are_shown_in_the_zone_of_the_reader(visit):
    with visit("link.expired", timezone_id="Europe/Berlin", locale="en-GB") as page:
        expect(page.locator("time")).to_have_text("21 Nov 2026, 13:32")


def test_offline_is_said_and_taken_back(visit):
    with visit("sign-in") as page:
        page.context.set_offline(True)
        expect(page.get_by_text("You are offline.").first).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden()


def test_copying(visit):
    with visit("error.server", permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == "7F3K-2QX"


@pytest.mark.parametrize("path", ["inbox", "empty"])
def test_new_mail_comes_in_on_top(visit, path):
    with visit(path) as page:
        first = page.get_by_role("listitem").filter(has_text="new@example.com")
        expect(first).to_contain_text("<b>New</b>")
        expect(first.locator("code")).to_have_text("999000")
        expect(page.locator("[data-id=m0] .badge")).to_have_text("used")
        expect(page.locator("[data-id=m0]")).to_have_count(1)
        expect(page.get_by_text("No messages yet")).to_have_count(0)


def test_a_mail_is_shown_in_its_frame_and_its_links_open_outside(visit):
    with visit("message") as page:
        mail = page.frame_locator("iframe")
        expect(mail.get_by_role("heading")).to_have_text("Confirm your email")
        with page.expect_popup() as popup:
            mail.get_by_role("link", name="Go").click()
        popup.value.wait_for_url("**/there")
        assert json.loads(popup.value.evaluate("JSON.stringify(opener)")) is None


def test_nothing_moves_after_the_first_paint(chromium, server):
    watch = """self.moved = 0; new PerformanceObserver(list => {
      for (const entry of list.getEntries()) self.moved += entry.value;
    }).observe({type: 'layout-shift', buffered: true});"""
    context = chromium.new_context()
    context.add_init_script(watch)
    page = context.new_page()
    for path in ("sign-in", "sign-up", "error.server", "operator"):
        page.goto(f"http://127.0.0.1:{server.server_port}/{path}")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("moved") <= 0.01
    context.close()
