"""Apps (tenants) and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vestibule.core.apps.policy import Policy
from vestibule.kernel.ids import SYSTEM_APP, AppId


class Environment(StrEnum):
    """What an app row is for."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class KeyKind(StrEnum):
    """A client key names the app in public; an API key is a secret of the app's server."""

    CLIENT = "client"
    API = "api"


@dataclass(frozen=True, slots=True)
class App:
    """One environment of a project: every row of data belongs to one."""

    id: AppId
    project_id: str
    name: str
    environment: Environment
    created_at_ms: int
    policy: Policy

    @property
    def is_system(self) -> bool:
        """Whether its users are the operators."""
        return self.id == SYSTEM_APP


@dataclass(frozen=True, slots=True)
class AppKey:
    """A key of an app; `sealed` is kept only where the key may be shown again."""

    id: str
    kind: KeyKind
    name: str
    environment: Environment
    digest: str
    sealed: str | None
    created_at_ms: int
    revoked_at_ms: int | None = None
