"""Prints the users of a Django project, a JSON line each. Runs inside the project: `django shell -c`, any Django."""

import json
import sys

from django.contrib.auth import get_user_model

# Settings and apps of a project may print too: our lines begin with this word.
MARK = "vestibule-import "


def _say(row: object) -> None:
    sys.stdout.write(MARK + json.dumps(row, default=str) + "\n")


def _read() -> None:
    model = get_user_model()
    fields = model._meta.get_fields()  # noqa: SLF001  Django's documented name
    has_groups = any(field.name == "groups" and field.many_to_many for field in fields)
    address = model.get_email_field_name() if hasattr(model, "get_email_field_name") else "email"
    wanted = ("first_name", "last_name", "is_active", "is_staff", "is_superuser", "date_joined", "last_login")
    users = model._base_manager.order_by("pk")  # noqa: SLF001  the default one may hide some
    _say({"count": users.count()})
    for user in (users.prefetch_related("groups") if has_groups else users).iterator(chunk_size=1000):
        row = {name: getattr(user, name) for name in wanted if hasattr(user, name)}
        for name in ("date_joined", "last_login"):
            row[name] = row[name].isoformat() if row.get(name) else None
        groups = [group.name for group in user.groups.all()] if has_groups else []
        row |= {"username": user.get_username(), "email": getattr(user, address, ""), "password": user.password}
        _say({"pk": user.pk, "fields": row, "groups": groups})


_read()
