"""Flask trusts our tokens: a decorator, `@vestibule.required` with `vestibule = Vestibule(app, url=…, api_key=…)`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, jsonify, request

from vestibule.contrib.config import Config
from vestibule.contrib.verifier import Reason, RefusedError, TokenUser, Verifier, bearer

__all__ = ["TokenUser", "Vestibule"]

View = TypeVar("View", bound=Callable[..., Any])
EXTENSION = "vestibule"


class Vestibule:
    """The extension. The settings are those of `config.py`, given here or as `VESTIBULE` in the app's config."""

    def __init__(self, app: Flask | None = None, **options: Any) -> None:
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, **options: Any) -> None:
        """Set up one app. What is said here goes before what was said earlier, and both before its config."""
        told = {name.lower(): value for name, value in app.config.get("VESTIBULE", {}).items()}
        app.extensions[EXTENSION] = Verifier(Config.of({**told, **self._options, **options}))

    def required(self, view: View | None = None, *, roles: Collection[str] = ()) -> Any:
        """Let the view be called by signed-in users only, who have all of these roles: `g.vestibule` is the user."""
        if isinstance(roles, str):
            raise TypeError("roles is a list")
        return self._guarded(view, roles) if view is not None else lambda each: self._guarded(each, roles)

    def _guarded(self, view: View, roles: Collection[str]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                g.vestibule = _user(roles)
            except RefusedError as refusal:
                abort(_answer(refusal.reason))
            return current_app.ensure_sync(view)(*args, **kwargs)

        return guarded


def _user(roles: Collection[str]) -> TokenUser:
    token = bearer(request.headers.get("Authorization"))
    if token is None:
        raise RefusedError(Reason.MISSING)
    verifier: Verifier = current_app.extensions[EXTENSION]
    user = verifier.verify(token)
    if not user.has_roles(roles):
        raise RefusedError(Reason.ROLES)
    return user


def _answer(reason: Reason) -> Any:
    answer = jsonify(detail=reason.words, code=reason.code)
    answer.status_code = reason.status
    answer.headers.update(reason.headers)
    return answer
