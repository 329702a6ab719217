"""Made-up messages and pages of the developer's desk, as the gallery has them for the flows."""

from vestibule.web.desk import Inbox, InboxMessage, InboxRow, OperatorPage, State
from vestibule.web.mail import Mail

NOON = 1_795_264_320_000  # 21 Nov 2026, 12:32 UTC
LINK = (
    "http://localhost:8000/e:65f2c0ffee65f2c0ffee65f2/_api/rest/v1/auth/verify"
    "?key=ev_k3x9_0QmY1x2v6Yl2s9wq3Kx0m1n2b3v4c5x6z7a8s9d0f1g2h&action=email-confirm"
)

STATES: tuple[State, ...] = ("valid", "used", "expired", "superseded")
ROWS = [
    InboxRow(
        f"m{number}",
        f"/dev/inbox/m{number}?token=t",
        "ada@example.com",
        "verify",
        "482913 is your Acme code",
        NOON,
        "482913",
        state,
        NOON + 600_000,
    )
    for number, state in enumerate(STATES)
] + [InboxRow("m9", "/dev/inbox/m9?token=t", "ada@example.com", "password-changed", "It was changed", NOON)]

INBOX = Inbox("Acme", ROWS, "/dev/inbox?token=t", "/dev/inbox/events?token=t", "/e:1/sign-up")
EMPTY = Inbox("Acme", (), "/dev/inbox?token=t", "/dev/inbox/events?token=t", "/e:1/sign-up")
MESSAGE = InboxMessage(
    ROWS[0], "/dev/inbox?token=t", "/dev/inbox/m0/html?token=t", "Hello\n\n482913\n", [LINK], "Subject: Hello"
)
NOTICE = InboxMessage(ROWS[-1], "/dev/inbox?token=t", "/dev/inbox/m9/html?token=t", "Hello\n")
OPERATOR = OperatorPage(
    "demo",
    "operator@localhost",
    "http://localhost:8000/e:65f2c0ffee65f2c0ffee65f2",
    "http://app.vestibule.localhost:8000/e:65f2c0ffee65f2c0ffee65f2",
    "ck_public",
    "ak_private",
    "http://localhost:3000/auth-redirect",
    "/e:1/sign-in",
    "/dev/inbox?token=t",
)

MAIL = Mail(
    app_name="Acme",
    subject="482913 is your Acme code",
    preheader="It confirms your email and works for 24 hours.",
    heading="Confirm your email",
    paragraphs=("Welcome to Acme.", "Press the button, or type the code where you signed up."),
    code="482913",
    button=("Confirm email", LINK),
    facts=(("Asked at", "21 Nov 2026, 12:32 UTC"), ("Asked from", "Firefox on Linux")),
    footer=("You did not ask for this? Then ignore this email.", "Acme, help@acme.example"),
)
