"""A front end written for Django REST framework and SimpleJWT, a Django backend that trusts Vestibule, and people.

Four processes: Vestibule, Django, Vite, Chromium. One clock, that the first two are told by a file and the pages by
Playwright; whatever merely waits uses the machine's own.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import answering, free_port, vite_command
from tests.browser.visitor import PASSWORD
from tests.needs import need

pytestmark = pytest.mark.browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "django-react"
REFUSED = "No active account found with the given credentials"
NAMES = (f"ada{number}" for number in itertools.count(1))


class Clock:
    """The wall clock of the processes: this far ahead of the machine's."""

    def __init__(self, folder):
        self.file, self.ahead_s = folder / "clock", 0
        self.library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        self.move(0)

    @property
    def environment(self):
        if self.library is None:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, seconds):
        self.ahead_s += seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"+{self.ahead_s}\n")
        new.replace(self.file)  # nobody ever reads half of it


@pytest.fixture(scope="module")
def module_clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def clock(module_clock):
    need(module_clock.library, "a clock that can be moved: apt-get install faketime")
    return module_clock


@pytest.fixture(scope="module")
def server(house, module_clock):
    with house.open(module_clock.environment) as server:
        yield server


@pytest.fixture(scope="module")
def backend_url(server, app_port, module_clock, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("django"), free_port()
    settings = module_clock.environment | {
        "AUTH_URL": server.env_url,
        "AUTH_API_KEY": server.api_key,
        "FRONTEND_URL": f"http://localhost:{app_port}",
        "NOTEBOOK_DATABASE": str(folder / "notebook.sqlite3"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    url, log = f"http://localhost:{port}", folder / "django.log"
    django = [sys.executable, "manage.py"]
    subprocess.run([*django, "migrate", "--verbosity", "0"], cwd=EXAMPLE / "backend", env=settings, check=True)
    command = [*django, "runserver", "--noreload", str(port)]
    with answering(f"{url}/api/notes/", command, EXAMPLE / "backend", settings, log):
        yield url


@pytest.fixture(scope="module")
def app_url(server, backend_url, app_port, tmp_path_factory):
    need(shutil.which("node"), "node: the front end is served by Vite")
    need((EXAMPLE / "frontend" / "node_modules").is_dir(), "the packages of the front end: make packages")
    url = f"http://localhost:{app_port}"
    settings = {"VITE_API_URL": server.env_url, "VITE_BACKEND_URL": backend_url}
    log = tmp_path_factory.mktemp("vite") / "vite.log"
    with answering(url, vite_command(app_port), EXAMPLE / "frontend", settings, log):
        yield url


@pytest.fixture
def vestibule(house):
    """`vestibule("user", "list")`: a command on the running house, in a process of its own."""
    program = str(Path(sys.executable).with_name("vestibule"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VESTIBULE_")}

    def run(*words, given=""):
        command = [program, *words, "--data", str(house.folder / "data"), "--json"]
        done = subprocess.run(
            command, env=environment, input=given, capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


@pytest.fixture
def newcomer(vestibule):
    """A user nobody had before, by name."""

    def made(first_name="Ada", last_name="Lovelace"):
        name = next(NAMES)
        names = ("--first-name", first_name, "--last-name", last_name, "--username", name)
        vestibule("user", "create", f"{name}@example.com", *names, "--password-stdin", given=PASSWORD)
        return name

    return made


def logs_in(visitor, username, password=PASSWORD):
    visitor.goes_to("/login")
    visitor.types(username=username, password=password)
    visitor.presses("Log in")


def adds_note(visitor, text):
    visitor.types(new_note=text)
    visitor.presses("Add note")
    expect(notes(visitor).filter(has_text=text)).to_have_count(1)


def notes(visitor):
    return visitor.page.get_by_role("list", name="Your notes").get_by_role("listitem")


def tokens(visitor):
    return visitor.page.evaluate("JSON.parse(localStorage.getItem('authTokens'))")


def heading(visitor):
    return visitor.page.get_by_role("heading", level=1)


def bearer(visitor):
    return {"Authorization": f"Bearer {tokens(visitor)['access']}"}


def handle_of(visitor):
    """What the command line calls the session of a browser."""
    claims = tokens(visitor)["access"].split(".")[1]
    return f"sh_{json.loads(base64.urlsafe_b64decode(claims + '=='))['sid']}"


def last_answered(url, headers):
    """Ask until it is refused: when the last request that was answered had begun, and when the refusal came."""
    last, deadline = 0.0, time.monotonic() + 20
    with httpx.Client(headers=headers, trust_env=False) as client:
        while (began := time.monotonic()) < deadline and (status := client.get(url).status_code) == 200:
            last = began
            time.sleep(0.02)
    assert (status, last > 0) == (401, True)
    return last, time.monotonic()


class Refreshes:
    """What the pages of a context ask for, and whether it came."""

    def __init__(self, context):
        self.sent: list[Request] = []
        self.answered: list[int] = []
        context.on("request", lambda request: self._is_one(request) and self.sent.append(request))
        context.on("response", lambda answer: self._is_one(answer.request) and self.answered.append(answer.status))

    @staticmethod
    def _is_one(request):
        return request.method == "POST" and request.url.endswith("/api/token/refresh/")

    def settle(self, page):
        """Wait until all are answered."""
        deadline = time.monotonic() + 10
        while len(self.answered) < len(self.sent) and time.monotonic() < deadline:
            page.wait_for_timeout(20)
        assert len(self.answered) == len(self.sent)

    def of(self, page):
        return [request for request in self.sent if request.frame.page == page]

    @property
    def shared(self):
        """How many refresh tokens were sent by a tab after another tab had used them."""
        return len({(request.frame.page, request.post_data) for request in self.sent}) - len(
            {request.post_data for request in self.sent}
        )


def test_two_people_see_their_own_profile_and_notes_and_nobody_elses(visit, server, app_url, backend_url, newcomer):
    ada, grace = visit(server, app_url), visit(server, app_url)
    people = (
        (ada, newcomer("Ada", "Lovelace"), ["Ada", "Lovelace"]),
        (grace, newcomer("Grace", "Hopper"), ["Grace", "Hopper"]),
    )
    for visitor, name, names in people:
        logs_in(visitor, name)
        visitor.sees(f"Hello, {name}")
        expect(visitor.page.get_by_role("definition")).to_have_text([*names, f"{name}@example.com"])
        visitor.shot("profile")
        visitor.follows("Notes")
        expect(visitor.page.get_by_text(f"Welcome, {name}.")).to_be_visible()
        adds_note(visitor, f"the note of {name}")
        visitor.shot("note")
    for visitor, name, _ in people:
        visitor.page.reload()
        expect(notes(visitor)).to_have_text([f"the note of {name}Delete"])

    [hers] = httpx.get(f"{backend_url}/api/notes/", headers=bearer(ada), trust_env=False).json()
    stolen = httpx.delete(f"{backend_url}/api/notes/{hers['id']}/", headers=bearer(grace), trust_env=False)
    assert stolen.status_code == 404
    ada.presses(f"Delete {hers['text']}")
    expect(notes(ada)).to_have_count(0)
    ada.shot("deleted")


def test_whoever_is_not_logged_in_is_shown_the_login_page(visit, server, app_url, newcomer):
    ada, name = visit(server, app_url), newcomer()
    ada.goes_to("/notes")
    ada.sees("Log in")
    for username, password in ((name, "not-the-password-7"), ("nobody", PASSWORD)):
        logs_in(ada, username, password)
        ada.reads("alert", REFUSED)
        ada.shot("refused")
    assert tokens(ada) is None


def test_the_verified_address_opens_the_door_too(visit, server, app_url, newcomer):
    ada, name = visit(server, app_url), newcomer()
    logs_in(ada, f"{name}@example.com")
    ada.sees(f"Hello, {name}")


def test_log_out_ends_the_session_on_the_server(visit, server, app_url, backend_url, newcomer, vestibule):
    ada, name = visit(server, app_url), newcomer()
    logs_in(ada, name)
    ada.sees(f"Hello, {name}")
    kept = tokens(ada)
    with ada.page.expect_response("**/api/token/blacklist/"):
        ada.presses("Log out")
    ada.sees("Log in")
    assert tokens(ada) is None
    assert vestibule("session", "list", f"{name}@example.com") == []

    # Somebody kept a copy: on load it is refreshed, and refused.
    ada.page.evaluate("kept => localStorage.setItem('authTokens', JSON.stringify(kept))", kept)
    ada.goes_to("/")
    ada.sees("Log in")
    assert tokens(ada) is None


def test_a_user_who_is_banned_is_shown_the_login_page(visit, server, app_url, newcomer, vestibule):
    ada, name = visit(server, app_url), newcomer()
    logs_in(ada, name)
    ada.sees(f"Hello, {name}")
    vestibule("user", "ban", f"{name}@example.com")
    ada.follows("Notes")
    ada.sees("Log in")
    assert tokens(ada) is None
    logs_in(ada, name)
    ada.reads("alert", REFUSED)


def test_a_session_ended_in_one_place_is_refused_in_another_process_within_a_second(
    visit, server, app_url, backend_url, newcomer, vestibule, capsys
):
    ada, elsewhere, name = visit(server, app_url), visit(server, app_url), newcomer()
    for visitor, note in ((ada, "milk"), (elsewhere, "bread")):
        logs_in(visitor, name)
        visitor.follows("Notes")
        adds_note(visitor, note)

    places = (f"{server.env_url}/api/profile/", f"{backend_url}/api/notes/")
    with ThreadPoolExecutor() as pool:
        watches = [pool.submit(last_answered, place, bearer(ada)) for place in places]
        vestibule("session", "revoke", handle_of(ada))
        (last_at_issuer, _), (_, refused_there) = (watch.result() for watch in watches)
    took_s = refused_there - last_at_issuer
    with capsys.disabled():
        print(f"\nrefused by Django {took_s * 1000:.0f} ms after the last request that Vestibule answered")
    assert took_s < 1

    ada.presses("Delete milk")
    ada.sees("Log in")
    elsewhere.shot("still-here")
    elsewhere.presses("Delete bread")
    expect(notes(elsewhere)).to_have_text(["milkDelete"])


@pytest.mark.slow
def test_five_tabs_with_a_copy_each_stay_signed_in_for_twenty_minutes(
    visit, server, app_url, newcomer, vestibule, clock
):
    ada, name = visit(server, app_url), newcomer()
    context = ada.page.context
    context.clock.install()
    refreshes = Refreshes(context)
    logs_in(ada, name)
    ada.sees(f"Hello, {name}")
    tabs = [ada]
    for _ in range(20):
        clock.move(60)
        context.clock.run_for(60_000)
        refreshes.settle(ada.page)
        if len(tabs) < 5:
            tabs.append(replace(ada, page=context.new_page()))
            tabs[-1].goes_to("/")
        for tab in tabs:
            expect(heading(tab)).to_have_text(f"Hello, {name}")

    refreshes.settle(ada.page)
    assert set(refreshes.answered) == {200}
    # Two on load, for StrictMode runs effects twice; then one every four minutes. The first tab began by logging in.
    asked = [len(refreshes.of(tab.page)) for tab in tabs]
    assert all(count >= expected for count, expected in zip(asked, (5, 6, 6, 6, 6), strict=True)), asked
    assert refreshes.shared > 0, "no tab sent a token that another had used: nothing was shown"
    assert len(vestibule("session", "list", f"{name}@example.com")) == 1
    for tab in tabs:
        tab.follows("Notes")
        adds_note(tab, f"tab {tabs.index(tab)}")
        tab.follows("Home")
        expect(tab.page.get_by_role("definition").last).to_have_text(f"{name}@example.com")
    ada.shot("after-twenty-minutes")


@pytest.mark.slow
def test_a_tab_that_slept_refreshes_when_it_is_refused(visit, server, app_url, newcomer, clock):
    ada, name = visit(server, app_url), newcomer()
    logs_in(ada, name)
    ada.sees(f"Hello, {name}")
    old = tokens(ada)["access"]
    clock.move(600)
    ada.follows("Notes")
    adds_note(ada, "slept well")
    assert tokens(ada)["access"] != old
