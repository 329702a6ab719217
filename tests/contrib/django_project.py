"""A small Django project, set up once for the test process; what a test needs otherwise it overrides."""

import tempfile
from functools import cache
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.core.management import call_command
from django.http import JsonResponse
from django.urls import URLPattern, path

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "vestibule.contrib.django.VestibuleMiddleware",
]


@cache
def set_up():
    """Django with its user model in a database of this process."""
    folder = Path(tempfile.mkdtemp())
    settings.configure(
        SECRET_KEY="not a secret: " + "x" * 50,
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "app.db"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=MIDDLEWARE,
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": ["vestibule.contrib.django.VestibuleAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    urlpatterns.extend(routes())


urlpatterns: list[URLPattern] = []


def described(user):
    return {
        "kind": user.__class__.__name__,
        "pk": user.pk,
        "username": user.get_username(),
        "is_authenticated": user.is_authenticated,
    }


def plain(request):
    return JsonResponse({**described(request.user), "vestibule": bool(request.vestibule)})


def claims(request):
    return JsonResponse({"username": request.vestibule.username})


def careless(request):
    return JsonResponse({"path": request.path})


@login_required
def private(request):
    return JsonResponse(described(request.user))


async def waiting(request):
    user = await request.auser()
    return JsonResponse({**described(user), "roles": list(request.vestibule.roles) if request.vestibule else []})


def routes():
    from rest_framework.response import Response  # noqa: PLC0415 - these two read the settings
    from rest_framework.views import APIView  # noqa: PLC0415 - as above

    class Me(APIView):
        def get(self, request):
            return Response({**described(request.user), "roles": request.auth.roles, "actor": request.auth.actor})

    class Anyone(APIView):
        permission_classes = ()

        def get(self, request):
            return Response({"is_authenticated": request.user.is_authenticated})

    return [
        path("me/", Me.as_view()),
        path("anyone/", Anyone.as_view()),
        path("plain/", plain),
        path("claims/", claims),
        path("careless/", careless),
        path("private/", private),
        path("waiting/", waiting),
    ]


def hook(caller):
    """What an app may name as USER_MODEL."""
    return get_user_model()(username=f"hooked {caller.username}") if caller.username == "ada" else None
