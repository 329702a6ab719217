"""`vestibule doctor`: gathers the facts, runs the checks, says how to mend what it finds."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

import click
from rich.console import Console

import vestibule
from vestibule.adapters import keyring
from vestibule.adapters.store.examine import DatabaseFacts, examine, require_own_ring
from vestibule.adapters.system import SystemClock, SystemEntropy
from vestibule.cli.checks import CHECKS, findings
from vestibule.cli.desk import examples, likely_settings
from vestibule.cli.facts import Entry, Facts, Severity
from vestibule.cli.show import show
from vestibule.settings import MailSettings, Settings

STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.ADVICE: "bold blue"}
SMTP_TIMEOUT_S = 10.0


@click.command(
    epilog=examples("vestibule doctor", "vestibule doctor --settings FILE --online", "vestibule doctor --json")
)
@click.option("--settings", "file", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the house.")
@click.option("--production", is_flag=True, help="Judge a development house as `serve` would.")
@click.option("--online", is_flag=True, help="Also speak to the mail server; without it nothing leaves this machine.")
@click.option("--json", "is_json", is_flag=True, help="Answer with JSON, for scripts.")
def doctor(*, file: Path | None, data: Path | None, production: bool, online: bool, is_json: bool) -> None:
    """Find what is set up wrongly: addresses, proxies, mail, clock, disk, database, keys, tokens, policies.

    Every finding says how to mend it. Changes nothing, and may run beside a server. The exit code is 1 when
    something is an error, else 0.
    """
    settings = likely_settings(file, data)
    if production:
        settings = replace(settings, mode="production")
    found = findings(gather(settings, is_online=online))
    if is_json:
        show([asdict(finding) for finding in found], is_json=True)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in found:
            console.print(f"{finding.severity.value:<8}", style=STYLES[finding.severity], end="")
            console.print(f"{finding.check}: {finding.what}.", markup=False)
            console.print(f"        -> {finding.mend}", markup=False, style="dim")
        whole = f"{len(CHECKS)} checks of {settings.data_dir} ({settings.mode})"
        count = f"{len(found)} finding{'' if len(found) == 1 else 's'}" if found else "all well"
        console.print(f"{whole}: {count}.", markup=False)
    if any(finding.severity is Severity.ERROR for finding in found):
        raise click.exceptions.Exit(1)


def gather(settings: Settings, *, is_online: bool) -> Facts:
    """Look at the machine, once."""
    folder = settings.data_dir
    database = examine(settings.database) if settings.database.exists() else None
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    key_file = settings.key_file
    return Facts(
        settings=settings,
        now_ms=SystemClock().now_ms(),
        built_ms=_built_ms(),
        folder=_entry(folder),
        free_bytes=shutil.disk_usage(there).free,
        file_system=_file_system(there),
        database_file=_entry(settings.database),
        database=database,
        key_file=_entry(key_file) if key_file else None,
        key_problem=_key_problem(settings, database),
        mail_problem=asyncio.run(_greet(settings.mail)) if is_online and settings.mail.smtp_host else None,
    )


def _entry(path: Path) -> Entry:
    if not path.exists():
        return Entry(str(path))
    return Entry(str(path), is_there=True, mode=path.stat().st_mode & 0o777, is_writable=os.access(path, os.W_OK))


def _built_ms() -> int:
    folder = Path(vestibule.__file__).parent
    return int(max(path.stat().st_mtime for path in folder.rglob("*.py")) * 1000)


def _file_system(path: Path) -> str:
    """The type of the file system below a path, where the system tells (Linux)."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    parts = (line.split() for line in mounts.read_text().splitlines())
    holding = [(part[1], part[2]) for part in parts if path.resolve().is_relative_to(part[1])]
    return max(holding, key=lambda mount: len(mount[0]))[1] if holding else ""


def _key_problem(settings: Settings, database: DatabaseFacts | None) -> str:
    """Why the key ring cannot be used; empty when it can."""
    entropy = SystemEntropy()
    try:
        if settings.master_key is not None:
            ring = keyring.Ring.parse(settings.master_key, entropy)
        elif settings.key_file is not None and settings.key_file.exists():
            ring = keyring.load(settings.key_file, entropy)
        else:
            return f"The key file {settings.key_file} is gone" if database else ""
    except (ValueError, OSError) as error:
        return f"The master key is not fit: {error}"
    try:
        require_own_ring(database.sealed_keys if database else (), ring)
    except ValueError as error:
        return str(error)
    return ""


async def _greet(mail: MailSettings) -> str:
    """Connect and sign in, as for a mail, and send none. Answers what went wrong, or nothing."""
    smtp = import_module("aiosmtplib")
    client = smtp.SMTP(
        hostname=mail.smtp_host,
        port=mail.smtp_port,
        username=mail.smtp_username or None,
        password=mail.smtp_password.reveal() or None,
        use_tls=mail.smtp_tls == "tls",
        start_tls=mail.smtp_tls == "starttls",
        timeout=SMTP_TIMEOUT_S,
    )
    try:
        await client.connect()
        await client.ehlo()
        await client.quit()
    except (smtp.SMTPException, OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""
