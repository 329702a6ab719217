"""What presenting a refresh token means: the newest, a tab or a lost reply, or a theft.

Source: RFC 9700 section 4.14.2.
"""

from __future__ import annotations

from enum import Enum

from vestibule.core.apps.policy import Policy
from vestibule.core.store import Tx
from vestibule.core.tokens.dpop import BOUND
from vestibule.core.tokens.model import Claims, RefreshToken
from vestibule.kernel.clock import SECOND_MS
from vestibule.kernel.errors import Code, refuse


class Verdict(Enum):
    """What became of a refresh token that was presented."""

    NEWEST = "newest"
    """It has not been spent."""
    AGAIN = "again"
    """Its own client lost the reply, or another tab was quicker: the newest pair, once more."""
    SPENT = "spent"
    """Refused, and the family lives on, as SimpleJWT has it."""
    STOLEN = "stolen"
    """Two clients hold the family: it ends."""
    UNKNOWN = "unknown"
    """Newer than the newest we know: the database was restored from a backup, and what happened since is lost."""


async def judge(tx: Tx, policy: Policy, claims: Claims, client: str, now_ms: int) -> tuple[RefreshToken, Verdict]:
    """The newest token of the family, and what presenting this one means. Changes nothing.

    Raises: token_revoked (there is no such family), proof_invalid (the newest is bound to a key that was not proven).
    """
    newest = await tx.refresh_tokens.newest(claims.session_id)
    if newest is None:
        raise refuse(Code.TOKEN_REVOKED, "no such family")
    verdict = Verdict.NEWEST if claims.generation == newest.generation else Verdict.UNKNOWN
    if claims.generation < newest.generation:
        shown = await tx.refresh_tokens.find(claims.session_id, claims.generation)
        verdict = _of_spent(policy, shown, newest, client, now_ms)
    if verdict in {Verdict.NEWEST, Verdict.AGAIN} and newest.client.startswith(BOUND) and newest.client != client:
        raise refuse(Code.PROOF_INVALID, "the family is bound to a key, and this client did not prove it")
    return newest, verdict


def _of_spent(policy: Policy, shown: RefreshToken | None, newest: RefreshToken, client: str, now_ms: int) -> Verdict:
    if not policy.BLACKLIST_AFTER_ROTATION:
        return Verdict.AGAIN
    window_ms = policy.reuse_window_s * SECOND_MS
    if window_ms == 0:
        return Verdict.SPENT
    if shown is None or shown.superseded_at_ms is None:
        return Verdict.STOLEN  # spent so long ago that its row is gone
    # The client that holds the newest one, whoever this one was issued to: browsers get updated between two tabs.
    # A thief who is quicker holds the newest one, and is found out when the owner comes.
    is_own = client == newest.client
    return Verdict.AGAIN if is_own and now_ms < shown.superseded_at_ms + window_ms else Verdict.STOLEN


def refuse_spent(verdict: Verdict) -> None:
    """To be called when the transaction has been left, so that what was written stays.

    Raises: token_revoked.
    """
    if verdict not in {Verdict.NEWEST, Verdict.AGAIN}:
        raise refuse(Code.TOKEN_REVOKED, f"refresh token {verdict.value}")
