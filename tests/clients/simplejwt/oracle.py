"""A Django REST framework + SimpleJWT project in one file: the server whose protocol the SimpleJWT door speaks.

`python oracle.py PORT FOLDER KEY` serves it on loopback and obeys one JSON command per line of standard input.
The profile is the one of the protocol's front ends, with the user's fields that are no secret.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import django
from django.conf import settings


def configure(folder: Path, key: str) -> None:
    """What `startproject` and the library's own pages would have you write."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CORS_ALLOW_ALL_ORIGINS=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "oracle.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "corsheaders",
            "rest_framework",
            "rest_framework_simplejwt",
            "rest_framework_simplejwt.token_blacklist",
        ],
        LOGGING={"version": 1, "disable_existing_loggers": False, "loggers": {"django": {"level": "CRITICAL"}}},
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "corsheaders.middleware.CorsMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.MD5PasswordHasher"
        ],  # the protocol does not show it, and it is fast
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]
        },
        ROOT_URLCONF=__name__,
        SECRET_KEY="of no use to anybody: the tokens have a key of their own",
        SIMPLE_JWT={
            "ALGORITHM": "HS256",
            "BLACKLIST_AFTER_ROTATION": True,
            "ROTATE_REFRESH_TOKENS": True,
            "SIGNING_KEY": key,
            "SLIDING_TOKEN_OBTAIN_SERIALIZER": f"{__name__}.SlidingWithName",
            "TOKEN_OBTAIN_SERIALIZER": f"{__name__}.PairWithName",
        },
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
            }
        ],
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
    django.setup()


if __name__ == "__main__":
    configure(Path(sys.argv[2]), sys.argv[3])

# ruff: noqa: E402  Django's apps can be imported only now
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt import views
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenObtainSlidingSerializer


class WithName:
    """The usual custom claim."""

    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)  # type: ignore[misc]  # of the serializer that it is mixed into
        token["username"] = user.username
        return token


class PairWithName(WithName, TokenObtainPairSerializer):
    """Sign-in."""


class SlidingWithName(WithName, TokenObtainSlidingSerializer):
    """Sign-in, for sliding tokens."""


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("id", "username", "email", "first_name", "last_name", "date_joined", "last_login", "is_active")


class ProfileSerializer(serializers.ModelSerializer):
    user = UserSerializer(source="*")

    class Meta:
        model = User
        fields = ("user", "first_name", "last_name", "email")


@api_view(["GET"])
@permission_classes([IsAuthenticated])
def profile(request: Request) -> Response:
    return Response(ProfileSerializer(request.user).data)


@api_view(["GET"])
def routes(request: Request) -> Response:
    return Response([f"/{route.pattern}" for route in urlpatterns[1:]])


urlpatterns = [
    path("api/", routes),
    path("api/token/", views.token_obtain_pair),
    path("api/token/refresh/", views.token_refresh),
    path("api/token/verify/", views.token_verify),
    path("api/token/blacklist/", views.token_blacklist),
    path("api/token/sliding/", views.token_obtain_sliding),
    path("api/token/sliding/refresh/", views.token_refresh_sliding),
    path("api/profile/", profile),
]


class Handler(WSGIRequestHandler):
    """Without wsgiref's own idea that a body without a Content-Type is text/plain, which no real server shares."""

    def get_environ(self) -> dict[str, Any]:
        environ = super().get_environ()
        environ["CONTENT_TYPE"] = self.headers.get("content-type", "")
        return environ

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def create(username: str, password: str, **fields: object) -> None:
    User.objects.create_user(username, password=password, **fields)


def set_active(username: str, *, active: bool) -> None:
    User.objects.filter(username=username).update(is_active=active)


def delete(username: str) -> None:
    User.objects.filter(username=username).delete()


def verify(token: Any, **backend: Any) -> object:
    """Read a token with the library: its claims, or the words of its refusal."""
    try:
        return TokenBackend(**backend).decode(token)
    except TokenBackendError as error:
        return str(error)


COMMANDS = {made.__name__: made for made in (create, set_active, delete, verify)}


def main() -> None:
    call_command("migrate", verbosity=0)
    server = ThreadedWSGIServer(("127.0.0.1", int(sys.argv[1])), Handler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        name, given = json.loads(line)
        print(json.dumps(COMMANDS[name](**given)), flush=True)


if __name__ == "__main__":
    main()
