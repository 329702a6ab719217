"""`vestibule import`: users of another system, with the passwords that they have there."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.progress import Progress

from vestibule.cli.desk import Place, examples, put, put_each
from vestibule.cli.django_users import Source, from_dump, from_project
from vestibule.cli.show import say

NAMESPACE = "django"
BATCH, BATCH_BYTES = 200, 512 * 1024
ROWS_TOLD = 20

REASONS = {
    "username_taken": "somebody has this user name already; letter case makes no difference here",
    "username_invalid": "the user name has blanks or signs that none may have here",
    "email_taken": "somebody has this address already, and there is no user name to come in by",
    "email_invalid": "there is no user name, and the address is none",
    "field_required": "there is neither user name nor address, or no primary key",
    "field_invalid": "a name, a group or the primary key is not of a length or form that it may have here",
    "row_invalid": "the row is not as Django writes it",
    "row_too_long": "the row is longer than 64 KB",
}
NOTES = {
    "no_password": "had no password: a reset gives them one",
    "hash_unknown": "had a hash that is not understood here: a reset gives them a password",
    "email_invalid": "came in without their address, which is none",
    "email_taken": "came in without their address, which somebody has",
    "banned": "came in banned: they were not active",
}


@dataclass
class Report:
    """What became of everybody."""

    is_dry: bool
    is_email_verified: bool
    file: TextIO | None
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    unverified: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Note one user; a key that nobody could print or write is spelled out."""
        for name in ("key", "old_username", "old_email"):
            text = row.get(name, "")
            row[name] = text if text.isprintable() else ascii(text)
        if self.is_dry and row["outcome"] == "created":
            self._claim(row)
        self.outcomes[row["outcome"]] += 1
        self.unverified += row["outcome"] == "created" and bool(row["email"]) and not self.is_email_verified
        self.notes.update(row.get("notes", ()))
        if row["outcome"] == "skipped":
            self.reasons[row["reason"]] += 1
            self.skipped.append(row)
        if self.file is not None:
            self.file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _claim(self, row: dict[str, Any]) -> None:
        """A dry run leaves nothing behind for the next batch to meet: two of one name meet here."""
        name, address = (("username", row["username"]), ("email", row["email"]))
        if name[1] and name in self.claimed:
            row |= {"outcome": "skipped", "reason": "username_taken", "notes": []}
        elif address[1] and address in self.claimed:
            row |= {"email": "", "notes": [*row["notes"], "email_taken"]}
        self.claimed |= {name, address}

    def tell(self) -> None:
        """The end of the command, for people."""
        would = "would be " if self.is_dry else ""
        for words, outcome in ((f"{would}created", "created"), ("there already", "there"), ("skipped", "skipped")):
            say(f"{words:<18} {self.outcomes[outcome]:>6}")
        for told, counts in ((REASONS, self.reasons), (NOTES, self.notes)):
            for name, count in counts.most_common():
                say(f"  {count:>6} × {told.get(name, name)} ({name})")
        if self.unverified:
            say(f"  {self.unverified:>6} × the address is unverified and does not sign in, only the user name does;")
            say("           a reset proves it (docs/import-django.md), or --emails verified vouches for all")
        for row in self.skipped[:ROWS_TOLD]:
            say(f"  skipped: {row['key']} {row['old_username'] or row['old_email']} ({row['reason']})")
        if len(self.skipped) > ROWS_TOLD:
            say("  … all of them are in the file of --report.")


@click.group("import", epilog=examples("vestibule import django --settings shop.settings --dry-run"))
def import_() -> None:
    """Users of another system: they sign in with the password they have, and keep their old id."""


