"""A door's heavy library is imported by that door, on first use: the start stays quick."""

import re
import subprocess
import sys

HEAVY = {"PIL", "obstore", "webauthn", "socketio", "playwright"}
LINE = re.compile(r"import time:\s+\d+ \|\s+(\d+) \|\s+(\S+)")


def test_importing_the_app_loads_nothing_heavy(capsys):
    command = [sys.executable, "-X", "importtime", "-c", "import vestibule.app"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    cumulative = {name: int(total) for total, name in LINE.findall(run.stderr)}
    with capsys.disabled():
        print(f"\nimport vestibule.app: {cumulative['vestibule.app'] / 1000:.0f} ms")
    assert HEAVY & {name.partition(".")[0] for name in cumulative} == set()
