"""`vestibule keys` (the master keys of the house) and `vestibule operator`."""

from __future__ import annotations

from pathlib import Path

import click

from vestibule.adapters import keyring
from vestibule.adapters.system import SystemEntropy
from vestibule.cli.desk import Place, administers_house, examples, put
from vestibule.cli.show import say, show


@click.group(epilog=examples("vestibule keys new --file /etc/vestibule/master.key", "vestibule keys rotate"))
def keys() -> None:
    """The master keys of the house: everything that must be readable again is sealed under them.

    Without them nobody can open the database. Keep a copy away from the machine, and away from the backups of
    the data folder.
    """


@keys.command("new")
@click.option("--file", type=click.Path(path_type=Path), help="Write it here, mode 600; an existing file stays.")
def new(file: Path | None) -> None:
    """Make a key ring with one fresh key, for `master_key_file`, or printed for `VESTIBULE_MASTER_KEY`."""
    entropy = SystemEntropy()
    if file is None:
        click.echo(keyring.Ring.fresh(entropy).text.reveal())
        return
    if file.exists():
        raise click.ClickException(f"{file} is there already. A new key for a house in use: vestibule keys rotate")
    keyring.load_or_create(file, entropy)
    say(f"Written to {file}, mode 600. Keep a copy in a safe place: no backup opens without it.")


@keys.command("rotate")
@administers_house
def rotate(place: Place) -> None:
    """Put a new master key in front and seal the keys of all apps under it.

    The old keys stay in the file: mail on its way, codes, limits and the personal part of the log still need them.
    Nobody notices the turn.
    """
    show(put(place, "keys.rotate"), is_json=place.is_json)
    say("\nCopy the key file to its safe place again: from now on it holds a new key.", is_json=place.is_json)


@click.group(epilog=examples("vestibule operator link you@your-domain"))
def operator() -> None:
    """Operators: whoever runs this house."""


@operator.command("link")
@click.argument("email")
@administers_house
def link(place: Place, email: str) -> None:
    """Print a one-time link that lets the operator of EMAIL in; an older link dies."""
    show(put(place, "operator.link", email=email), is_json=place.is_json)
