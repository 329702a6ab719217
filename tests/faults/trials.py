"""How often the server is killed. `KILLS=5 make test ARGS=tests/faults` is a quick look."""

import os

KILLS = int(os.environ.get("KILLS", "50"))
