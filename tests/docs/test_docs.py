"""The pages are true: generated ones are fresh, everything an operator can use is on one, and no link is broken."""

import re
from urllib.parse import unquote

import click
import pytest

from tests.architecture.source import PACKAGE, ROOT
from tools import docs
from vestibule import settings
from vestibule.cli.root import vestibule

PAGES = sorted(
    path
    for folder in ("", "docs", "changes", "examples")
    for path in (ROOT / folder).glob("*.md" if folder != "examples" else "*/*.md")
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands(command, path=("vestibule",)):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))
    else:
        yield " ".join(path)


@pytest.mark.parametrize("name", docs.PAGES)
def test_generated_pages_are_fresh(name):
    assert (ROOT / "docs" / name).read_text() == docs.PAGES[name](), "run make docs"


@pytest.mark.parametrize("command", list(commands(vestibule)))
def test_every_command_is_documented(command):
    assert f"`{command}`" in (ROOT / "docs" / "operating.md").read_text()


def test_no_page_names_a_command_that_is_not_there():
    known = {*commands(vestibule), "vestibule"}
    words = {word for path in PAGES for word in re.findall(r"\bvestibule(?: [a-z][a-z-]*){1,2}", path.read_text())}
    groups = {command.rsplit(" ", 1)[0] for command in known if command.count(" ") == 2}
    wrong = {
        found
        for found in words
        if " ".join(found.split()[:2]) not in known | groups
        or (" ".join(found.split()[:2]) in groups and found.count(" ") == 2 and found not in known)
    }
    assert wrong == set()


def test_every_setting_and_policy_has_words():
    page = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in settings.ALL if f"| `{name}` |" not in page] == []
    assert set(docs.attribute_docs("settings.py")) >= {(s.owner.__name__, s.name) for s in settings.ALL.values()}


def test_words_of_policies_are_said_once():
    said = {name for _, name in docs.attribute_docs("core/apps/policy.py")}
    assert said & set(docs.POLICY_WORDS) == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    broken = []
    for target in LINK.findall(path.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / unquote(name)) if name else path
        if not there.exists() or (anchor and anchor not in anchors(there.read_text())):
            broken.append(target)
    assert broken == []


def test_every_file_that_the_architecture_names_is_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
    everywhere = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    missing = [
        name
        for name in named
        if not any(path == name or path.endswith(f"/{name}") for path in everywhere) and not (ROOT / name).exists()
    ]
    assert missing == []


def test_the_tree_names_every_ring_and_slice():
    text = (ROOT / "docs" / "architecture.md").read_text()
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    names = {path.relative_to(PACKAGE).parts for path in folders}
    wanted = {parts[-1] for parts in names if len(parts) == 1 or (len(parts) == 2 and parts[0] == "core")}
    modules = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert [name for name in (*sorted(wanted - {"data"}), *modules) if name not in text] == []
