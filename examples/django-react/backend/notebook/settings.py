"""Everything the notebook is told from outside comes from the environment."""

import os
from pathlib import Path

# Trust: tokens are Vestibule's, and so is the word that a session has ended. The API key is a secret.
VESTIBULE = {
    "URL": os.environ["AUTH_URL"],
    "API_KEY": os.environ["AUTH_API_KEY"],
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["vestibule.contrib.django.VestibuleAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,  # django.contrib.auth is not installed: no user table, no sign-in of our own
}

INSTALLED_APPS = ["corsheaders", "rest_framework", "notes"]
MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "notebook.urls"
CORS_ALLOWED_ORIGINS = [os.environ.get("FRONTEND_URL", "http://localhost:5173")]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("NOTEBOOK_DATABASE", Path(__file__).parents[1] / "notebook.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"

# For development. In production: DEBUG off, the host you serve, and a secret key from a secret place.
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
SECRET_KEY = "nothing here is signed with it"
