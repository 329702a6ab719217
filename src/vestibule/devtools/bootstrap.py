"""What `vestibule dev` needs to be of use at once: an app named demo, its keys, an operator."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vestibule.core.apps.model import App, Environment, KeyKind
from vestibule.core.apps.policy import Policy
from vestibule.core.house import House, realtime_env_url
from vestibule.kernel.origin import Origin
from vestibule.workers.operations import operator_url

DEMO = "demo"
REDIRECT_URL = "http://localhost:3000/auth-redirect"
OPERATOR = "operator@localhost"
ORIGIN = Origin(door="dev")


@dataclass(frozen=True, slots=True)
class Demo:
    """All that somebody needs to write a first app against this house."""

    app: App
    env_url: str
    realtime_env_url: str
    simplejwt_url: str
    client_key: str
    api_key: str
    sign_in_url: str
    operator_url: str


async def ensure_demo(house: House, redirect_url: str | None = None) -> Demo:
    """The demo app with its keys, and a fresh one-time link for the operator. May run at every start."""
    app = await _app(house, redirect_url)
    operator = await house.operators.ensure(OPERATOR, ORIGIN)
    here = house.env_url(app.id)
    return Demo(
        app=app,
        env_url=here,
        realtime_env_url=realtime_env_url(house.base_url, app.id),
        simplejwt_url=f"{here}/api/",
        client_key=await _key(house, app, KeyKind.CLIENT),
        api_key=await _key(house, app, KeyKind.API),
        sign_in_url=f"{here}/sign-in",
        operator_url=operator_url(house.base_url, await house.operators.link(operator)),
    )


async def _app(house: House, redirect_url: str | None) -> App:
    for app in await house.apps.list():
        if app.name == DEMO and app.environment is Environment.DEVELOPMENT:
            if redirect_url in (None, app.policy.redirect_url):
                return app
            return await house.apps.set_policy(app, "redirect_url", redirect_url, ORIGIN)
    policy = replace(Policy(), redirect_url=redirect_url or REDIRECT_URL)
    return await house.apps.create(DEMO, Environment.DEVELOPMENT, policy, ORIGIN)


async def _key(house: House, app: App, kind: KeyKind) -> str:
    for found in await house.apps.list_keys(app):
        if found.key.kind is kind and found.key.revoked_at_ms is None and found.text:
            return found.text
    return (await house.apps.create_key(app, kind, DEMO, ORIGIN)).text
