"""The API of the notebook. Who signs in, and how, is not its business."""

from django.urls import include, path
from notes.views import NoteViewSet, greeting
from rest_framework.routers import SimpleRouter

router = SimpleRouter()
router.register("notes", NoteViewSet, basename="note")

urlpatterns = [
    path("api/greeting/", greeting),
    path("api/", include(router.urls)),
]
