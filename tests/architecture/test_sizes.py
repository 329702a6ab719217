"""Small files: 300 lines is the aim, 400 the end. Functions: 25 and 50, printed only."""

import ast

from tests.architecture.source import PACKAGE, modules

FILE_AIM, FILE_HARD, FUNCTION_HARD = 300, 400, 50
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_too_long(capsys):
    files = {name: len((PACKAGE / name).read_text().splitlines()) for name, _ in modules()}
    functions = {
        f"{name}:{node.lineno} {node.name}": length(node)
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS)
    }
    long = [item for item in files.items() if item[1] > FILE_AIM]
    long += [item for item in functions.items() if item[1] > FUNCTION_HARD]
    with capsys.disabled():
        print(f"\n{len(files)} files, {sum(files.values())} lines; {len(functions)} functions")
        print(*(f"  long: {name}, {lines} lines\n" for name, lines in long), sep="", end="")
    assert {name: lines for name, lines in files.items() if lines > FILE_HARD} == {}
