"""A Django project as a server runs it."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

from tests.contrib.apps.environment import OPTIONS, shown

settings.configure(
    SECRET_KEY="not a secret: " + "x" * 50,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="tests.contrib.apps.django_app",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["vestibule.contrib.django.VestibuleAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    },
    VESTIBULE={name.upper(): value for name, value in OPTIONS.items()},
)
app = get_wsgi_application()

from rest_framework.response import Response  # noqa: E402 - reads the settings above
from rest_framework.views import APIView  # noqa: E402 - as the line above


class Me(APIView):
    def get(self, request):
        return Response(shown(request.user))


urlpatterns = [path("", Me.as_view())]
