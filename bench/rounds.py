"""Measuring servers in turn, so that what the machine does besides falls on all of them alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

ROUNDS = 5
SECONDS = 0.8
WARM_UP_S = 0.4


@dataclass(frozen=True)
class Series:
    """Rates of one server, a round each."""

    rates: tuple[float, ...]

    def __str__(self) -> str:
        """The median and how far the rounds lie around it."""
        middle = median(self.rates)
        return f"{middle:,.0f}/s ±{(max(self.rates) - min(self.rates)) / 2 / middle:.0%}"

    def times(self, other: Series) -> str:
        """The ratio to another series, round by round: its median, and the least and the greatest."""
        ratios = [own / others for own, others in zip(self.rates, other.rates, strict=True)]
        return f"{median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})"


async def in_turn(measures: Sequence[Callable[[float], Awaitable[float]]], rounds: int = ROUNDS) -> list[Series]:
    """A series for each measure, which is called with the seconds that it may take: ABAB, after a warm-up."""
    for measure in measures:
        await measure(WARM_UP_S)
    rates = [[await measure(SECONDS) for measure in measures] for _ in range(rounds)]
    return [Series(column) for column in zip(*rates, strict=True)]
