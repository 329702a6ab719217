"""`vestibule dev`: everything in one process on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import indent

import click
from rich.console import Console

from vestibule import __version__, logs
from vestibule.adapters.store.sqlite import FileInUseError
from vestibule.adapters.system import SystemEntropy
from vestibule.app import Parts, Running, compose
from vestibule.cli.desk import examples, in_use
from vestibule.cli.loop import refuse_taken_port, run
from vestibule.core.guard.limiter import LOOPBACK_FACTOR
from vestibule.devtools.bootstrap import OPERATOR, REDIRECT_URL, Demo, ensure_demo
from vestibule.devtools.parts import development_parts
from vestibule.kernel.entropy import text_of
from vestibule.kernel.errors import DomainError
from vestibule.kernel.secret import Secret
from vestibule.server import serve
from vestibule.settings import Settings
from vestibule.web.desk import OperatorPage
from vestibule.workers.control import control


@click.command(
    epilog=examples(
        "vestibule dev",
        "vestibule dev --port 8001 --redirect-url http://localhost:5173/auth-redirect",
        "vestibule dev --json --data trial",
    )
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="TCP port on 127.0.0.1.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("vestibule-data"),
    show_default=True,
    help="Folder for everything; delete it to begin anew.",
)
@click.option(
    "--redirect-url",
    help=f"Where mail links lead in your app.  [default: {REDIRECT_URL}, or what it was before]",
)
@click.option("--host", "hosts", multiple=True, help="A further host name to answer to; may be given several times.")
@click.option("--fault", is_flag=True, hidden=True, help="One path fails, for tests.")
@click.option("--json", "is_json", is_flag=True, help="When ready, print one line of JSON on standard output.")
def dev(*, port: int, data: Path, redirect_url: str | None, hosts: tuple[str, ...], fault: bool, is_json: bool) -> None:
    """Start Vestibule on this machine, for trying and for developing an app.

    One process, no other service, no mail leaves: the inbox shows it. The first start makes an app named demo
    with its keys; a later one finds everything again. Ctrl-C ends it, nothing is lost. Only this machine can
    reach it.
    """
    settings = Settings.development(data, port, hosts)
    logs.set_up(settings.log_level, is_for_people=not is_json)
    refuse_taken_port(settings)
    run(_dev(settings, redirect_url, is_faulty=fault, is_json=is_json))


async def _dev(settings: Settings, redirect_url: str | None, *, is_faulty: bool, is_json: bool) -> None:
    inbox_token = Secret(text_of(SystemEntropy().token_bytes(24)))
    inbox_href = f"/dev/inbox?token={inbox_token.reveal()}"
    parts = development_parts(settings.data_dir, inbox_token, inbox_href, is_faulty=is_faulty)
    running = _compose(settings, parts)
    try:
        demo = await ensure_demo(running.house, redirect_url)
    except DomainError:
        await running.store.close()
        raise click.ClickException(
            f"--redirect-url {redirect_url} is no address people can be sent to: write it as http://localhost:5173/welcome"
        ) from None

    async def ready() -> None:
        inbox_url = f"{settings.base_url}{inbox_href}"
        if is_json:
            click.echo(as_json(demo, inbox_url))
        else:
            welcome(demo, inbox_url, Console(highlight=False, soft_wrap=True))

    async with control(running.house, settings.control_socket):
        await serve(running, settings, ready)


def _compose(settings: Settings, parts: Parts) -> Running:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return compose(settings, parts)
    except FileInUseError:
        raise click.ClickException(in_use(settings)) from None
    except (ValueError, OSError) as error:
        raise click.ClickException(f"The house does not open: {error}") from None


def as_json(demo: Demo, inbox_url: str) -> str:
    """What scripts and tests read."""
    return json.dumps(
        {
            "env_url": demo.env_url,
            "realtime_env_url": demo.realtime_env_url,
            "simplejwt_url": demo.simplejwt_url,
            "client_key": demo.client_key,
            "api_key": demo.api_key,
            "app_id": demo.app.id,
            "inbox_url": inbox_url,
            "sign_in_url": demo.sign_in_url,
            "operator_url": demo.operator_url,
        }
    )


def welcome(demo: Demo, inbox_url: str, console: Console) -> None:
    """What people read."""
    snippet = OperatorPage(
        app_name=demo.app.name,
        operator_email=OPERATOR,
        env_url=demo.env_url,
        realtime_env_url=demo.realtime_env_url,
        client_key=demo.client_key,
        api_key=None,
        redirect_url=demo.app.policy.redirect_url,
        sign_in_href=demo.sign_in_url,
        inbox_href=inbox_url,
    ).snippet
    lines = (
        ("Sign-in page", demo.sign_in_url),
        ("Mail inbox", inbox_url),
        ("Operator", f"{demo.operator_url}  (works once)"),
        ("", ""),
        ("Environment URL", demo.env_url),
        ("  for realtime", demo.realtime_env_url),
        ("SimpleJWT", f"{demo.simplejwt_url}  (the base URL of a front end for it)"),
        ("Client key", demo.client_key),
        ("API key", f"{demo.api_key}  (for servers; keep it secret)"),
        ("Mail links lead to", f"{demo.app.policy.redirect_url}  (--redirect-url)"),
    )
    console.print(f"\n[bold]Vestibule {__version__}[/bold] is ready. Ctrl-C ends it.\n")
    for label, value in lines:
        console.print(f"  {label:<20}" if label else "", end="", style="dim")
        console.print(value, markup=False)
    console.print("\n  In your app (npm install altogic):\n", style="dim")
    console.print(indent(snippet, "    "), markup=False)
    console.print(
        f"\n  For this machine the limits per network address are raised {LOOPBACK_FACTOR:,} times."
        "\n  All others hold: one mail a minute per address and purpose, five an hour.\n",
        style="dim",
    )
