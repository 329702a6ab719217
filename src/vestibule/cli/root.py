"""The command line: one table of commands, each loaded when it is used, so that `--help` is instant."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click

import vestibule as package


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in the list."""

    place: str
    line: str


COMMANDS: dict[str, Entry] = {
    "dev": Entry("vestibule.cli.dev:dev", "Start everything on this machine, with a mail inbox. Begin here."),
    "serve": Entry("vestibule.cli.serve:serve", "Serve in production, with settings from a file or the environment."),
    "migrate": Entry("vestibule.cli.migrate:migrate", "Bring the database to this version's schema."),
    "doctor": Entry("vestibule.cli.doctor:doctor", "Find what is set up wrongly, and say how to mend it."),
    "app": Entry("vestibule.cli.apps:app", "Apps and their policies: create, list, show, set, django-settings."),
    "key": Entry("vestibule.cli.apps:key", "Client keys and API keys of an app: create, list, revoke."),
    "user": Entry(
        "vestibule.cli.users:user", "Users: create, list, show, roles, set-password, set-username, ban, unban, delete."
    ),
    "import": Entry("vestibule.cli.imports:import_", "Users of another system, with their passwords: django."),
    "session": Entry("vestibule.cli.users:session", "Sessions of a user: list, revoke."),
    "signing-key": Entry("vestibule.cli.signing_keys:signing_key", "Keys that sign tokens: list, rotate, set."),
    "operator": Entry("vestibule.cli.keys:operator", "One-time link for whoever runs this house."),
    "keys": Entry("vestibule.cli.keys:keys", "The master keys of the house: new, rotate."),
}


class Commands(click.Group):
    """A group that reads the table; a command's module is imported when the command is run."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """The command of a name."""
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.line) for name, entry in COMMANDS.items()])


TRY = """\b
Try it:             vestibule dev
See who is there:   vestibule user list
Before production:  vestibule doctor
"""
SCREEN = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=SCREEN, epilog=TRY)
@click.version_option(package.__version__, message="%(version)s")
def vestibule() -> None:
    """One house of users and sessions, many doors in front of it.

    Every command explains itself with --help.
    """
