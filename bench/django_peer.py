"""The peer of the SimpleJWT door: a Django REST framework + SimpleJWT project on a SQLite file, as it is deployed.

Its addresses and views are those of the live server that the door is compared with in tests. The database is where
`DATABASE` says; `SYNCHRONOUS` is FULL (an answer is durable, as ours are) or NORMAL (the last ones may be lost).
"""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from bench.load import PASSWORD, USERS
from vestibule.adapters.hashing import CURRENT

PROJECT = "tests.clients.simplejwt.oracle"


class SameArgon2(Argon2PasswordHasher):  # type: ignore[misc]  # Django ships no types
    """As strong as ours: what is compared is what stands around the hash."""

    time_cost, memory_cost, parallelism = CURRENT.passes, CURRENT.memory_kib, CURRENT.lanes


def application() -> WSGIHandler:
    """The project, with its tables and users."""
    configure(os.environ["DATABASE"], os.environ["SYNCHRONOUS"])
    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User  # noqa: PLC0415  only when Django is set up

    for name in USERS:
        User.objects.create_user(name, password=PASSWORD)
    return get_wsgi_application()


def configure(database: str, synchronous: str) -> None:
    """Settings of `startproject` and of the libraries' own pages, and what Django advises for SQLite under load."""
    settings.configure(
        ALLOWED_HOSTS=["localhost"],
        CORS_ALLOW_ALL_ORIGINS=True,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": database,
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 20,
                    "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};",
                },
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "corsheaders",
            "rest_framework",
            "rest_framework_simplejwt",
            "rest_framework_simplejwt.token_blacklist",
        ],
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
        PASSWORD_HASHERS=[f"{__name__}.SameArgon2"],
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]
        },
        ROOT_URLCONF=PROJECT,
        SECRET_KEY="of no use to anybody: this project lives for a minute",
        SIMPLE_JWT={
            "BLACKLIST_AFTER_ROTATION": True,
            "ROTATE_REFRESH_TOKENS": True,
            "TOKEN_OBTAIN_SERIALIZER": f"{PROJECT}.PairWithName",
        },
        USE_TZ=True,
    )
    django.setup()
