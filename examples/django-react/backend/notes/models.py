from django.db import models


class Note(models.Model):
    # The `user_id` of the token. There is no table of users here to point to.
    owner = models.CharField(max_length=64, db_index=True)
    text = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self):
        return self.text
