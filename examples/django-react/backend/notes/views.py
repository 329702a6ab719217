from rest_framework.decorators import api_view
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, ListModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from notes.models import Note
from notes.serializers import NoteSerializer


@api_view()
def greeting(request):
    return Response({"greeting": f"Welcome, {request.user.username}. These notes are yours alone."})


class NoteViewSet(CreateModelMixin, ListModelMixin, DestroyModelMixin, GenericViewSet):
    serializer_class = NoteSerializer

    def get_queryset(self):
        return Note.objects.filter(owner=self.request.user.id)

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user.id)
