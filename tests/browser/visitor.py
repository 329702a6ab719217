"""A person at a browser, and the server in front of which they sit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import httpx
from playwright.sync_api import Locator, Page, expect

PASSWORD = "correct-horse-7-battery"
NEW_PASSWORD = "staple-lantern-9-orbit"

# What the one button of a mail link's page says, by the kind of the mail.
CONFIRM = {
    "verify": "Confirm email",
    "magic-link": "Sign in",
    "reset": "Continue to reset",
    "change-email": "Confirm new email",
}


@dataclass(frozen=True)
class Mail:
    """One message of the development inbox."""

    id: str
    kind: str
    code: str
    link: str
    state: str | None
    html: str
    text: str


@dataclass(frozen=True)
class Server:
    """The addresses of a running `vestibule dev`, and the mail it sent."""

    env_url: str
    sign_in_url: str
    client_key: str = field(repr=False)
    api_key: str = field(repr=False)
    inbox_url: str = field(repr=False)

    @classmethod
    def from_json(cls, facts: Mapping[str, str]) -> Self:
        return cls(facts["env_url"], facts["sign_in_url"], facts["client_key"], facts["api_key"], facts["inbox_url"])

    def mail(self, to: str, kind: str, *, after: Mail | None = None) -> Mail:
        """The newest message of that kind, waited for."""
        inbox = httpx.URL(self.inbox_url)
        query = {"to": to, "kind": kind, "wait": "10"} | ({"after": after.id} if after else {})
        latest = inbox.copy_with(path="/dev/inbox/latest").copy_merge_params(query)
        found = httpx.get(latest, timeout=15, trust_env=False)
        assert found.status_code == 200, f"no {kind} mail to {to}: {found.text}"
        return mail_of(found.json())


def mail_of(message: Mapping[str, Any]) -> Mail:
    return Mail(
        id=message["id"],
        kind=message["kind"],
        code=next(iter(message["codes"]), ""),
        link=next((link["url"] for link in message["links"]), ""),
        state=message["state"],
        html=message["html"],
        text=message["text"],
    )


@dataclass(frozen=True)
class Visitor:
    """One browser with cookies and storage of its own; `shot` takes a picture of what it shows."""

    page: Page
    server: Server
    app_url: str
    shot: Callable[[str], None]

    def goes_to(self, path: str) -> None:
        self.page.goto(self.app_url + path)

    def sees(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1, name=heading, exact=True)).to_be_visible()
        self.shot(heading.lower().replace(" ", "-").strip("…?"))

    def types(self, **fields: str) -> None:
        """Fill in by label: `new_password=` is the field "New password"."""
        for label, value in fields.items():
            self.field(label.replace("_", " ").capitalize()).fill(value)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True).and_(self.page.locator("input"))

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()

    def reads(self, role: Literal["alert", "status"], words: str) -> None:
        expect(self.page.get_by_role(role).filter(has_text=words)).to_be_visible()

    # --- Longer ways through the example app -------------------------------------------------------

    def opens(self, mail: Mail) -> None:
        """Open the link of a mail and press the one button of its page."""
        self.page.goto(mail.link)
        self.shot(f"link-{mail.kind}")
        expect(self.page.get_by_role("button")).to_have_count(1)
        self.presses(CONFIRM[mail.kind])

    def signs_up(self, email: str, name: str = "Ada Lovelace") -> None:
        """From the empty form to the profile."""
        self.goes_to("/sign-up")
        self.types(name=name, email=email, password=PASSWORD)
        self.shot("sign-up")
        self.presses("Create account")
        self.sees("Check your email")
        self.opens(self.server.mail(email, "verify"))
        self.sees("Your profile")

    def signs_in(self, email: str, password: str = PASSWORD) -> None:
        """Fill in the form and send it; what comes of it is for the test to say."""
        self.goes_to("/sign-in")
        self.types(email=email, password=password)
        self.presses("Sign in")

    def goes_back_to_the_app(self, way_on: str) -> None:
        """From the server's page about a link that failed; the app knows what to do next."""
        self.page.get_by_role("link", name="Back to ").click()
        self.sees("This link did not work")
        expect(self.page.get_by_role("alert").get_by_role("paragraph")).to_have_count(1)
        self.follows(way_on)

    @property
    def sessions(self) -> Locator:
        """The rows of the profile's list."""
        return self.page.get_by_role("region", name="Where you are signed in").get_by_role("listitem")

    def client(self, call: str) -> Any:
        """Run `call` with `auth`, `db` and `storage` of the very client the app uses."""
        return self.page.evaluate(
            f"import('/src/altogic.js').then(async ({{altogic: {{auth, db, storage}}}}) => {call})"
        )
