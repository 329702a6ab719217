"""`vestibule migrate`."""

from __future__ import annotations

from pathlib import Path

import click

from vestibule.adapters.store.migrate import MigrationError, pending
from vestibule.adapters.store.migrate import migrate as run_migrations
from vestibule.cli.desk import examples
from vestibule.settings import SettingsError, load_from_machine
from vestibule.workers.control import is_listening


@click.command(epilog=examples("vestibule migrate --dry-run", "vestibule migrate --data /var/lib/vestibule"))
@click.option("--settings", "file", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Data folder.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def migrate(*, file: Path | None, data_dir: Path | None, dry_run: bool) -> None:
    """Bring the database to this version's schema. Forward only: make a copy of the data folder first.

    `dev` and `serve` do the same when they start; this command is for doing it at a time of your own.
    """
    try:
        settings = load_from_machine(file, data_dir=data_dir)
    except SettingsError as error:
        raise click.ClickException("\n".join(error.problems)) from None
    if not dry_run and is_listening(settings.control_socket):
        raise click.ClickException("A server works with this database: stop it first.")
    try:
        names = pending(settings.database) if dry_run else run_migrations(settings.database)
    except (MigrationError, OSError) as error:
        raise click.ClickException(str(error)) from None
    for name in names:
        click.echo(f"{'would apply' if dry_run else 'applied'} {name}")
    if not names:
        click.echo("Nothing to do: the schema is this version's.")
