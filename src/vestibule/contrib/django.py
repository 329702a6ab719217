"""Django and Django REST framework trust our tokens: an authentication class and a middleware.

Settings stand in `VESTIBULE` of the project's settings and are read with the first request. Beside those of
`config.py` there are `USER_MODEL` and `CREATE_USER`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.core.signals import setting_changed
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from vestibule.contrib import verifier
from vestibule.contrib.config import Config
from vestibule.contrib.issuer import WouldWaitError
from vestibule.contrib.verifier import ACCESS, Reason, RefusedError, Verifier, bearer

REALM = 'Bearer realm="api"'


class DeniedError(RefusedError, PermissionDenied):
    """A refusal that Django shows as 403 where the middleware cannot answer it."""


class TokenUser(verifier.TokenUser):
    """A user without a row in this project's database. What it may do, its roles say."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    @property
    def pk(self) -> str:
        return self.id

    def get_username(self) -> str:
        """As a row of the user model has it."""
        return self.username

    def __str__(self) -> str:
        return self.username or self.id

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002  Django calls it so
        """No: permissions are rows."""
        return False

    def has_perms(self, perm_list: object, obj: object = None) -> bool:  # noqa: ARG002  Django calls it so
        """No: permissions are rows."""
        return False

    def has_module_perms(self, package_name: str) -> bool:  # noqa: ARG002  Django calls it so
        """No: permissions are rows."""
        return False


class VestibuleAuthentication(BaseAuthentication):
    """For `DEFAULT_AUTHENTICATION_CLASSES`: `request.user` is the user, `request.auth` what the token says."""

    def authenticate(self, request: Request) -> tuple[Any, TokenUser] | None:
        """The user of a bearer token; None without one."""
        try:
            caller = _caller(request.META.get("HTTP_AUTHORIZATION"))
            return None if caller is None else (_user_of(caller), caller)
        except DeniedError as refusal:
            raise _rest_error(refusal.reason) from refusal

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  the framework calls it so
        """The challenge of every 401."""
        return REALM


