"""Links that came too late or were replaced: the clock of the server is moved, its data stays."""

import shutil
from pathlib import Path

import pytest

from tests.browser.conftest import vite
from tests.needs import need

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def moved(house):
    """`moved("+2m")` starts the server with its wall clock ahead; what merely waits uses the other one."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    need(library, "a clock that can be moved: apt-get install faketime")
    need(shutil.which("node"), "node: the example app is served by Vite")

    def start(by):
        return house.open({"LD_PRELOAD": str(library), "FAKETIME": by, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})

    return start


def asks_for_a_link(visitor, email):
    visitor.goes_to("/magic-link")
    visitor.types(email=email)
    visitor.presses("Send the link")
    visitor.reads("status", "is on its way")


def test_late_and_replaced_links_lead_on(moved, app_port, visit, email, tmp_path):
    with moved("+0") as server:
        pass  # the first start makes the app and its keys, which every later one finds again

    with vite(server, app_port, tmp_path / "vite.log"):
        with moved("+0") as server:
            ada = visit(server, f"http://localhost:{app_port}")
            ada.signs_up(email)
            ada.presses("Sign out")
            asks_for_a_link(ada, email)
            first = server.mail(email, "magic-link")

        with moved("+2m") as server:
            asks_for_a_link(ada, email)
            second = server.mail(email, "magic-link", after=first)
            ada.page.goto(first.link)
            ada.sees("There is a newer email")
            ada.goes_back_to_the_app("Send a new link")
            ada.sees("Sign in by email")

        with moved("+20m") as server:
            ada.page.goto(second.link)
            ada.sees("This link is too old")
            ada.presses("Send a new one")
            ada.shot("new-one-sent")
            third = server.mail(email, "magic-link", after=second)
            ada.page.goto(third.link)
            ada.presses("Sign in")
            ada.sees("Your profile")
