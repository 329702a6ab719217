"""What each field of a policy takes, as the end of a sentence for whoever gave it something else."""

from __future__ import annotations

from vestibule.core.apps.policy import BOUNDS, Policy
from vestibule.core.apps.token_rules import RULES

_UNITS = {"_ms": "milliseconds", "_bytes": "bytes"}
_WORDS = {
    "redirect_url": "a URL, or empty",
    "redirect_allow": 'a list of URLs: ["https://shop.example/welcome"]',
    "origins": 'a list of origins without a slash at the end: ["https://shop.example"]',
    "user_fields": 'a list of names: ["city"]',
    "limits": 'limits by their name, docs/limits.md: {"sign-up/address/hour": 50}',
}


def takes(name: str) -> str:
    """What a field takes."""
    if name in BOUNDS:
        least, most = BOUNDS[name]
        return f"{_unit(name)}, {least} to {most}"
    if isinstance(getattr(Policy(), name), bool):
        return "true or false"
    return _WORDS[name] if name in _WORDS else RULES[name][1]


def _unit(name: str) -> str:
    if name.isupper():
        return "seconds"
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "a whole number")
