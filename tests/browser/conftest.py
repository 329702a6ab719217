"""For each module here: a server, the example app and Chromium, on free ports; nothing is left behind."""

import itertools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, expect, sync_playwright

from tests.browser.visitor import Server, Visitor
from tests.needs import need

EXAMPLE = Path(__file__).parents[2] / "examples" / "react-altogic"
CHROMIUM_ARGS = [
    "--no-sandbox",  # as root there is none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium says these of every honest status and of every page that is left while its tools are connecting.
EXPECTED_NOISE = ("Failed to load resource", "WebSocket connection to")

NUMBERS = itertools.count(1)

expect.set_options(timeout=10_000)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class House:
    """One data folder and one port, on which `vestibule dev` is started, ended and started again."""

    def __init__(self, folder: Path, redirect_url: str) -> None:
        self.folder, self.redirect_url, self.port = folder, redirect_url, free_port()

    @contextmanager
    def open(self, environment: dict[str, str] | None = None) -> Iterator[Server]:
        """Run until the end of the block; SIGINT must end it with 0 and nothing more on standard output."""
        program = str(Path(sys.executable).with_name("vestibule"))
        options = ["--data", str(self.folder / "data"), "--redirect-url", self.redirect_url]
        log = self.folder / "server.log"
        with (
            log.open("ab") as errors,
            subprocess.Popen(
                [program, "dev", "--json", "--port", str(self.port), *options],
                env=os.environ | (environment or {}),
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as process,
        ):
            try:
                yield Server.from_json(ready_line(process, log))
            finally:
                rest = interrupted(process)
        assert (process.returncode, rest) == (0, b""), log.read_text()[-4000:]


def ready_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    assert process.stdout is not None
    said, _, _ = select.select([process.stdout], [], [], 30)
    line = process.stdout.readline() if said else b""
    assert line, f"not ready after 30 s:\n{log.read_text()[-4000:]}"
    return dict(json.loads(line))


def interrupted(process: subprocess.Popen[bytes]) -> bytes:
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        process.kill()  # else its end would be waited for without end
        raise


@contextmanager
def vite(server: Server, port: int, log: Path) -> Iterator[None]:
    """The example as `npm run dev` runs it: in development StrictMode runs every effect twice."""
    settings = {"VITE_ALTOGIC_ENV_URL": server.env_url, "VITE_ALTOGIC_CLIENT_KEY": server.client_key}
    with answering(f"http://localhost:{port}/", vite_command(port), EXAMPLE, settings, log):
        yield


def vite_command(port: int) -> list[str]:
    return ["node", "node_modules/vite/bin/vite.js", "--port", str(port)]


@contextmanager
def answering(url: str, command: list[str], folder: Path, settings: dict[str, str], log: Path) -> Iterator[None]:
    """A process in its folder, from when its address answers until the end of the block."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | settings,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_for(url, log)
            yield
        finally:
            process.kill()


def wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"not ready after 30 s:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    need(program, "Chromium: apt-get install chromium")
    # One per module: while it runs, this thread has an event loop, and other tests want their own.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def app_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, app_port: int) -> House:
    return House(tmp_path_factory.mktemp("house"), f"http://localhost:{app_port}/auth-redirect")


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with house.open() as server:
        yield server


@pytest.fixture(scope="module")
def app_url(server: Server, app_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the example app."""
    need(shutil.which("node"), "node: the example app is served by Vite")
    need((EXAMPLE / "node_modules").is_dir(), "the packages of the example app: make packages")
    with vite(server, app_port, tmp_path_factory.mktemp("vite") / "vite.log"):
        yield f"http://localhost:{app_port}"


@pytest.fixture
def email() -> str:
    """An address nobody had before: limits count per address."""
    return f"ada{next(NUMBERS)}@example.com"


@pytest.fixture
def visit(chromium: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Visitor]]:
    """`visit(server, …)` opens a browser with storage of its own; no page of it may report a fault."""
    folder = Path(os.environ.get("SCREENSHOTS_DIR") or tmp_path)
    steps = itertools.count(1)
    faults: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        # Violations of the content security policy are said here, with and without scripts.
        if message.type == "error" and not message.text.startswith(EXPECTED_NOISE):
            faults.append(f"{message.page and message.page.url}: {message.text}")

    def opened(server: Server, app_url: str = "", *, user_agent: str | None = None, scripts: bool = True) -> Visitor:
        context = chromium.new_context(user_agent=user_agent, java_script_enabled=scripts, locale="en-GB")
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("console", note)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        page = context.new_page()

        def shot(name: str) -> None:
            page.screenshot(path=folder / f"{request.node.name}-{next(steps):02}-{name}.png", full_page=True)

        return Visitor(page, server, app_url, shot)

    yield opened
    for context in contexts:
        context.close()
    assert faults == []
