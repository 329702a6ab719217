"""One function in the whole program opens a session, and one module calls it."""

import ast

from tests.architecture.source import modules

OPENER = "open_session"
HOME = "core/sessions/sessions.py"
DOOR = "core/signin/door.py"


def mentions(tree: ast.Module) -> bool:
    """Whether a module imports the opener, or reaches for it as a name or an attribute."""
    for node in ast.walk(tree):
        match node:
            case ast.alias(name=name) | ast.Name(id=name) | ast.Attribute(attr=name) if name == OPENER:
                return True
    return False


def writes_rows(tree: ast.Module) -> bool:
    """Whether a module calls `….sessions.add`, the storage verb behind the opener."""
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node).endswith(".sessions.add") for node in ast.walk(tree)
    )


def test_only_the_door_opens_sessions():
    assert {name for name, tree in modules() if mentions(tree)} - {HOME} == {DOOR}


def test_the_opener_is_where_this_test_looks_for_it():
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    homes = [
        name
        for name, tree in modules()
        if any(isinstance(node, functions) and node.name == OPENER for node in ast.walk(tree))
    ]
    assert homes == [HOME]


def test_only_the_opener_writes_session_rows():
    assert [name for name, tree in modules() if writes_rows(tree)] == [HOME]