class VestibuleMiddleware:
    """Sets `request.vestibule`, and `request.user` where nobody else has signed in. Sync and async.

    A request without a token goes through, with an empty `request.vestibule`; one with a bad token is refused as
    soon as somebody looks at either.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._next = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """Pass the request on."""
        if self._is_async:
            return self._pass(request)
        header = request.META.get("HTTP_AUTHORIZATION")
        _attach(request, cache(lambda: _caller(header)))
        return self._next(request)

    async def _pass(self, request: HttpRequest) -> HttpResponse:
        header = request.META.get("HTTP_AUTHORIZATION")
        try:
            outcome = _outcome(header, patient=False)
        except WouldWaitError:  # the first request, or keys that have grown old: a thread may wait, the loop may not
            outcome = await sync_to_async(_outcome, thread_sensitive=False)(header)
        _attach(request, lambda: _raised(outcome))
        return await self._next(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:  # noqa: ARG002  Django calls it so
        """The answer when somebody looked at a bad token."""
        if not isinstance(exception, DeniedError):
            return None
        reason = exception.reason
        return JsonResponse(_body(reason), status=reason.status, headers={**reason.headers, **_challenge(reason)})


@dataclass(frozen=True, slots=True)
class _Project:
    """What the setting `VESTIBULE` amounts to."""

    verifier: Verifier
    user_model: bool | str
    create_user: bool


_PROJECT: dict[str, _Project] = {}


def _project() -> _Project:
    if "" not in _PROJECT:
        options = {"USER_MODEL": False, "CREATE_USER": False, **getattr(settings, "VESTIBULE", {})}
        user_model, create_user = options.pop("USER_MODEL"), options.pop("CREATE_USER")
        try:
            _PROJECT.setdefault("", _Project(Verifier(Config.of(options)), user_model, create_user))
        except ValueError as error:
            raise ImproperlyConfigured(f"VESTIBULE: {error}") from error
    return _PROJECT[""]


def _forget(*, setting: str, **_: object) -> None:
    if setting == "VESTIBULE" and _PROJECT:
        _PROJECT.pop("").verifier.close()


setting_changed.connect(_forget)


def _caller(header: str | None, *, patient: bool = True) -> TokenUser | None:
    try:
        token = bearer(header)
        found = None if token is None else _project().verifier.verify(token, patient=patient)
    except RefusedError as refusal:
        raise DeniedError(refusal.reason) from refusal
    return None if found is None else TokenUser(*(getattr(found, each.name) for each in fields(found)))


def _outcome(header: str | None, *, patient: bool = True) -> TokenUser | DeniedError | None:
    try:
        return _caller(header, patient=patient)
    except DeniedError as refusal:
        return refusal


def _raised(outcome: TokenUser | DeniedError | None) -> TokenUser | None:
    if isinstance(outcome, DeniedError):
        raise outcome
    return outcome


def _attach(request: HttpRequest, find: Callable[[], TokenUser | None]) -> None:
    request.vestibule = SimpleLazyObject(find)
    if not hasattr(request, "user"):
        return
    before, abefore = request.user, getattr(request, "auser", None)

    def user() -> Any:
        caller = None if before.is_authenticated else find()
        return before if caller is None else _user_of(caller)

    async def auser() -> Any:
        signed_in = before if abefore is None else await abefore()
        caller = None if signed_in.is_authenticated else find()
        return signed_in if caller is None else await sync_to_async(_user_of)(caller)

    request.user, request.auser = SimpleLazyObject(user), auser


def _user_of(caller: TokenUser) -> Any:
    """What the app calls a user. Raises DeniedError when it has none for this one, or an inactive one."""
    project = _project()
    if not project.user_model:
        return caller
    user = _row_of(caller, project) if project.user_model is True else import_string(project.user_model)(caller)
    if user is None:
        raise DeniedError(Reason.UNKNOWN)
    if not user.is_active:
        raise DeniedError(Reason.INACTIVE)
    return user


def _row_of(caller: TokenUser, project: _Project) -> Any:
    model = get_user_model()
    try:
        row = model._default_manager.get(pk=caller.id)  # noqa: SLF001  its documented name
    except (model.DoesNotExist, ValidationError, ValueError, TypeError, OverflowError):
        row = None
    # A database reads " 7" and "7" alike; ids are compared as they are written.
    if row is not None and str(row.pk) == caller.id:
        return row
    return _own_row_of(caller, model) if project.create_user else None


def _own_row_of(caller: TokenUser, model: Any) -> Any:
    """The row made for somebody who came from elsewhere, by an id that nobody else will ever have.

    Not by the user name: who takes the name of somebody else there would take over that row here.
    """
    if model.USERNAME_FIELD != "username":
        raise ImproperlyConfigured("VESTIBULE: CREATE_USER needs a user model with username; use a function instead")
    made = {"password": make_password(None)}
    row, _ = model._default_manager.get_or_create(username=caller.sub, defaults=made)  # noqa: SLF001  its documented name
    return None if row.has_usable_password() else row


def _body(reason: Reason) -> dict[str, Any]:
    """The body that front ends of SimpleJWT know."""
    if reason.code != Reason.INVALID.code:
        return {"detail": reason.words, "code": reason.code}
    message = {"token_class": "AccessToken", "token_type": ACCESS, "message": reason.words}
    return {"detail": "Given token not valid for any token type", "code": reason.code, "messages": [message]}


def _challenge(reason: Reason) -> dict[str, str]:
    return {"WWW-Authenticate": REALM} if reason.status == 401 else {}


def _rest_error(reason: Reason) -> APIException:
    error = (AuthenticationFailed if reason.status == 401 else APIException)(_body(reason), reason.code)
    error.status_code = reason.status
    error.wait = 1 if reason.status == 503 else None
    return error
