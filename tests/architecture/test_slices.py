"""A slice of the core asks another one's services; what that one asks of storage is its own affair."""

import ast
import re

from tests.architecture.source import PACKAGE, modules

PORTS = re.compile(r"vestibule\.core\.(\w+)\.ports")


def imported(tree: ast.Module) -> set[str]:
    """Dotted names of the modules a module may have imported."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {module} | {f"{module}.{alias.name}" for alias in aliases}
    return names


def test_ports_belong_to_their_slice():
    foreign = {
        (name, asked)
        for name, tree in modules(PACKAGE / "core")
        for asked in PORTS.findall("\n".join(imported(tree)))
        if name.count("/") == 2 and not name.startswith(f"core/{asked}/")  # core/*.py put slices together
    }
    assert foreign == set()
