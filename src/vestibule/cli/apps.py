"""`vestibule app` and `vestibule key`."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

import click

from vestibule.cli.desk import Place, administers, administers_house, examples, put
from vestibule.cli.django_settings import settings_for, text_of
from vestibule.cli.show import say, show
from vestibule.cli.signing_keys import read_key
from vestibule.core.apps.policy import FIELD_NAMES
from vestibule.workers.signing import KEY_SETTINGS


@click.group(
    epilog=examples(
        "vestibule app create shop --redirect-url https://shop.your-domain/auth-redirect",
        "vestibule app show",
        "vestibule app set password_min 15",
    )
)
def app() -> None:
    """Apps: each is a world of its own, with users, keys and a policy."""


@app.command(
    "create",
    epilog=examples("vestibule app create shop --redirect-url https://shop.your-domain/auth-redirect"),
)
@click.argument("name")
@click.option("--redirect-url", default="", help="Where mail links lead in your app.")
@click.option(
    "--environment",
    type=click.Choice(["production", "development"]),
    default="production",
    show_default=True,
    help="Keys of a development app are refused by `vestibule serve`.",
)
@administers_house
def create(place: Place, name: str, redirect_url: str, environment: str) -> None:
    """Create an app with its first client key."""
    made = put(place, "app.create", name=name, redirect_url=redirect_url, environment=environment)
    show(made, is_json=place.is_json)
    say("\nNext: tell it which pages may call it:", is_json=place.is_json)
    say(f"""  vestibule app set origins '["https://…"]' --app {made["app_id"]}""", is_json=place.is_json)


@app.command("list")
@administers_house
def list_(place: Place) -> None:
    """List all apps."""
    columns = ("app_id", "name", "environment", "env_url", "redirect_url")
    show(
        put(place, "app.list"),
        is_json=place.is_json,
        columns=columns,
        empty="No app: vestibule app create NAME",
    )


@app.command("show")
@administers
def show_(place: Place) -> None:
    """Show an app and what differs from the default policy."""
    found = put(place, "app.show")
    if not place.is_json:
        policy, changed = found.pop("policy"), found.pop("changed")
        found |= {name: policy[name] for name in changed}
    show(found, is_json=place.is_json)


@app.command(
    "set",
    epilog=examples(
        "vestibule app set password_min 15",
        "vestibule app set confirm_email false",
        "vestibule app set redirect_url https://shop.your-domain/auth-redirect",
        r"""vestibule app set origins '["https://shop.your-domain"]'""",
        "vestibule app set REFRESH_REUSE_WINDOW -1",
        "vestibule app set REFRESH_REUSE_WINDOW --default",
    ),
    context_settings={"ignore_unknown_options": True},  # a number may be negative
)
@click.argument("field")
@click.argument("value", required=False)
@click.option("--default", "is_default", is_flag=True, help="Put back what it is for a new app, instead of a VALUE.")
@administers
def set_(*, place: Place, field: str, value: str | None, is_default: bool) -> None:
    """Change one FIELD of an app's policy to a JSON VALUE, while the server runs.

    A value that is no JSON is taken as a text. docs/policy.md lists the fields. SIGNING_KEY and VERIFYING_KEY are
    read from a file (@FILE) or from standard input (-): other users of this machine could read an argument.
    """
    _require_known(field)
    if is_default:
        if value is not None or field in KEY_SETTINGS:
            raise click.UsageError("--default is for a field of the policy, and takes no VALUE.")
        show(put(place, "app.set", field=field, default=True), is_json=place.is_json)
        return
    if value is None or value.startswith("--"):
        raise click.UsageError("Give a VALUE, or --default." if value is None else f"No such option: {value}")
    given = _key_text(value) if field in KEY_SETTINGS else _json_or_text(value)
    show(put(place, "app.set", field=field, value=given), is_json=place.is_json)


@app.command("django-settings", epilog=examples("vestibule app django-settings --app shop >> settings.py"))
@administers
def django_settings(place: Place) -> None:
    """Print settings for a Django service that takes the tokens of an app: for SimpleJWT, and for our own class."""
    found = put(place, "app.show")
    settings = settings_for(found["env_url"], found["policy"])
    if place.is_json:
        show(settings, is_json=True)
    else:
        click.echo(text_of(found["name"], settings), nl=False)


@click.group(
    epilog=examples(
        'vestibule key create api --name "order service"',
        "vestibule key list",
        "vestibule key revoke 0123456789abcdef01234567",
    )
)
def key() -> None:
    """Keys of an app. A client key names the app in public; an API key is a secret of its server."""


@key.command("create")
@click.argument("kind", type=click.Choice(["client", "api"]))
@click.option("--name", default=None, help="What the key is for, to know it again.")
@administers
def create_key(place: Place, kind: str, name: str | None) -> None:
    """Create a key of a KIND. An API key is shown once."""
    show(put(place, "key.create", kind=kind, name=name), is_json=place.is_json)


@key.command("list")
@administers
def list_keys(place: Place) -> None:
    """List the keys of an app, revoked ones too."""
    columns = ("key_id", "kind", "name", "environment", "created_at", "revoked_at", "key")
    show(
        put(place, "key.list"),
        is_json=place.is_json,
        columns=columns,
        empty="No key: vestibule key create client",
    )


@key.command("revoke")
@click.argument("key_id")
@administers
def revoke_key(place: Place, key_id: str) -> None:
    """End the key of this id at once. It cannot be brought back."""
    put(place, "key.revoke", key=key_id)
    say("Revoked. Whoever uses it is refused from now on.", is_json=place.is_json)


def _key_text(value: str) -> str:
    if value != "-" and not value.startswith("@"):
        raise click.UsageError("A key is no argument: give @FILE, or - for standard input.")
    return read_key(None if value == "-" else Path(value[1:]))


def _require_known(field: str) -> None:
    """Names that are nearly right are told; so is where the other settings of SimpleJWT went."""
    names = {name.lower(): name for name in (*FIELD_NAMES, *KEY_SETTINGS)}
    if field in names.values():
        return
    near = [names[each] for each in get_close_matches(field.lower(), names)]
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    lists = "docs/policy.md lists the fields; docs/simplejwt.md says what became of SimpleJWT's other settings."
    raise click.ClickException(f"{field} is not known here.{hint} {lists}")


def _json_or_text(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value
