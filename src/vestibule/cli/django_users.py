"""Users of a Django project, read through its own Django or from a dump of it, as `user.import` takes them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

Row = dict[str, Any]
MARK = "vestibule-import "
"""What a line of the reader begins with; the rest is the project's own chatter."""
LONGEST_ROW = 64 * 1024
STAFF_ROLES = {"is_staff": "staff", "is_superuser": "superuser"}
DUMP = "manage.py dumpdata auth.user auth.group > users.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Users to be read one by one, and how many there are."""

    count: int
    rows: Iterator[Row]
    """Each `{"user": …}`, or `{"key": …, "reason": …}` for one that cannot be read."""


def from_project(settings: str, python: str, project: Path, *, with_staff: bool) -> Source:
    """The users of AUTH_USER_MODEL, through the interpreter that the project runs under."""
    lines = _lines(settings, python, project)
    count = next(lines, {}).get("count")
    rows = (_row(each.get("pk"), each.get("fields"), each.get("groups"), with_staff=with_staff) for each in lines)
    return Source(count if isinstance(count, int) else 0, rows)


def from_dump(text: str, model: str, *, with_staff: bool) -> Source:
    """The users of a file that `manage.py dumpdata` wrote."""
    records = _records(text)
    model = model or _user_model(records)
    groups = {str(each.get("pk")): _fields(each).get("name") for each in records if each.get("model") == "auth.group"}
    users = [each for each in records if each.get("model") == model]
    named = [(each, _named(_fields(each).get("groups"), groups)) for each in users]
    rows = (_row(each.get("pk"), each["fields"], roles, with_staff=with_staff) for each, roles in named)
    return Source(len(users), rows)


def _lines(settings: str, python: str, project: Path) -> Iterator[Row]:
    script = Path(__file__).with_name("django_reader.py").read_text()
    command = [python, "-m", "django", "shell", "--verbosity", "0", "--settings", settings, "--command", script]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        try:
            reader = subprocess.Popen(  # noqa: S603  the operator's own interpreter, no shell
                command,
                cwd=project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise click.ClickException(f"{python} does not start: {error.strerror}.") from None
        with reader:
            for line in reader.stdout or ():
                if line.startswith(MARK):
                    yield json.loads(line.removeprefix(MARK))
        if reader.returncode:
            complaints.seek(0)
            said = complaints.read().strip().splitlines() or ["nothing"]
            raise click.ClickException(
                f"Django did not read its users: {said[-1]}\nRun this in the folder of the project's manage.py (or"
                " name it with --project), and give the interpreter of the project with --python."
            )


def _records(text: str) -> list[Row]:
    try:
        records = json.loads(text) if text.lstrip().startswith("[") else _lines_of(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise click.ClickException(f"The file is no JSON ({where}). Write it again with: {DUMP}") from None
    if not records or not all(isinstance(each, dict) and isinstance(each.get("fields"), dict) for each in records):
        raise click.ClickException(f"The file is JSON, but no dump of Django's. Write it with: {DUMP}")
    return list(records)


def _lines_of(text: str) -> list[Row]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _user_model(records: Iterable[Row]) -> str:
    """The model whose rows have a password and a last sign-in, as every user model of Django has."""
    models = sorted({str(each.get("model")) for each in records if {"password", "last_login"} <= _fields(each).keys()})
    if not models:
        raise click.ClickException(f"There are no users in this file. Write it with: {DUMP}")
    if len(models) > 1:
        raise click.ClickException(f"Several models look like users: choose one with --model ({', '.join(models)}).")
    return models[0]


def _named(groups: object, names: dict[str, object]) -> list[object]:
    """Groups by name; a dump has their keys, or lists of one name where natural keys were asked for."""
    keys = groups if isinstance(groups, list) else []
    found = [key[0] if isinstance(key, list) and key else names.get(str(key)) for key in keys]
    if None in found:
        raise click.ClickException(f"The file names groups, but does not hold them. Write it with: {DUMP}")
    return found


def _fields(record: Row) -> Row:
    fields = record["fields"]
    return fields if isinstance(fields, dict) else {}


def _row(pk: object, fields: object, groups: object, *, with_staff: bool) -> Row:
    """A user as `user.import` takes it, or why it is none."""
    key = "" if pk is None else str(pk)
    try:
        user = _user(key, fields, groups, with_staff=with_staff)
    except (TypeError, ValueError):
        return {"key": key, "reason": "row_invalid"}
    return {"user": user} if len(json.dumps(user)) <= LONGEST_ROW else {"key": key, "reason": "row_too_long"}


def _user(key: str, fields: object, groups: object, *, with_staff: bool) -> Row:
    """Raises: TypeError, ValueError (the row is not as Django writes it)."""
    if not isinstance(fields, dict) or not isinstance(groups, list):
        raise TypeError
    staff = [role for name, role in STAFF_ROLES.items() if with_staff and fields.get(name) is True]
    texts = {name: _text(fields.get(name)) for name in ("email", "password", "first_name", "last_name")}
    return {
        **texts,
        "key": key,
        # A model of its own may sign in with the address alone: then that is the name.
        "username": _text(fields.get("username")) or texts["email"],
        "is_active": fields.get("is_active") is not False,
        "roles": [*map(_text, groups), *staff],
        "created_at_ms": _instant(fields.get("date_joined")),
        "last_sign_in_at_ms": _instant(fields.get("last_login")),
    }


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value or ""


def _instant(value: object) -> int | None:
    """Milliseconds; a time without a zone is taken as UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(_text(value))
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
