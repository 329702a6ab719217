"""What an administrator can ask about the keys that sign an app's tokens."""

from __future__ import annotations

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.tokens.model import FEED_ALGORITHM, SHARED, KeyState, SigningKey
from vestibule.kernel.clock import iso
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.secret import Secret
from vestibule.workers.arguments import ORIGIN, Arguments, Json, find_app

SIGNING_KEY = "SIGNING_KEY"
KEY_SETTINGS = frozenset({SIGNING_KEY, "VERIFYING_KEY"})
"""Settings of SimpleJWT that are keys here, not policy."""
SET, SEALED = "set", "sealed"
"""All that is ever said of a signing key: somebody gave it, or it may have been made here."""


async def signing_key_list(house: House, given: Arguments) -> Json:
    """Keys of an app, newest first, without anything secret."""
    app = await find_app(house, given)
    return [_shown(app, key) for key in await house.signing_keys.all(app)]


async def signing_key_rotate(house: House, given: Arguments) -> Json:
    """The next key signs from now on."""
    app = await find_app(house, given)
    await house.signing_keys.rotate(app, ORIGIN, is_emergency=given.has("emergency"))
    keys = [_shown(app, key) for key in await house.signing_keys.all(app)]
    return {"algorithm": app.policy.ALGORITHM, "keys": keys}


async def signing_key_set(house: House, given: Arguments) -> Json:
    """A key of the operator's own signs from now on."""
    app = await find_app(house, given)
    return await _bring(house, app, given.text("algorithm"), given.secret("key"), is_emergency=given.has("emergency"))


async def set_key(house: House, app: App, field: str, given: Arguments) -> Json:
    """`SIGNING_KEY` is sealed and never shown again; `VERIFYING_KEY` is derived from it, and only compared."""
    value = given.values.get("value")
    if not isinstance(value, str):
        raise refuse(Code.FIELD_INVALID, field=field)
    if field == SIGNING_KEY:
        made = await _bring(house, app, app.policy.ALGORITHM, Secret(value), is_emergency=False)
    else:
        made = {"key_id": await house.signing_keys.confirm(app, value)}
    return {"app_id": app.id, "field": field, "value": SET, **made}


async def shown_signing_key(house: House, app: App) -> dict[str, Json]:
    """What is said of it when there is one already; else it is made when the first token is signed."""
    keys = await house.signing_keys.all(app)
    is_there = any(key.algorithm == app.policy.ALGORITHM and key.state is KeyState.CURRENT for key in keys)
    return {SIGNING_KEY: SET if app.policy.ALGORITHM in SHARED else SEALED} if is_there else {}


async def _bring(
    house: House, app: App, algorithm: str, private: Secret[str], *, is_emergency: bool
) -> dict[str, Json]:
    key_id = await house.signing_keys.bring(app, algorithm, private, ORIGIN, is_emergency=is_emergency)
    return {"key_id": key_id, "algorithm": algorithm, "is_in_use": algorithm == app.policy.ALGORITHM}


def _shown(app: App, key: SigningKey) -> dict[str, Json]:
    uses = {app.policy.ALGORITHM: "tokens", FEED_ALGORITHM: "revocation feed"}
    if app.policy.ALGORITHM == FEED_ALGORITHM:
        uses = {FEED_ALGORITHM: "tokens, revocation feed"}
    return {
        "key_id": key.id,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "signs": uses.get(key.algorithm) if key.state is KeyState.CURRENT else None,
        "created_at": iso(key.created_at_ms),
        "retired_at": iso(key.retired_at_ms) if key.retired_at_ms else None,
    }
