"""The store as the core sees it: the slices' ports in one transaction, and the transaction promise.

1. Core services open transactions; protocols and repositories never do.
2. Between open and close there are only storage calls: no hashing, no HTTP, no mail, no sleep.
3. Raising inside means undo. To refuse and keep the effects, leave the block first, then raise.
4. Every single-use or counted thing is one atomic verb of a port: consume, charge, claim, add.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import Protocol

from vestibule.core.accounts import ports as accounts_ports
from vestibule.core.apps import ports as apps_ports
from vestibule.core.files import ports as files_ports
from vestibule.core.guard import ports as guard_ports
from vestibule.core.messages import ports as messages_ports
from vestibule.core.sessions import ports as sessions_ports
from vestibule.core.signin import ports as signin_ports
from vestibule.core.tokens import ports as tokens_ports
from vestibule.core.upkeep import ports as upkeep_ports
from vestibule.kernel.ids import AppId

in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
"""True between open and close; what is slow or leaves the process asserts that it is not."""


class Tx(Protocol):
    """The slices' ports, bound to one app and one transaction."""

    @property
    def app_id(self) -> AppId: ...
    @property
    def apps(self) -> apps_ports.Apps: ...
    @property
    def keys(self) -> apps_ports.AppKeys: ...
    @property
    def users(self) -> accounts_ports.Users: ...
    @property
    def identifiers(self) -> accounts_ports.Identifiers: ...
    @property
    def credentials(self) -> accounts_ports.Credentials: ...
    @property
    def registrations(self) -> accounts_ports.Registrations: ...
    @property
    def challenges(self) -> signin_ports.Challenges: ...
    @property
    def attempts(self) -> signin_ports.Attempts: ...
    @property
    def sessions(self) -> sessions_ports.Sessions: ...
    @property
    def devices(self) -> sessions_ports.Devices: ...
    @property
    def signing_keys(self) -> tokens_ports.SigningKeys: ...
    @property
    def refresh_tokens(self) -> tokens_ports.RefreshTokens: ...
    @property
    def dpop_proofs(self) -> tokens_ports.DpopProofs: ...
    @property
    def notices(self) -> tokens_ports.Notices: ...
    @property
    def aliases(self) -> accounts_ports.Aliases: ...
    @property
    def limits(self) -> guard_ports.Limits: ...
    @property
    def events(self) -> guard_ports.Events: ...
    @property
    def outbox(self) -> messages_ports.Outbox: ...
    @property
    def buckets(self) -> files_ports.Buckets: ...
    @property
    def files(self) -> files_ports.Files: ...
    @property
    def upkeep(self) -> upkeep_ports.Upkeep: ...


class Store(Protocol):
    """Holds what must be true tomorrow."""

    def transaction(self, app_id: AppId) -> AbstractAsyncContextManager[Tx]:
        """Storage calls that happen all or not at all; durable when the block has been left.

        Raises: unavailable.
        """
        ...

    def reading(self, app_id: AppId) -> Tx:
        """Committed rows, by key."""
        ...

    def scanning(self, app_id: AppId) -> Tx:
        """Committed rows, by statements whose cost grows with the data."""
        ...
