"""`vestibule user` and `vestibule session`."""

from __future__ import annotations

import sys

import click

from vestibule.cli.desk import Place, administers, examples, put
from vestibule.cli.show import say, show


@click.group(
    epilog=examples(
        "vestibule user create ada@your-domain", "vestibule user list", "vestibule user ban ada@your-domain"
    )
)
def user() -> None:
    """Users of an app. USER is an e-mail address or an id."""


@user.command(
    "create",
    epilog=examples(
        'vestibule user create ada@your-domain --name "Ada"',
        "vestibule user create ada@your-domain --password",
        "pass show ada | vestibule user create ada@your-domain --password-stdin",
    ),
)
@click.argument("email")
@click.option("--name", default=None, help="Name to show.")
@click.option("--password", "asks", is_flag=True, help="Ask for a password instead of printing a link.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, its first line.")
@administers
def create(*, place: Place, email: str, name: str | None, asks: bool, password_stdin: bool) -> None:
    """Create a user whose EMAIL you vouch for.

    Without a password you get a one-time link with which the user chooses one. A password is never an
    argument: other users of this machine could read it.
    """
    password = _password(is_asked=asks, is_piped=password_stdin) if asks or password_stdin else None
    show(put(place, "user.create", email=email, name=name, password=password), is_json=place.is_json)


@user.command("list")
@click.option("--after", default="", help="Id of the last user of the page before.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000), help="Users of a page.")
@administers
def list_(place: Place, after: str, limit: int) -> None:
    """List users, oldest first."""
    found = put(place, "user.list", after=after, limit=limit)
    columns = ("user_id", "email", "is_email_verified", "status", "name", "last_sign_in_at")
    show(found, is_json=place.is_json, columns=columns, empty="No user yet: vestibule user create EMAIL")
    if len(found) == limit:
        say(f"\nMore:  vestibule user list --after {found[-1]['user_id']}", is_json=place.is_json)


@user.command("show")
@click.argument("who", metavar="USER")
@administers
def show_(place: Place, who: str) -> None:
    """Show one user."""
    show(put(place, "user.show", user=who), is_json=place.is_json)


@user.command(
    "set-password",
    epilog=examples(
        "vestibule user set-password ada@your-domain --link", "vestibule user set-password ada@your-domain"
    ),
)
@click.argument("who", metavar="USER")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, its first line.")
@click.option("--link", is_flag=True, help="Print a one-time link with which the user chooses one (better).")
@administers
def set_password(*, place: Place, who: str, password_stdin: bool, link: bool) -> None:
    """Set a new password. Every session of the user ends, and a mail tells the user."""
    if link:
        show(put(place, "user.reset_link", user=who), is_json=place.is_json)
        return
    put(place, "user.set_password", user=who, password=_password(is_asked=True, is_piped=password_stdin))
    say("Set. Every session of this user has ended.", is_json=place.is_json)


@user.command("ban")
@click.argument("who", metavar="USER")
@administers
def ban(place: Place, who: str) -> None:
    """Keep a user out, by every way in, and end every session."""
    answer = put(place, "user.ban", user=who)
    show(answer, is_json=True) if place.is_json else say("Banned." if answer["changed"] else "Was banned already.")


@user.command("unban")
@click.argument("who", metavar="USER")
@administers
def unban(place: Place, who: str) -> None:
    """Let a banned user in again. Sessions that ended stay ended."""
    answer = put(place, "user.unban", user=who)
    _tell(place, answer, "May come in." if answer["changed"] else "Was not banned.")


@user.command("delete")
@click.argument("who", metavar="USER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers
def delete(*, place: Place, who: str, yes: bool) -> None:
    """Forget a person for good: address, profile, password, sessions, files.

    The log keeps that something happened, but nobody can read any more to whom. This cannot be undone.
    """
    if not yes:
        click.confirm(f"Delete {who} for good?", abort=True)
    put(place, "user.delete", user=who)
    say("Deleted.", is_json=place.is_json)


@click.group(
    epilog=examples("vestibule session list ada@your-domain", "vestibule session revoke sh_0123456789abcdef01234567")
)
def session() -> None:
    """Sessions: signed-in browsers and programs."""


@session.command("list")
@click.argument("who", metavar="USER")
@administers
def list_sessions(place: Place, who: str) -> None:
    """List the live sessions of a user, newest first."""
    columns = ("session", "device", "address", "door", "created_at", "last_active_at")
    show(
        put(place, "session.list", user=who),
        is_json=place.is_json,
        columns=columns,
        empty="Nobody is signed in.",
    )


@session.command("revoke")
@click.argument("handle", metavar="SESSION")
@administers
def revoke_session(place: Place, handle: str) -> None:
    """End one session at once."""
    put(place, "session.revoke", session=handle)
    say("Ended.", is_json=place.is_json)


def _tell(place: Place, answer: object, words: str) -> None:
    if place.is_json:
        show(answer, is_json=True)
    else:
        say(words)


def _password(*, is_asked: bool, is_piped: bool) -> str:
    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=is_asked)
    return password
