"""All slices' queries over one executor. Implements core.store.Tx."""

from __future__ import annotations

from functools import cached_property

from vestibule.adapters.store.sql_accounts import SqlAliases, SqlCredentials, SqlIdentifiers, SqlRegistrations, SqlUsers
from vestibule.adapters.store.sql_apps import SqlAppKeys, SqlApps
from vestibule.adapters.store.sql_files import SqlBuckets, SqlFiles
from vestibule.adapters.store.sql_guard import SqlEvents, SqlLimits
from vestibule.adapters.store.sql_messages import SqlOutbox
from vestibule.adapters.store.sql_sessions import SqlDevices, SqlSessions
from vestibule.adapters.store.sql_signin import SqlAttempts, SqlChallenges
from vestibule.adapters.store.sql_tokens import SqlDpopProofs, SqlNotices, SqlRefreshTokens, SqlSigningKeys
from vestibule.adapters.store.sql_upkeep import SqlUpkeep
from vestibule.adapters.store.statement import Executor
from vestibule.kernel.ids import AppId


class SqlTx:
    """One executor dressed as every port; a port is made when it is first asked for."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def app_id(self) -> AppId:
        return self._executor.app_id

    @cached_property
    def apps(self) -> SqlApps:
        return SqlApps(self._executor)

    @cached_property
    def keys(self) -> SqlAppKeys:
        return SqlAppKeys(self._executor)

    @cached_property
    def users(self) -> SqlUsers:
        return SqlUsers(self._executor)

    @cached_property
    def identifiers(self) -> SqlIdentifiers:
        return SqlIdentifiers(self._executor)

    @cached_property
    def aliases(self) -> SqlAliases:
        return SqlAliases(self._executor)

    @cached_property
    def credentials(self) -> SqlCredentials:
        return SqlCredentials(self._executor)

    @cached_property
    def registrations(self) -> SqlRegistrations:
        return SqlRegistrations(self._executor)

    @cached_property
    def challenges(self) -> SqlChallenges:
        return SqlChallenges(self._executor)

    @cached_property
    def attempts(self) -> SqlAttempts:
        return SqlAttempts(self._executor)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._executor)

    @cached_property
    def devices(self) -> SqlDevices:
        return SqlDevices(self._executor)

    @cached_property
    def signing_keys(self) -> SqlSigningKeys:
        return SqlSigningKeys(self._executor)

    @cached_property
    def refresh_tokens(self) -> SqlRefreshTokens:
        return SqlRefreshTokens(self._executor)

    @cached_property
    def dpop_proofs(self) -> SqlDpopProofs:
        return SqlDpopProofs(self._executor)

    @cached_property
    def notices(self) -> SqlNotices:
        return SqlNotices(self._executor)

    @cached_property
    def limits(self) -> SqlLimits:
        return SqlLimits(self._executor)

    @cached_property
    def events(self) -> SqlEvents:
        return SqlEvents(self._executor)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._executor)

    @cached_property
    def buckets(self) -> SqlBuckets:
        return SqlBuckets(self._executor)

    @cached_property
    def files(self) -> SqlFiles:
        return SqlFiles(self._executor)

    @cached_property
    def upkeep(self) -> SqlUpkeep:
        return SqlUpkeep(self._executor)
