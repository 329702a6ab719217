"""Counting before verifying."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vestibule.core.apps.model import App
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.model import FailureRule, Rule
from vestibule.core.store import Tx
from vestibule.kernel.clock import SECOND_MS
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import new_id
from vestibule.kernel.origin import Origin

LOOPBACK_FACTOR = 1_000
"""What `vestibule dev` multiplies the per-address limits by, for loopback only."""


@dataclass(frozen=True, slots=True)
class Limiter:
    """Charges rules in the caller's transaction and says no without raising, so that the charge stays."""

    entropy: Entropy
    audit: Audit
    is_loopback_raised: bool = False

    async def charge(
        self,
        tx: Tx,
        app: App,
        rules: tuple[Rule, ...],
        origin: Origin,
        now_ms: int,
        *,
        destination: str = "",
        purpose: str = "",
    ) -> DomainError | None:
        """Count one under every rule, or under none: the first that is full refuses, whoever the caller is."""
        hit_id = new_id(now_ms, self.entropy)
        charged: list[tuple[Rule, str]] = []
        for rule in rules:
            subject = self._subject(app, rule, origin, destination, purpose)
            if not subject:
                continue
            wait_ms = await tx.limits.charge(self._effective(app, rule, origin), subject, now_ms, hit_id)
            if wait_ms:
                for earlier, of in charged:
                    await tx.limits.take_back(earlier, of, now_ms, hit_id)
                await tx.limits.note_refusal(rule.name, subject, now_ms)
                return _later(wait_ms, rule.name)
            charged.append((rule, subject))
        return None

    async def charge_failure(
        self, tx: Tx, app: App, rule: FailureRule, identifier: str, now_ms: int, *, device_id: str = ""
    ) -> DomainError | None:
        """Count an attempt as failed until it succeeds. A known device has a run of its own."""
        subject = self.run_subject(app, identifier, device_id)
        wait_ms = await tx.limits.charge_failure(rule, subject, now_ms)
        if not wait_ms:
            return None
        await tx.limits.note_refusal(rule.method, subject, now_ms)
        return _later(wait_ms, rule.method)

    def run_subject(self, app: App, identifier: str, device_id: str = "") -> str:
        """The key of a run of failures."""
        return self.audit.identifier_digest(app.id, identifier) + (f".{device_id}" if device_id else "")

    def _subject(self, app: App, rule: Rule, origin: Origin, destination: str, purpose: str) -> str:
        if rule.by == "address":
            return self.audit.identifier_digest(app.id, origin.network) if origin.address else ""
        if rule.by == "destination":
            return self.audit.identifier_digest(app.id, destination) if destination else ""
        if rule.by == "purpose":
            return self.audit.identifier_digest(app.id, f"{purpose} {destination}") if destination else ""
        return app.id

    def _effective(self, app: App, rule: Rule, origin: Origin) -> Rule:
        rule = replace(rule, limit=app.policy.limits.get(rule.name, rule.limit))
        if self.is_loopback_raised and rule.by == "address" and is_loopback(origin):
            return replace(rule, limit=rule.limit * LOOPBACK_FACTOR)
        return rule


def is_loopback(origin: Origin) -> bool:
    """Whether a request came from this very machine."""
    return origin.network.startswith("127.") or origin.address == "::1"


def _later(wait_ms: int, rule: str) -> DomainError:
    seconds = -(-wait_ms // SECOND_MS)
    return refuse(Code.TOO_MANY_ATTEMPTS, rule, retry_after_s=seconds)
