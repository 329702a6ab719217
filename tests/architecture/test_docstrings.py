"""What a docstring of the core promises to raise exists."""

import ast
import re

from tests.architecture.source import PACKAGE, modules
from vestibule.kernel.errors import Code

# From the label to the next one, an empty line, or the end.
RAISES = re.compile(r"\bRaises:(.*?)(?=\b[A-Z]\w+: |\n\s*\n|\Z)", re.DOTALL)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def promised(docstring: str) -> set[str]:
    """The names after `Raises:`, without what stands in brackets."""
    return {
        name.strip(" .`\n")
        for block in RAISES.findall(docstring)
        for name in re.split(r"[,;]|\band\b|\bor\b", re.sub(r"\([^)]*\)", "", block))
    } - {""}


def test_reading_a_docstring():
    text = "Exchange it.\n\nRaises: link_used, link_expired (after\n15 minutes),\n  code_wrong.\nUnits:  ms."
    assert promised(text) == {"link_used", "link_expired", "code_wrong"}
    assert promised("A new hash. Raises: overloaded.") == {"overloaded"}
    assert promised("The inverse. Raises ValueError for anything else.") == set()


def test_raises_names_codes():
    unknown = {
        f"{name}:{getattr(node, 'lineno', 1)}": wrong
        for name, tree in modules(PACKAGE / "core")
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED) and (wrong := promised(ast.get_docstring(node) or "") - set(Code))
    }
    assert unknown == {}
