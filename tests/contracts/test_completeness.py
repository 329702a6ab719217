"""Every verb of every port is called by a contract: a new one without a test fails here."""

import re
from inspect import getmembers, isfunction
from pathlib import Path
from typing import get_type_hints

from vestibule.core.store import Tx

PORTS = {
    name: get_type_hints(member.fget)["return"]
    for name, member in vars(Tx).items()
    if isinstance(member, property) and name != "app_id"
}
TEXT = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def test_every_verb_has_a_contract():
    assert len(PORTS) == 21
    verbs = [(port, verb) for port, kind in PORTS.items() for verb, _ in getmembers(kind, isfunction) if verb[0] != "_"]
    aliases = "scan|reading"
    missing = [
        f"{port}.{verb}"
        for port, verb in verbs
        if not re.search(rf"\b{port}\.{verb}\(", TEXT)
        and not (re.search(rf"({aliases}) = .*\.{port}\b", TEXT) and re.search(rf"({aliases})\.{verb}\(", TEXT))
    ]
    assert missing == []
