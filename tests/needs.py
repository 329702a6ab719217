"""What a test needs from the machine: missing on a laptop it skips, missing in CI it fails."""

import os

import pytest


def need(condition: object, reason: str) -> None:
    """Go on only if the condition holds; the reason is shown on screen."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to run this: {reason}", pytrace=False)
    pytest.skip(reason)
