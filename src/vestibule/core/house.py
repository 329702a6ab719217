"""The house: every service of the core, put together by the composition root and handed to the doors."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.accounts.users import Users
from vestibule.core.admin.importing import Importing
from vestibule.core.admin.users import UserAdmin
from vestibule.core.apps.apps import Apps
from vestibule.core.apps.operators import Operators
from vestibule.core.files.files import Files
from vestibule.core.guard.audit import Audit
from vestibule.core.guard.limiter import Limiter
from vestibule.core.messages.outbox import Post
from vestibule.core.sessions.activity import Activity
from vestibule.core.sessions.devices import Devices
from vestibule.core.sessions.sessions import Sessions
from vestibule.core.signin.attempts import Attempts
from vestibule.core.signin.changes import Changes
from vestibule.core.signin.door import Door
from vestibule.core.signin.grants import Grants
from vestibule.core.signin.links import Links
from vestibule.core.signin.mails import Mails
from vestibule.core.signin.password import PasswordSignIn
from vestibule.core.signin.ports import Hasher
from vestibule.core.signin.signup import SignUp
from vestibule.core.store import Store
from vestibule.core.tokens.families import Families
from vestibule.core.tokens.keys import SigningKeys
from vestibule.core.tokens.revocations import Revocations
from vestibule.core.tokens.tokens import Tokens
from vestibule.kernel.clock import Clock
from vestibule.kernel.entropy import Entropy
from vestibule.kernel.ids import AppId
from vestibule.kernel.keys import KeyRing


@dataclass(frozen=True, slots=True)
class House:
    """Services by name. A door takes what it needs; it never builds one."""

    base_url: str
    is_production: bool
    store: Store
    clock: Clock
    entropy: Entropy
    keys: KeyRing
    hasher: Hasher
    audit: Audit
    limiter: Limiter
    apps: Apps
    operators: Operators
    door: Door
    sessions: Sessions
    activity: Activity
    devices: Devices
    attempts: Attempts
    users: Users
    user_admin: UserAdmin
    importing: Importing
    post: Post
    mails: Mails
    sign_up: SignUp
    password_sign_in: PasswordSignIn
    links: Links
    grants: Grants
    changes: Changes
    files: Files
    signing_keys: SigningKeys
    tokens: Tokens
    families: Families
    revocations: Revocations

    def env_url(self, app_id: AppId) -> str:
        """The address of an app: every URL we mint begins with it."""
        return env_url(self.base_url, app_id)


def env_url(base_url: str, app_id: AppId) -> str:
    """The address of an app below a base URL."""
    return f"{base_url}/e:{app_id}"


def realtime_env_url(base_url: str, app_id: AppId) -> str:
    """The address whose host has exactly three labels, from which the npm client can derive its realtime host."""
    return env_url(base_url.replace("//localhost", "//app.vestibule.localhost", 1), app_id)
