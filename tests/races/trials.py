"""How often each race is run. `TRIALS=100 make test ARGS=tests/races` is a quick look."""

import os

TRIALS = int(os.environ.get("TRIALS", "1000"))
"""Races through HTTP for each one-time secret."""
VERB_TRIALS = 10 * TRIALS
"""Races on each atomic verb of the store."""
