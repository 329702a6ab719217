"""`vestibule user` and `vestibule session`."""

from __future__ import annotations

import sys

import click

from vestibule.cli.desk import Place, administers, examples, put
from vestibule.cli.show import say, show


@click.group(
    epilog=examples(
        "vestibule user create ada@your-domain", "vestibule user list", "vestibule user roles ada@your-domain editor"
    )
)
def user() -> None:
    """Users of an app. USER is a user name, an e-mail address, an id, or an old key of an import (django:4)."""


@user.command(
    "create",
    epilog=examples(
        'vestibule user create ada@your-domain --name "Ada"',
        "vestibule user create --username ada --first-name Ada --last-name Lovelace --password",
        "vestibule user create ada@your-domain --password",
        "pass show ada | vestibule user create ada@your-domain --password-stdin",
    ),
)
@click.argument("email", default="")
@click.option("--username", default=None, help="User name, for apps that sign in with one.")
@click.option("--name", default=None, help="Name to show; without it, first and last name.")
@click.option("--first-name", default=None, help="First name.")
@click.option("--last-name", default=None, help="Last name.")
@click.option("--password", "asks", is_flag=True, help="Ask for a password instead of printing a link.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, its first line.")
@administers
def create(*, place: Place, email: str, asks: bool, password_stdin: bool, **names: str | None) -> None:
    """Create a user whose EMAIL you vouch for; with a user name, it may be left out.

    Without a password you get a one-time link with which the user chooses one. A password is never an
    argument: other users of this machine could read it.
    """
    if not email and not names["username"]:
        raise click.UsageError("Give an EMAIL, or a --username, or both.")
    password = _password(is_asked=asks, is_piped=password_stdin) if asks or password_stdin else None
    show(put(place, "user.create", email=email, password=password, **names), is_json=place.is_json)


@user.command("list")
@click.option("--after", default="", help="Id of the last user of the page before.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1_000), help="Users of a page.")
@administers
def list_(place: Place, after: str, limit: int) -> None:
    """List users, oldest first. Who has never signed in has last_sign_in_at = created_at."""
    found = put(place, "user.list", after=after, limit=limit)
    columns = ("user_id", "username", "email", "is_email_verified", "status", "name", "last_sign_in_at")
    show(found, is_json=place.is_json, columns=columns, empty="No user yet: vestibule user create EMAIL")
    if len(found) == limit:
        say(f"\nMore:  vestibule user list --after {found[-1]['user_id']}", is_json=place.is_json)


@user.command("show")
@click.argument("who", metavar="USER")
@administers
def show_(place: Place, who: str) -> None:
    """Show one user. Who has never signed in has last_sign_in_at = created_at; old_keys are those of an import."""
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


@user.command("set-username", epilog=examples("vestibule user set-username ada@your-domain ada"))
@click.argument("who", metavar="USER")
@click.argument("name")
@administers
def set_username(place: Place, who: str, name: str) -> None:
    """Give USER the user name NAME, unique in the app whatever its letter case. An address must be their own."""
    answer = put(place, "user.set_username", user=who, username=name)
    _tell(place, answer, "Set." if answer["changed"] else "That is the user name already.")


@user.command(
    "roles",
    epilog=examples(
        "vestibule user roles ada", "vestibule user roles ada editor staff", "vestibule user roles ada --none"
    ),
)
@click.argument("who", metavar="USER")
@click.argument("roles", nargs=-1, metavar="[ROLE]...")
@click.option("--none", "is_none", is_flag=True, help="Take every role away.")
@administers
def set_roles(*, place: Place, who: str, roles: tuple[str, ...], is_none: bool) -> None:
    """Show the roles of USER; with ROLE, give exactly these.

    Tokens that are out carry the old roles until they are refreshed; the revocation feed tells those who read it.
    """
    if roles and is_none:
        raise click.UsageError("Give roles, or --none, not both.")
    if not roles and not is_none:
        present = put(place, "user.show", user=who)["roles"]
        _tell(place, {"roles": present}, ", ".join(present) or "No role.")
        return
    answer = put(place, "user.roles", user=who, roles=list(roles))
    _tell(place, answer, "Set." if answer["changed"] else "These are the roles already.")


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
