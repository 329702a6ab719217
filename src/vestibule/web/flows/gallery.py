"""Every state of every page with made-up data: for the tests, the screenshots and the designer's eye."""

from collections.abc import Callable
from dataclasses import replace

from vestibule.web import notices
from vestibule.web.flow import Flow, Frame, Link, Message
from vestibule.web.flows import entrance, leaving, links, trouble

NOON = 1_795_264_320_000  # 21 Nov 2026, 12:32 UTC
ADA = "ada@example.com"
HOUSE = "/e:65f2c0ffee65f2c0ffee65f2"
PLACE = "203.0.113.7"

FRAME = Frame(
    "Acme",
    action=HOUSE + "/sign-in",
    csrf="csrf-of-the-gallery",
    flow_id="flow-of-the-gallery",
    home_href="https://acme.example/",
)
ASKED = links.LinkRequest(ADA, "Firefox on Linux", PLACE, NOON, NOON + 900_000)


LONG = replace(
    FRAME,
    app_name="Kraftfahrzeughaftpflichtversicherungsgesellschaft Nord",
    links=tuple(
        Link(f"https://acme.example/{word.lower()}", Message("value", {"value": word}))
        for word in ("Privacy", "Terms", "Help")
    ),
)


def _sign_in(identifier: str = "", problem: Message | None = None, frame: Frame = FRAME) -> Flow:
    return entrance.sign_in(frame, HOUSE + "/sign-up", HOUSE + "/recovery", identifier, problem)


def _code(problem: Message | None = None, **errors: Message) -> Flow:
    return entrance.enter_code(FRAME, "verify", ADA, 600, HOUSE + "/sign-up", problem, errors)


def _sent(problem: Message | None = None) -> Flow:
    return entrance.recovery_sent(FRAME, ADA, 3600, HOUSE + "/code", HOUSE + "/recovery", problem)


GALLERY: dict[str, Callable[[], Flow]] = {
    "closed": lambda: trouble.closed(FRAME),
    "operator-link": lambda: entrance.operator_link(FRAME),
    "operator-link.dead": lambda: entrance.operator_link_dead(FRAME),
    "sign-in": _sign_in,
    "sign-in.prefilled": lambda: _sign_in(identifier=ADA, problem=notices.PASSWORD_CHANGED),
    "sign-in.wrong-pair": lambda: _sign_in(identifier=ADA, problem=notices.WRONG_PAIR),
    "sign-in.field-errors": lambda: entrance.sign_in(
        FRAME,
        HOUSE + "/sign-up",
        HOUSE + "/recovery",
        errors={"identifier": notices.EMAIL_MISSING, "password": notices.PASSWORD_MISSING},
    ),
    "sign-in.busy": lambda: _sign_in(identifier=ADA, problem=notices.busy(5)),
    "sign-in.rate-limited": lambda: _sign_in(identifier=ADA, problem=notices.rate_limited(NOON + 45_000, 45)),
    "sign-in.development": lambda: _sign_in(frame=replace(FRAME, inbox_href="/dev/inbox?token=gallery")),
    "sign-in.long-name": lambda: _sign_in(frame=LONG),
    "sign-up": lambda: entrance.sign_up(FRAME, HOUSE + "/sign-in"),
    "sign-up.field-errors": lambda: entrance.sign_up(
        FRAME,
        HOUSE + "/sign-in",
        "Ada",
        "ada@",
        errors={"email": notices.EMAIL_INVALID, "password": notices.PASSWORD_COMMON},
    ),
    "code": _code,
    "code.sent-again": lambda: _code(notices.CODE_SENT),
    "code.wrong": lambda: _code(code=notices.code_wrong(3)),
    "code.expired": lambda: _code(notices.CODE_EXPIRED),
    "code.replaced": lambda: _code(notices.code_replaced(NOON - 60_000)),
    "code.too-many": lambda: _code(notices.CODE_TOO_MANY),
    "code.resend-soon": lambda: _code(notices.resend_soon(42)),
    "code.resend-limit": lambda: _code(notices.resend_limit(5, NOON + 780_000)),
    "code.sign-in": lambda: entrance.enter_code(FRAME, "magic-link", ADA, 600, HOUSE + "/sign-in"),
    "code.typed": lambda: entrance.enter_email_and_code(FRAME),
    "code.typed.wrong": lambda: entrance.enter_email_and_code(FRAME, ADA, notices.CODE_UNKNOWN),
    "recovery": lambda: entrance.recovery(FRAME, HOUSE + "/sign-in"),
    "recovery.field-error": lambda: entrance.recovery(
        FRAME, HOUSE + "/sign-in", "ada", errors={"email": notices.EMAIL_INVALID}
    ),
    "recovery.sent": _sent,
    "recovery.resend-soon": lambda: _sent(notices.resend_soon(42)),
    "reset": lambda: entrance.new_password(FRAME, ADA),
    "reset.short": lambda: entrance.new_password(FRAME, ADA, errors={"password": notices.password_short(8)}),
    "link.verify": lambda: links.link_landing(FRAME, "verify", ASKED),
    "link.magic-link": lambda: links.link_landing(FRAME, "magic-link", ASKED),
    "link.reset": lambda: links.link_landing(FRAME, "reset", ASKED),
    "link.change-email": lambda: links.link_landing(FRAME, "change-email", replace(ASKED, device="", place="")),
    "link.expired": lambda: links.link_expired(FRAME, NOON, HOUSE + "/code"),
    "link.used": lambda: links.link_used(FRAME, NOON, HOUSE + "/code", HOUSE + "/sign-in", HOUSE + "/recovery"),
    "link.superseded": lambda: links.link_superseded(FRAME, NOON, HOUSE + "/code"),
    "link.malformed": lambda: links.link_malformed(FRAME),
    "link.malformed.field-errors": lambda: links.link_malformed(
        FRAME, "ada", errors={"email": notices.EMAIL_INVALID, "code": notices.CODE_MALFORMED}
    ),
    "signed-in": lambda: leaving.signed_in(FRAME, ADA),
    "sign-out": lambda: leaving.sign_out(FRAME, ADA, HOUSE + "/signed-in"),
    "signed-out": lambda: leaving.signed_out(FRAME, HOUSE + "/sign-in"),
    "error.server": lambda: trouble.server_error(FRAME, "7F3K-2QX", HOUSE + "/sign-in"),
    "error.not-found": lambda: trouble.not_found(FRAME, HOUSE + "/sign-in"),
    "error.flow-expired": lambda: trouble.flow_expired(FRAME, HOUSE + "/sign-in"),
    "error.rate-limited": lambda: trouble.rate_limited(FRAME, NOON + 45_000, 45, HOUSE + "/sign-in"),
    "error.cookies-blocked": lambda: trouble.cookies_blocked(FRAME, "auth.acme.example", HOUSE + "/sign-in"),
    "error.untrusted-redirect": lambda: trouble.untrusted_redirect(FRAME),
}
