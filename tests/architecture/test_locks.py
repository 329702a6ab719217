"""What is installed is written down, with hashes, and names no place it was fetched from."""

import re
import tomllib

import pytest

from tests.architecture.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]
LINE = re.compile(r"[a-z0-9-]+==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def lock(name):
    return (ROOT / "requirements" / name).read_text()


def name_of(requirement):
    return re.split(r"[^\w-]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("runtime.txt", PROJECT["project"]["dependencies"] + GROUPS["build"]),
        ("dev.txt", PROJECT["project"]["dependencies"] + GROUPS["build"] + GROUPS["dev"]),
    ],
)
def test_every_dependency_is_locked(file, wanted):
    assert {name_of(requirement) for requirement in wanted} - dict(PIN.findall(lock(file))).keys() == set()


def test_dev_holds_what_runtime_holds():
    assert set(PIN.findall(lock("runtime.txt"))) <= set(PIN.findall(lock("dev.txt")))


@pytest.mark.parametrize("file", ["runtime.txt", "dev.txt"])
def test_only_pins_and_hashes(file):
    assert [line for line in lock(file).splitlines() if not LINE.fullmatch(line)] == []
