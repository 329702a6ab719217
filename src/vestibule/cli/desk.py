"""Asking the house: through the socket of a running server, or by opening the database when none runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from vestibule.cli.words import words_of
from vestibule.core.house import House
from vestibule.kernel.errors import DomainError
from vestibule.settings import Settings, SettingsError, load_from_machine
from vestibule.workers.control import ask, error_of, is_listening
from vestibule.workers.operations import perform

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Place:
    """Which house a command means, and how it answers."""

    data: Path | None
    file: Path | None
    app: str
    is_json: bool


def administers(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command about an app its options, as one argument `place`."""
    about = "Name or id of the app; not needed while there is only one."
    return click.option("--app", default="", help=about)(administers_house(command))


def administers_house(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command about the whole house its options, as one argument `place`."""

    @click.option("--data", type=click.Path(path_type=Path), help="Data folder of the house.")
    @click.option("--settings", "file", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option("--json", "is_json", is_flag=True, help="Answer with JSON, for scripts.")
    @wraps(command)
    def with_place(**options: Any) -> R:  # noqa: ANN401  click knows their types
        place = Place(*(options.pop(name, "") for name in ("data", "file", "app", "is_json")))
        return command(place=place, **options)

    return with_place


def examples(*lines: str) -> str:
    """Commands to try, as the last lines of a command's help."""
    # A paragraph that begins with a backspace is printed as it stands.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def put(place: Place, operation: str, **values: object) -> Any:  # noqa: ANN401  whatever JSON holds
    """Perform an operation and answer its result, or end the command with what to do about it."""
    settings = settings_of(place)
    given = {"app": place.app or None, **values}
    answer = ask(settings.control_socket, operation, given) if settings.data_dir.exists() else None
    if answer is None:
        answer = asyncio.run(_alone(settings, operation, given))
    return _result(answer)


def put_each(place: Place, operation: str, several: Iterable[dict[str, object]], tell: Callable[[Any], None]) -> None:
    """Perform an operation time after time, in a house that is opened once; `tell` hears of each result."""
    settings = settings_of(place)
    if settings.data_dir.exists() and is_listening(settings.control_socket):
        for values in several:
            tell(put(place, operation, **values))
    else:
        asyncio.run(_each_alone(settings, operation, ({"app": place.app or None, **each} for each in several), tell))


def _result(answer: dict[str, object]) -> Any:  # noqa: ANN401  whatever JSON holds
    if "error" in answer:
        raise click.ClickException(words_of(answer["error"]))
    return answer["ok"]


def settings_of(place: Place) -> Settings:
    """The settings of a house that is there, or that production settings describe."""
    settings = likely_settings(place.file, place.data)
    has_key = settings.master_key is not None or settings.master_key_file is not None
    if not settings.database.exists() and not has_key:
        raise click.ClickException(
            f"There is no Vestibule in {settings.data_dir}. Name its folder with --data, or start one: vestibule dev"
        )
    return settings


def likely_settings(file: Path | None, data: Path | None) -> Settings:
    """Those of development where nothing is set and `vestibule dev` was at home, else as they are set."""
    try:
        settings = load_from_machine(file, data_dir=data)
    except SettingsError as error:
        raise click.ClickException("\n".join(error.problems)) from None
    development = Settings.development(settings.data_dir, settings.port)
    is_unset = not (settings.base_url or settings.master_key or settings.master_key_file)
    key_file = development.key_file
    return development if is_unset and key_file is not None and key_file.exists() else settings


async def _alone(settings: Settings, operation: str, values: dict[str, object]) -> dict[str, object]:
    async with _opened(settings) as house:
        return await _answer(house, operation, values)


async def _each_alone(
    settings: Settings, operation: str, several: Iterable[dict[str, object]], tell: Callable[[Any], None]
) -> None:
    async with _opened(settings) as house:
        for values in several:
            tell(_result(await _answer(house, operation, values)))


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[House]:
    """The house without its workers, while the block lasts."""
    app = import_module("vestibule.app")
    store = import_module("vestibule.adapters.store.sqlite")
    try:
        running = app.compose(settings)
    except store.FileInUseError:
        raise click.ClickException(in_use(settings)) from None
    except (ValueError, OSError) as error:
        raise click.ClickException(f"The house does not open: {error}") from None
    async with app.at_work(replace(running, rounds=())) as house:
        yield house


async def _answer(house: House, operation: str, values: dict[str, object]) -> dict[str, object]:
    try:
        return {"ok": await perform(house, operation, values)}
    except DomainError as error:
        return {"error": error_of(error)}
    except ValueError as error:
        raise click.ClickException(f"{error}. `vestibule doctor` looks for the reason.") from None


def in_use(settings: Settings) -> str:
    """What to say when another process holds the database."""
    return (
        f"Another Vestibule works with {settings.data_dir}, and its control socket does not answer:"
        " wait until it is ready, or stop it, or name another folder with --data."
    )
