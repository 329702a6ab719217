"""A house in a folder, and the command line run against it."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vestibule.app import compose
from vestibule.cli.root import vestibule
from vestibule.devtools.bootstrap import Demo, ensure_demo
from vestibule.settings import Settings


@dataclass
class Shell:
    """Runs commands on one data folder."""

    data: Path
    demo: Demo

    def run(self, *words: str, typed: str = "") -> Result:
        return CliRunner().invoke(vestibule, [*words, "--data", str(self.data)], input=typed)

    def json(self, *words: str, typed: str = ""):
        """The answer of a command that succeeds."""
        result = self.run(*words, "--json", typed=typed)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


async def furnish(data: Path) -> Demo:
    running = compose(Settings.development(data))
    try:
        return await ensure_demo(running.house)
    finally:
        await running.store.close()


@pytest.fixture
def shell(tmp_path, monkeypatch):
    for name in ("VESTIBULE_SETTINGS", "VESTIBULE_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path, asyncio.run(furnish(tmp_path)))
