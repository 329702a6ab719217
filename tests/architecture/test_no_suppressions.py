"""Every exception to a lint or type rule says why; the rule about time and randomness has none."""

import io
import re
import tokenize

import pytest

from tests.architecture.source import PACKAGE, ROOT

FOLDERS = ("src", "tests", "tools", "bench", "examples")
DIRECTIVE = re.compile(
    r"#\s*((ruff:\s*)?noqa\b(:\s*[A-Z]+\d+(\s*,\s*[A-Z]+\d+)*)?|(type|mypy):\s*ignore\S*)", re.IGNORECASE
)


def comments(source: str) -> list[tuple[int, str]]:
    """Line and text of each comment; text inside strings is no comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def unexplained(comment: str) -> bool:
    """Whether a comment suppresses something and does not give a reason of two words at least."""
    rest, directives = DIRECTIVE.subn("", comment)
    return directives > 0 and len(re.findall(r"\w+", rest)) < 2


def files():
    return [
        path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in path.parts
    ]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# noqa: S608", True),
        ("# noqa", True),
        ("# type: ignore[arg-type]", True),
        ("# noqa: S608, E501  why", True),
        ("# noqa: S608  the table names are ours", False),
        ("# type: ignore[arg-type]  # the stub is wrong", False),
        ("# type: ignore[misc]  # noqa: S608", True),
        ("# an ordinary comment", False),
    ],
)
def test_reading_a_comment(comment, expected):
    assert unexplained(comment) is expected


def test_every_suppression_has_a_reason():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for path in files()
        for line, comment in comments(path.read_text())
        if unexplained(comment)
    ]
    assert found == []


def test_time_and_randomness_have_no_side_entrance():
    assert [path for path in PACKAGE.rglob("*.py") if re.search(r"noqa:.*TID251", path.read_text())] == []
