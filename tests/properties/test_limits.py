"""Limits, for every sequence of attempts at every pace."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.stores import Stage, sqlite
from tests.fakes import START_MS as NOW
from vestibule.core.guard.model import PASSWORD_FAILURES, FailureRule, Rule
from vestibule.kernel.clock import DAY_MS, MINUTE_MS

PAUSES = st.lists(st.integers(0, 3_000) | st.integers(0, 40_000), max_size=60)
RULE_SETS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 30_000)), min_size=1, max_size=4)


def on_a_store(test):
    """Run a coroutine of a stage on a fresh database."""

    async def run(*args: Any) -> None:
        with TemporaryDirectory() as folder:
            async with sqlite(Path(folder)) as stage:
                await test(stage, *args)

    return run


def rules(figures):
    return [Rule(f"rule {place}", limit, window_ms, "address") for place, (limit, window_ms) in enumerate(figures)]


async def charge_in_order(stage: Stage, ordered: list[Rule], at_ms: list[int]) -> list[tuple[int, int, int]]:
    """As the limiter does: every rule in order, the first full one refuses. Answers (time, refusing rule, wait)."""
    answers = []
    async with stage.store.transaction(stage.app_id) as tx:
        for number, now_ms in enumerate(at_ms):
            refused_by, wait_ms = -1, 0
            for place, rule in enumerate(ordered):
                wait_ms = await tx.limits.charge(rule, "a", now_ms, f"{number:024x}")
                if wait_ms:
                    refused_by = place
                    break
            answers.append((now_ms, refused_by, wait_ms))
    return answers


def times(pauses):
    now_ms, at_ms = NOW, []
    for pause in pauses:
        now_ms += pause
        at_ms.append(now_ms)
    return at_ms


def most_in_a_window(passed: list[int], window_ms: int) -> int:
    return max((sum(start <= at < start + window_ms for at in passed) for start in passed), default=0)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


@given(RULE_SETS, PAUSES)
@settings(max_examples=60, deadline=None)
def test_every_rule_holds_in_every_window_whatever_the_others_are(figures, pauses):
    @on_a_store
    async def check(stage):
        ordered = rules(figures)
        answers = await charge_in_order(stage, ordered, times(pauses))
        passed = [at for at, refused_by, _ in answers if refused_by < 0]
        for rule in ordered:
            assert most_in_a_window(passed, rule.window_ms) <= rule.limit

    run(check())


@given(st.integers(1, 6), st.integers(1, 30_000), PAUSES)
@settings(max_examples=60, deadline=None)
def test_a_refused_attempt_takes_no_place(limit, window_ms, pauses):
    """One rule alone refuses if and only if the window before holds its limit of attempts that passed."""

    @on_a_store
    async def check(stage):
        passed: list[int] = []
        for at, refused_by, _ in await charge_in_order(stage, rules([(limit, window_ms)]), times(pauses)):
            held = sum(at - window_ms < earlier for earlier in passed)
            assert (refused_by == 0) == (held >= limit)
            if refused_by < 0:
                passed.append(at)

    run(check())


@given(st.integers(1, 6), st.integers(2, 30_000), PAUSES)
@settings(max_examples=60, deadline=None)
def test_retry_after_is_honest(limit, window_ms, pauses):
    """A millisecond before it, the answer is still no; at it, yes."""

    @on_a_store
    async def check(stage):
        (rule,) = rules([(limit, window_ms)])
        answers = await charge_in_order(stage, [rule], times(pauses))
        waits = [(at, wait_ms) for at, refused_by, wait_ms in answers if refused_by == 0]
        if not waits or waits[-1][0] != answers[-1][0]:
            return
        at, wait_ms = waits[-1]
        assert 1 <= wait_ms <= window_ms
        async with stage.store.transaction(stage.app_id) as tx:
            if wait_ms > 1:
                assert await tx.limits.charge(rule, "a", at + wait_ms - 1, "f" * 24) == 1
            assert await tx.limits.charge(rule, "a", at + wait_ms, "f" * 24) == 0

    run(check())


def delay_ms(rule: FailureRule, burst: int) -> int:
    """The specification in one line: nothing within the burst, then doubling up to the longest."""
    return 0 if burst < rule.burst else min(rule.first_delay_ms << (burst - rule.burst), rule.longest_delay_ms)


@given(
    st.lists(
        st.sampled_from([0, 1, 29_999, 30_000, 60_000, 10 * MINUTE_MS, 15 * MINUTE_MS - 1, 15 * MINUTE_MS, DAY_MS]),
        min_size=1,
        max_size=150,
    )
)
@settings(max_examples=60, deadline=None)
def test_a_run_of_failures_follows_its_specification(pauses):
    @on_a_store
    async def check(stage):
        rule = PASSWORD_FAILURES
        run_length = burst = 0
        last_ms = open_ms = NOW - DAY_MS
        async with stage.store.transaction(stage.app_id) as tx:
            for now_ms in times(pauses):
                wait_ms = await tx.limits.charge_failure(rule, "a", now_ms)
                if run_length >= rule.hard_cap:
                    assert wait_ms == rule.longest_delay_ms
                elif now_ms < open_ms:
                    assert wait_ms == open_ms - now_ms
                else:
                    assert wait_ms == 0
                    run_length += 1
                    burst = 1 if now_ms - last_ms >= rule.window_ms else burst + 1
                    last_ms, open_ms = now_ms, now_ms + delay_ms(rule, burst)

    run(check())


@given(st.lists(st.integers(0, DAY_MS), min_size=120, max_size=130))
@settings(max_examples=10, deadline=None)
def test_no_pace_gets_more_than_the_hard_cap(pauses):
    @on_a_store
    async def check(stage):
        async with stage.store.transaction(stage.app_id) as tx:
            passed = [at for at in times(pauses * 3) if await tx.limits.charge_failure(PASSWORD_FAILURES, "a", at) == 0]
        assert len(passed) <= PASSWORD_FAILURES.hard_cap

    run(check())
