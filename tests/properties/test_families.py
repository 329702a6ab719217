"""Tabs, lost replies, duplicates, reorderings and thieves against refresh families (RFC 9700 section 4.14.2).

A browser keeps a copy of its tokens in every tab, and each tab refreshes by its own timer, four minutes after it last
did. No honest tab may ever be refused; every use of a spent token by another client or after the window is caught.
That is 100,000 steps: rules, and turns of the clock in between.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.world import ORIGIN, PASSWORD, World
from vestibule.core.apps.policy import Policy
from vestibule.core.tokens.dpop import Presenter
from vestibule.core.tokens.model import Pair, TokenType
from vestibule.kernel.errors import DomainError
from vestibule.kernel.jwt import read_jwt
from vestibule.kernel.secret import Secret

OWN, PHONE, THIEF = Presenter("Firefox/145"), Presenter("Safari/26"), Presenter("curl/8")
TIMER_MS, WINDOW_MS = 4 * 60_000, 5 * 60_000
TABS = 6
UNCOUNTED = Policy(limits={"refresh/session/minute": 10**9})
"""Here no minute need pass between two steps."""
EXAMPLES, STEPS = 500, 200


SEEN: Counter[str] = Counter()


@dataclass(eq=False)
class Tab:
    """One tab with its own copy of the tokens."""

    pair: Pair
    refreshed_at_ms: int
    has_lost: bool = False


@dataclass(frozen=True)
class Loot:
    """A refresh token that was copied, and the family it was copied from."""

    token: str
    family: object


class Browsers(RuleBasedStateMachine):
    """A browser with tabs, a phone of the same user, and a thief."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.world = self.run(World.open(Path(self.folder.name), UNCOUNTED))
        self.run(self.world.user())
        self.spent_at_ms: dict[object, int] = {}
        self.tabs: list[Tab] = []
        self.own, self.updates = OWN, 0
        self.loot: list[Loot] = []
        self.is_tainted = False
        """Somebody else holds the newest token: the next honest use is to be refused, and that is right."""

    def run(self, call):
        return self.loop.run_until_complete(call)

    @property
    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    @initialize()
    def come_in(self) -> None:
        self.phone = self.sign_in(PHONE)
        self.phone_at_ms = self.now_ms
        self.begin()

    def begin(self) -> None:
        """The owner signs in, in one tab; what a thief has of an older family is worth nothing."""
        self.stored = self.sign_in(self.own)
        self.tabs = [Tab(self.stored, self.now_ms)]
        self.is_tainted = False

    # What the owner does ------------------------------------------------------------------------

    @rule(waits_ms=st.lists(st.integers(1_000, 20_000), min_size=1, max_size=20), data=st.data())
    def time_passes(self, waits_ms: list[int], data: st.DataObject) -> None:
        for wait_ms in waits_ms:
            SEEN["steps"] += 1
            self.world.clock.tick(wait_ms)
            self.timers_fire(data)

    def timers_fire(self, data: st.DataObject) -> None:
        due = [tab for tab in self.tabs if tab.has_lost or self.now_ms - tab.refreshed_at_ms >= TIMER_MS]
        for tab in data.draw(st.permutations(due)):
            if tab in self.tabs:
                self.turn(tab, data.draw(st.sampled_from(["good", "good", "lost", "twice"])))
        if self.now_ms - self.phone_at_ms >= TIMER_MS:
            self.phone, self.phone_at_ms = self.run(self.refresh(self.phone, PHONE)), self.now_ms

    @precondition(lambda self: not any(tab.has_lost for tab in self.tabs))
    @rule(data=st.data())
    def the_browser_is_updated(self, data: st.DataObject) -> None:
        """Its tabs come back under another user agent, with what was stored last, and refresh as they load."""
        self.updates += 1
        self.own = Presenter(f"Firefox/{145 + self.updates}")
        self.tabs = [Tab(self.stored, self.now_ms) for _ in self.tabs]
        for tab in self.tabs:
            if tab in self.tabs:
                self.turn(tab, data.draw(st.sampled_from(["good", "twice"])))

    @precondition(lambda self: len(self.tabs) < TABS)
    @rule()
    def open_a_tab(self) -> None:
        """It finds what another tab stored last, and refreshes as it loads."""
        tab = Tab(self.stored, self.now_ms)
        self.tabs.append(tab)
        self.turn(tab, "good")

    @precondition(lambda self: len(self.tabs) > 1)
    @rule(data=st.data())
    def close_a_tab(self, data: st.DataObject) -> None:
        self.tabs.remove(data.draw(st.sampled_from(self.tabs)))

    def turn(self, tab: Tab, fate: str) -> None:
        """One refresh: its reply arrives, is lost (once: then the tab tries again), or it was sent twice at once."""
        if tab.has_lost:
            fate = "good"
        self.spent_before = set(self.spent_at_ms)
        calls = [self.refresh(tab.pair, self.own) for _ in range(2 if fate == "twice" else 1)]
        answers = self.run(gather(calls))
        if self.is_tainted:
            assert all(isinstance(answer, DomainError) for answer in answers), (
                "the owner shares the family with a thief"
            )
            self.begin()
            return
        SEEN["honest refreshes"] += len(answers)
        SEEN["the newest again"] += refresh_id(tab.pair) in self.spent_before
        assert not any(isinstance(answer, DomainError) for answer in answers), "an honest tab was signed out"
        assert len({refresh_id(answer) for answer in answers}) == 1, "the family has two branches"
        tab.has_lost = fate == "lost"
        if fate != "lost":
            tab.pair, tab.refreshed_at_ms = answers[-1], self.now_ms
            self.stored = tab.pair

    # What the thief does ------------------------------------------------------------------------

    @rule(data=st.data())
    def copy_a_token(self, data: st.DataObject) -> None:
        tab = data.draw(st.sampled_from(self.tabs))
        self.loot.append(Loot(str(tab.pair.refresh), family_of(tab.pair)))

    @precondition(lambda self: self.loot and not self.is_tainted)
    @rule(data=st.data(), is_like_the_owner=st.booleans())
    def use_a_copy(self, data: st.DataObject, *, is_like_the_owner: bool) -> None:
        loot = data.draw(st.sampled_from(self.loot))
        spent_at_ms = self.spent_at_ms.get(refresh_id(Pair("", loot.token)))
        if is_like_the_owner and (spent_at_ms is None or self.now_ms < spent_at_ms + WINDOW_MS):
            return  # a thief with the owner's browser, in time: no server can tell, and docs/simplejwt.md says so
        self.loot.remove(loot)
        is_of_this_family = loot.family == family_of(self.tabs[0].pair)
        answer = self.run(attempt(self.refresh(Pair("", loot.token), self.own if is_like_the_owner else THIEF)))
        if spent_at_ms is None and is_of_this_family:
            assert isinstance(answer, Pair), "the newest token opens the family, whoever has it"
            self.is_tainted = True
            SEEN["opened by a thief"] += 1
            return
        assert isinstance(answer, DomainError), "a theft was not caught"
        SEEN["thefts caught"] += is_of_this_family
        if is_of_this_family:
            self.is_tainted = True
            self.turn(self.tabs[0], "good")

    # What is always true ------------------------------------------------------------------------

    @invariant()
    def access_tokens_of_honest_tabs_open(self) -> None:
        for tab in [] if self.is_tainted else self.tabs[:1]:
            self.run(self.world.house.families.authenticate(self.world.app, tab.pair.access, TokenType.ACCESS))

    def sign_in(self, presenter: Presenter) -> Pair:
        families = self.world.house.families
        return self.run(families.sign_in(self.world.app, "ada@acme.test", Secret(PASSWORD), presenter, ORIGIN))

    async def refresh(self, pair: Pair, presenter: Presenter) -> Pair:
        token = str(pair.refresh)
        answer = await self.world.house.families.refresh(self.world.app, token, presenter, ORIGIN)
        self.spent_at_ms.setdefault(refresh_id(pair), self.now_ms)
        return answer

    def teardown(self) -> None:
        self.run(self.refresh(self.phone, PHONE))  # whatever was stolen here, the user's other session lives
        self.run(self.world.close())
        self.loop.close()
        self.folder.cleanup()


async def attempt(call):
    try:
        return await call
    except DomainError as error:
        return error


async def gather(calls):
    return await asyncio.gather(*map(attempt, calls))


def claims_of(token: str | None) -> dict[str, object]:
    jwt = read_jwt(str(token))
    assert jwt is not None
    return jwt.claims


def refresh_id(pair: Pair) -> object:
    return claims_of(pair.refresh)["jti"]


def family_of(pair: Pair) -> object:
    return claims_of(pair.refresh)["sid"]


@pytest.mark.slow
def test_no_honest_tab_is_signed_out_and_every_theft_is_caught():
    run_state_machine_as_test(
        Browsers,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),  # a failing run is told as it is: to shrink it takes hours
        ),
    )
    print(dict(SEEN))
    assert all(SEEN[what] for what in ("honest refreshes", "the newest again", "opened by a thief", "thefts caught"))
