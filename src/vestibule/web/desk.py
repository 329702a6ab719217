"""What the developer's own pages show: the inbox, one message, the operator's first page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

State = Literal["valid", "used", "expired", "superseded"]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One message in the list; `state` is None for mail that has nothing to use up."""

    id: str
    href: str
    to: str
    kind: str
    subject: str
    at_ms: int
    code: str = ""
    state: State | None = None
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The list, newest first. Emptying posts `do=empty` to `action`."""

    app_name: str
    rows: Sequence[InboxRow]
    action: str
    events_href: str
    sign_up_href: str


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message opened; `links` are the URLs in it that do something."""

    row: InboxRow
    back_href: str
    html_href: str
    text: str
    links: Sequence[str] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """The app with its keys; an `api_key` of None was shown before and cannot be shown again."""

    app_name: str
    operator_email: str
    env_url: str
    realtime_env_url: str
    client_key: str
    api_key: str | None
    redirect_url: str
    sign_in_href: str
    inbox_href: str  # empty where there is no inbox

    @property
    def snippet(self) -> str:
        """Code to paste; JSON writes its strings, so no value can end one."""
        # Not the realtime form: node asks the system for names below localhost, and few systems answer.
        url, key = json.dumps(self.env_url), json.dumps(self.client_key)
        return (
            'import { createClient } from "altogic";\n\n'
            f"export const altogic = createClient(\n  {url},\n  {key},\n"
            '  { signInRedirect: "/sign-in" },\n);'
        )


def inbox_event(row: InboxRow) -> str:
    """The row as the `data:` of a server-sent event; sent again when its state has changed."""
    return json.dumps(
        {
            "id": row.id,
            "href": row.href,
            "to": row.to,
            "kind": row.kind,
            "subject": row.subject,
            "code": row.code,
            "state": row.state or "",
            "at": iso(row.at_ms),
        }
    )


def iso(at_ms: int) -> str:
    """An instant for the `datetime` of a `<time>`: whole seconds, UTC."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
