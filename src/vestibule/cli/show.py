"""Answers on the screen: a table for people, JSON for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

Row = Mapping[str, object]


UNBROKEN = 1_000
"""Columns a line may have: the terminal breaks it, so that a key or an address is copied in one piece."""


def show(answer: object, *, is_json: bool, columns: Sequence[str] = (), empty: str = "Nothing there.") -> None:
    """Print an answer: a list as a table of these columns, a single thing as lines; names as commands take them."""
    console = Console(highlight=False, width=UNBROKEN)
    if is_json:
        console.out(json.dumps(answer, indent=2, ensure_ascii=False))
    elif isinstance(answer, list):
        console.print(_table(answer, columns) if answer else empty)
    elif isinstance(answer, dict):
        console.print(_lines(answer))


def say(text: str, *, is_json: bool = False) -> None:
    """One sentence, left out where a script reads."""
    if not is_json:
        Console(highlight=False, soft_wrap=True).print(text, markup=False)


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in columns))
    return table


def _lines(row: Row) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in row.items():
        table.add_row(name, _text(value))
    return table


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
