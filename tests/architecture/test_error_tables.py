"""Every protocol has words for every reason to say no."""

import importlib

import pytest

from tests.architecture.source import PACKAGE
from vestibule.kernel.errors import KIND, Code

PROTOCOLS = sorted(path.parent.name for path in PACKAGE.glob("protocols/*/__init__.py"))


def test_every_code_is_of_a_kind():
    assert set(KIND) == set(Code)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_speaks_every_code(protocol):
    wire = importlib.import_module(f"vestibule.protocols.{protocol}.errors").WIRE
    assert {code.name for code in Code} ^ {code.name for code in wire} == set()
