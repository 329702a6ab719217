"""What stands for an id in the revocation feed: only who holds the reader's API key can tell which one it is."""

from __future__ import annotations

import hmac


def pseudonym(api_key: str, name: str) -> str:
    """The HMAC of `session:<sid>`, `user:<sub>` or `reader` under an API key: 32 hex digits."""
    return hmac.digest(api_key.encode(), name.encode(), "sha256").hex()[:32]
