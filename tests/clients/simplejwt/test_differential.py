"""The same requests to a live Django + SimpleJWT server and to Vestibule: they agree, but for one table of reasons."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from tests.clients.simplejwt import servers
from tests.clients.simplejwt.case import BROWSER, FORM, TOKEN
from tests.clients.simplejwt.cases import CASES
from tests.clients.simplejwt.compare import Disagreement, described, disagreements, forms
from tests.clients.simplejwt.differences import explains, table, unneeded
from tests.clients.simplejwt.sides import PASSWORD, Request, Side

BUDGET_S = 60
GROUPS = list(dict.fromkeys(case.name.partition(":")[0] for case in CASES))

pytestmark = pytest.mark.client


@dataclass(frozen=True)
class Comparison:
    """Both servers, and what they disagreed about."""

    theirs: Side
    ours: Side
    found: list[Disagreement]
    took_s: float


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    """Every request, sent to both."""
    began = time.monotonic()
    folder = tmp_path_factory.mktemp("simplejwt")
    with servers.theirs(folder) as theirs, servers.ours(folder) as ours:
        found = [
            one for case in CASES for one in disagreements(case.name, *(seen(side, case) for side in (theirs, ours)))
        ]
        yield Comparison(theirs, ours, found, time.monotonic() - began)


def seen(side, case):
    return described(side.send(case.request(side)), urlsplit(side.base).path)


def test_there_are_150_requests_or_more_and_each_has_its_own_name():
    assert len({case.name for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize("group", GROUPS)
def test_both_servers_agree_but_for_the_table(comparison, group):
    of_group = [one for one in comparison.found if one.case.startswith(f"{group}:")]
    unexplained = [str(one) for one in of_group if not explains(one)]
    assert not unexplained, "\n" + "\n".join(unexplained)


def test_an_only_app_answers_below_the_root_as_well(comparison):
    """Of a server with one app, `/api/` is that of the app."""
    there = comparison.ours
    here = replace(there, base="http://{0.hostname}:{0.port}".format(urlsplit(there.base)))
    some = [case for case in CASES if case.name.partition(":")[0] in {"good", "no slash", "options", "page"}]
    found = [one for case in some for one in disagreements(case.name, *(seen(side, case) for side in (there, here)))]
    assert len(some) > 40
    assert "\n".join(map(str, found)) == ""


def test_every_row_of_the_table_is_needed(comparison):
    assert unneeded(comparison.found) == []


def test_the_table_is_markdown():
    rows = table().splitlines()
    assert len(rows) > 2
    assert all(row.startswith("| ") and row.count("|") == 5 for row in rows)


@pytest.mark.parametrize("side", ["theirs", "ours"])
def test_the_form_that_a_browser_sees_works(comparison, side):
    server: Side = getattr(comparison, side)
    page = server.send(Request("GET", TOKEN, BROWSER, b""))
    [(action, names)] = forms(page.body)
    assert names == ["password", "username"]
    where = urlsplit(urljoin(f"{server.base}{TOKEN}", action)).path.removeprefix(urlsplit(server.base).path)
    body = urlencode({"username": "ada", "password": PASSWORD}).encode()
    answer = server.send(Request("POST", where, FORM | {"Accept": "application/json"}, body))
    assert answer.status == 200
    assert answer.json().keys() == {"access", "refresh"}


def test_it_stays_within_its_budget(comparison):
    print(json.dumps({"requests": len(CASES), "seconds": round(comparison.took_s, 1)}))
    assert comparison.took_s < BUDGET_S