@import_.command(
    "django",
    epilog=examples(
        "vestibule import django --settings shop.settings --project ../shop --python shop/bin/python --dry-run",
        "vestibule import django --settings shop.settings --emails verified --report imported.jsonl",
        "vestibule import django --json users.json --staff-roles",
    ),
)
@click.option("--settings", default="", metavar="MODULE", help="Settings module of the Django project: shop.settings.")
@click.option("--python", default=sys.executable, help="Interpreter that the project runs under.")
@click.option(
    "--project", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Its folder."
)
@click.option(
    "--json", "dump", type=click.File(encoding="utf-8"), help="Or a file of `manage.py dumpdata`; - is stdin."
)
@click.option("--model", default="", metavar="APP.MODEL", help="Which rows of the file are users, if it is not plain.")
@click.option(
    "--emails",
    default="unverified",
    show_default=True,
    type=click.Choice(["unverified", "verified"]),
    help="Whether you vouch for every address. Django itself proves none.",
)
@click.option("--staff-roles", is_flag=True, help="Give the roles `staff` and `superuser` to who is that in Django.")
@click.option("--keep-ids", is_flag=True, help="Leave `user_id` of tokens as it is: our ids, not the old keys.")
@click.option("--dry-run", is_flag=True, help="Write nothing, only say what would happen.")
@click.option("--report", type=click.File("w", encoding="utf-8"), help="Write what became of each user, as JSON lines.")
@click.option("--app", default="", help="Name or id of the app; not needed while there is only one.")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the house.")
@click.option(
    "--house", type=click.Path(path_type=Path), help="Settings file (TOML) of the house, or VESTIBULE_SETTINGS."
)
def django(*, app: str, data: Path | None, house: Path | None, **given: Any) -> None:  # noqa: ANN401  click knows their types
    """Take in the users of a Django project, through its own Django or from a dump.

    They sign in with their old password; the first time, its hash is made anew. Who is there already is left alone,
    so the command can be run again. Groups become roles; rights of staff and superusers are not taken over.
    """
    place = Place(data, house, app, is_json=False)
    source, is_dry, is_vouched = _source(given), given["dry_run"], given["emails"] == "verified"
    report = Report(is_dry, is_vouched, given["report"])
    wishes = {"namespace": NAMESPACE, "is_email_verified": is_vouched, "is_dry": is_dry}
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("users", total=source.count)

        def tell(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                report.add(row)
            progress.update(task, completed=report.outcomes.total())

        batches = ({**wishes, "users": users} for users in _batches(source, report))
        put_each(place, "user.import", batches, tell)
    report.tell()
    if is_dry:
        if not given["keep_ids"]:
            say("`user_id` of tokens would be the old primary key (policy USER_ID_FIELD = django), but for --keep-ids.")
        say("Nothing was written.")
        return
    if not given["keep_ids"]:
        put(place, "app.set", field="USER_ID_FIELD", value=NAMESPACE)
        say("`user_id` of tokens is the old primary key now (policy USER_ID_FIELD = django).")
    say("Next: vestibule user show django:KEY, and vestibule doctor.")


def _source(given: dict[str, Any]) -> Source:
    if bool(given["settings"]) == bool(given["dump"]):
        raise click.UsageError("Give --settings (the project itself) or --json (a dump of it), one of them.")
    if "/" in given["settings"] or given["settings"].endswith(".toml"):
        raise click.UsageError(
            "--settings is a module of the Django project, shop.settings; the house's file is --house."
        )
    if given["dump"]:
        try:
            text = given["dump"].read()
        except UnicodeDecodeError:
            raise click.ClickException("The file is not UTF-8, which dumps of Django are.") from None
        return from_dump(text, given["model"], with_staff=given["staff_roles"])
    return from_project(given["settings"], given["python"], given["project"], with_staff=given["staff_roles"])


def _batches(source: Source, report: Report) -> Iterator[list[dict[str, Any]]]:
    """Users in as many as one request takes; rows that are none go into the report at once."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in source.rows:
        if "reason" in row:
            report.add({"outcome": "skipped", **row})
            continue
        length = len(json.dumps(row["user"]))
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row["user"])
        size += length
    if batch:
        yield batch
