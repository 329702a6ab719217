"""The real npm client `altogic`, run by node against a development server of its own."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import need

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.mjs"))
# A query of the app's own must survive the redirect.
REDIRECT_URL = "http://localhost:3000/auth-redirect?keep=1"
COOLDOWN_MS = 61_000  # a second more than two sends of one kind to one address must be apart

pytestmark = pytest.mark.client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_node() -> bool:
    new_enough = "process.exit(require('node:zlib').crc32 ? 0 : 1)"  # came with 20.15
    return shutil.which("node") is not None and subprocess.call(["node", "-e", new_enough]) == 0


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `vestibule dev --json` says when it is ready; afterwards it must end well."""
    need(has_node(), "node 20.15 or newer runs the npm client")
    need((HERE / "node_modules" / "altogic").is_dir(), "npm ci in tests/clients/altogic installs the client")
    folder = tmp_path_factory.mktemp("altogic")
    log = folder / "server.log"
    program = str(Path(sys.executable).with_name("vestibule"))
    command = [program, "dev", "--json", "--port", str(free_port()), "--data", str(folder / "data")]
    command += ["--redirect-url", REDIRECT_URL, "--fault"]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        try:
            ready, _, _ = select.select([server.stdout], [], [], 30)
            line = server.stdout.readline() if ready else ""
            assert line, f"the server did not start:\n{log.read_text()}"
            yield json.loads(line)
        finally:
            server.send_signal(signal.SIGINT)
            try:
                code = server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                raise
        assert code == 0, f"the server ended with {code}:\n{log.read_text()}"
        assert server.stdout.read() == "", "one line on standard output, and no more"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_with_the_real_client(file: Path, start: dict[str, str]) -> None:
    result = subprocess.run(
        ["node", "--test", "--test-reporter=spec", "--test-timeout=120000", file.name],
        cwd=HERE,
        env=os.environ
        | {
            "NO_COLOR": "1",
            "VESTIBULE_START": json.dumps(start),
            "VESTIBULE_REDIRECT_URL": REDIRECT_URL,
            "VESTIBULE_COOLDOWN_MS": str(COOLDOWN_MS),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if result.returncode != 0:
        pytest.fail(result.stdout, pytrace=False)
