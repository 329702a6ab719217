"""`vestibule signing-key`: the keys that sign the tokens of an app."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vestibule.cli.desk import Place, administers, examples, put
from vestibule.cli.show import say, show
from vestibule.core.tokens.model import ALGORITHMS, SHARED

COLUMNS = ("key_id", "algorithm", "state", "signs", "created_at", "retired_at")
TOO_LONG_BYTES = 64 * 1024


@click.group(
    "signing-key",
    epilog=examples(
        "vestibule signing-key list",
        "vestibule signing-key rotate",
        "vestibule signing-key set RS256 --from-file key.pem",
    ),
)
def signing_key() -> None:
    """Keys that sign the tokens of an app: next, current, retired. docs/signing-keys.md tells their life.

    They are made when they are first needed. Private parts are sealed and never shown.
    """


@signing_key.command("list")
@administers
def list_(place: Place) -> None:
    """List the keys that others may still meet."""
    found = put(place, "signing_key.list")
    show(found, is_json=place.is_json, columns=COLUMNS, empty="No key yet: the first token makes one.")


@signing_key.command("rotate")
@click.option("--emergency", is_flag=True, help="A key is known to somebody: refuse at once what it signed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers
def rotate(*, place: Place, emergency: bool, yes: bool) -> None:
    """Let the next key sign and publish another; nobody who is signed in notices.

    In an emergency the keys that signed so far are forgotten: whoever came in with tokens signs in again, and services
    that keep our public keys believe the old ones until they read them again, within five minutes. A shared secret is
    yours to replace: `vestibule signing-key set HS256 --from-file FILE --emergency`.
    """
    if emergency and not yes:
        click.confirm("Everybody who came in with tokens has to sign in again. Go on?", abort=True)
    done = put(place, "signing_key.rotate", emergency=emergency or None)
    show(done["keys"] if not place.is_json else done, is_json=place.is_json, columns=COLUMNS)
    if done["algorithm"] in SHARED:
        text = f"\nTokens are signed with {done['algorithm']}, a secret that you replace yourself:"
        say(f"{text}\n  vestibule signing-key set {done['algorithm']} --from-file FILE", is_json=place.is_json)


@signing_key.command(
    "set",
    epilog=examples(
        "vestibule signing-key set HS256 --from-file secret.txt",
        "pass show jwt | vestibule signing-key set RS256 --from-stdin",
    ),
)
@click.argument("algorithm", type=click.Choice(sorted(ALGORITHMS)))
@click.option("--from-file", "key_file", type=click.Path(path_type=Path), help="Read the key from this file.")
@click.option("--from-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--emergency", is_flag=True, help="The key before is known to somebody: refuse at once what it signed.")
@administers
def set_(*, place: Place, algorithm: str, key_file: Path | None, from_stdin: bool, emergency: bool) -> None:
    """Sign with a key of your own: a private key as PEM or JWK, or a shared secret (the library's SIGNING_KEY).

    The key is never an argument: other users of this machine could read it.
    """
    if (key_file is None) is not from_stdin:
        raise click.UsageError("Name one source: --from-file FILE, or --from-stdin.")
    key = read_key(key_file)
    done = put(place, "signing_key.set", algorithm=algorithm, key=key, emergency=emergency or None)
    show(done, is_json=place.is_json)
    if not done["is_in_use"]:
        text = "\nThe tokens of this app are signed with another algorithm. To change that:"
        say(f"{text}\n  vestibule app set ALGORITHM {algorithm}", is_json=place.is_json)


def read_key(file: Path | None) -> str:
    """The text of a key, from a file or from standard input, without the line end that editors add."""
    try:
        text = sys.stdin.read(TOO_LONG_BYTES) if file is None else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"The key cannot be read: {error}") from None
    return text.strip("\r\n")
