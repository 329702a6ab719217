"""The dependency rule holds: arrows go right only."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, modules

DOTTED = re.compile(r"vestibule(\.\w+){2,}")


def test_import_contracts_are_kept():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_modules_imported_by_name():
    """The import linter cannot see these: each exists; development tools are for the dev command alone."""
    named = {
        (name, node.value)
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value)
    }
    assert {place for place in named if importlib.util.find_spec(place[1]) is None} == set()
    assert {name for name, module in named if module.startswith("vestibule.devtools")} <= {
        "cli/dev.py",
        "devtools/parts.py",
    }
    assert {name for name, _ in named if name.startswith(("core/", "kernel/", "protocols/", "web/"))} == set()
