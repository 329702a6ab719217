"""FastAPI trusts our tokens: a dependency, `Depends(current)` with `current = Vestibule(url=…, api_key=…)`."""

import copy
from typing import Any, Self

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from vestibule.contrib.config import Config
from vestibule.contrib.issuer import WouldWaitError
from vestibule.contrib.verifier import Reason, RefusedError, TokenUser, Verifier, bearer

__all__ = ["TokenUser", "Vestibule"]


class Vestibule(SecurityBase):
    """Who sent the request. Refuses with 401, 403 or 503; the settings are those of `config.py`."""

    def __init__(self, **options: Any) -> None:
        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "Vestibule"
        self.verifier = Verifier(Config.of(options))
        self.roles: tuple[str, ...] = ()

    def with_roles(self, *roles: str) -> Self:
        """The same, for users who have all of these roles."""
        narrower = copy.copy(self)
        narrower.roles = (*self.roles, *roles)
        return narrower

    async def __call__(self, request: Request) -> TokenUser:
        """The user of the bearer token."""
        try:
            return await self._user(request.headers.get("Authorization"))
        except RefusedError as refusal:
            reason = refusal.reason
            raise HTTPException(reason.status, reason.words, reason.headers) from refusal

    async def _user(self, header: str | None) -> TokenUser:
        token = bearer(header)
        if token is None:
            raise RefusedError(Reason.MISSING)
        try:
            user = self.verifier.verify(token, patient=False)
        except WouldWaitError:  # the first request, or keys that have grown old: a thread may wait, the loop may not
            user = await run_in_threadpool(self.verifier.verify, token)
        if not user.has_roles(self.roles):
            raise RefusedError(Reason.ROLES)
        return user
