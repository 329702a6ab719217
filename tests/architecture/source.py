"""The program as text, for tests that read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "vestibule"


def modules(folder: Path = PACKAGE) -> Iterator[tuple[str, ast.Module]]:
    """Each Python file below a folder of the package: its path inside the package, its syntax tree."""
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())
