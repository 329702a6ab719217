"""`vestibule serve`: production."""

from __future__ import annotations

from pathlib import Path

import click

from vestibule import logs
from vestibule.adapters.store.migrate import MigrationError
from vestibule.adapters.store.sqlite import FileInUseError
from vestibule.app import Running, compose
from vestibule.cli.desk import examples, in_use
from vestibule.cli.loop import refuse_taken_port, run
from vestibule.server import serve as serve_house
from vestibule.settings import Settings, SettingsError, load_from_machine, refuse_unfit
from vestibule.workers.control import control

WORKERS = (
    "--workers: a SQLite file has one server process. More processes or machines will"
    " need PostgreSQL, which is not supported yet. Start one worker."
)


@click.command(
    epilog=examples(
        "vestibule keys new --file /etc/vestibule/master.key",
        "vestibule serve --settings /etc/vestibule/settings.toml",
        "VESTIBULE_BASE_URL=https://auth.your-domain … vestibule serve",
    )
)
@click.option("--settings", "file", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Data folder.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), help="TCP port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Server processes.")
def serve(file: Path | None, data_dir: Path | None, host: str | None, port: int | None, workers: int) -> None:
    """Serve with production manners.

    Refuses examples and defaults where a secret belongs, development keys, an unprotected address. There
    is no inbox: mail leaves by SMTP. Settings: docs/settings.md. Before the first start: vestibule doctor.
    """
    if workers > 1:
        raise click.UsageError(WORKERS)
    try:
        settings = refuse_unfit(load_from_machine(file, mode="production", data_dir=data_dir, host=host, port=port))
    except SettingsError as error:
        problems = "\n".join(f"  - {problem}" for problem in error.problems)
        raise click.ClickException(f"These settings are not fit for production:\n{problems}") from None
    logs.set_up(settings.log_level, is_for_people=False)
    refuse_taken_port(settings)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    running = _compose(settings)

    async def ready() -> None:
        click.echo(f"Vestibule serves {settings.base_url} on {settings.host} port {settings.port}.", err=True)

    async with control(running.house, settings.control_socket):
        await serve_house(running, settings, ready)


def _compose(settings: Settings) -> Running:
    try:
        return compose(settings)
    except FileInUseError:
        raise click.ClickException(in_use(settings)) from None
    except (ValueError, OSError, MigrationError) as error:
        raise click.ClickException(f"The house does not open: {error}") from None
