"""Where the link of a mail lands: one button when it works, a way on when it does not."""

from dataclasses import dataclass

from vestibule.web.flow import Button, Fact, Facts, Flow, Frame, Link, Message, Note
from vestibule.web.flows.entrance import back, email_and_code, masked, verify_or_resend
from vestibule.web.flows.fields import NONE, Errors, Purpose
from vestibule.web.notices import status_of


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """Who asked for the link, so that its reader can tell their own from a stranger's."""

    address: str
    device: str  # "Firefox on Linux"; empty when unknown
    place: str  # a place or an internet address; empty when unknown
    asked_ms: int
    until_ms: int


def link_landing(frame: Frame, purpose: Purpose, asked: LinkRequest) -> Flow:
    """Shown by GET, which changes nothing; the one button posts `do=confirm` and the frame's `hidden`."""
    app = {"app": frame.app_name}
    rows = (
        ("link.app", Message("value", {"value": frame.app_name})),
        ("link.device", asked.device and Message("value", {"value": asked.device})),
        ("link.place", asked.place and Message("value", {"value": asked.place})),
        ("link.asked", Message("value.moment", {"at": asked.asked_ms})),
        ("link.until", Message("value.moment", {"at": asked.until_ms})),
    )
    return Flow(
        frame,
        "link",
        Message(f"link.{purpose}.title", app),
        state=purpose,
        lead=(Message(f"link.{purpose}.lead", {"address": masked(asked.address)}),),
        nodes=(
            Facts(tuple(Fact(Message(label), value) for label, value in rows if value)),
            Button("confirm", Message(f"link.{purpose}.submit"), busy=Message("link.busy")),
            Note(Message("link.not_you")),
        ),
    )


def link_expired(frame: Frame, until_ms: int, code_href: str, problem: Message | None = None) -> Flow:
    """Posts `do=resend`; the address is known from the link, nobody types it again."""
    return _dead(frame, "expired", {"until": until_ms}, code_href, problem)


def link_superseded(frame: Frame, sent_ms: int, code_href: str, problem: Message | None = None) -> Flow:
    """A newer link was sent at `sent_ms`. Posts `do=resend`."""
    return _dead(frame, "superseded", {"sent": sent_ms}, code_href, problem)


def link_used(
    frame: Frame,
    used_ms: int,
    code_href: str,
    sign_in_href: str,
    recovery_href: str,
    problem: Message | None = None,
) -> Flow:
    """Most people who see this are done already, so signing in comes first. Posts `do=resend`."""
    dead = _dead(frame, "used", {"used": used_ms}, code_href, problem)
    secure = Link(recovery_href, Message("link.used.secure"), before=Message("link.used.not_you"))
    return Flow(
        frame,
        "link",
        dead.heading,
        state=dead.state,
        lead=dead.lead,
        messages=dead.messages,
        nodes=(
            Link(sign_in_href, Message("link.used.sign_in"), "primary"),
            Button("resend", Message("link.resend"), "secondary"),
            Link(code_href, Message("code_instead")),
        ),
        foot=(secure, *dead.foot),
        status=dead.status,
    )


def link_malformed(frame: Frame, email: str = "", problem: Message | None = None, errors: Errors = NONE) -> Flow:
    """The code field right there. Posts `email`, `code` and `do=verify`, or `do=resend`."""
    fields = email_and_code(email, errors)
    invalid = any(field.error for field in fields)
    return Flow(
        frame,
        "link",
        Message("link.malformed.title"),
        state="malformed",
        lead=(Message("link.malformed.lead"),),
        messages=(problem,) if problem else (),
        nodes=(*fields, *verify_or_resend(Message("link.malformed.submit"))),
        foot=back(frame),
        status=status_of(problem, invalid=invalid) if problem or invalid else 404,
    )


def _dead(frame: Frame, state: str, params: dict[str, int], code_href: str, problem: Message | None) -> Flow:
    return Flow(
        frame,
        "link",
        Message(f"link.{state}.title"),
        state=state,
        lead=(Message(f"link.{state}.lead", dict(params)),),
        messages=(problem,) if problem else (),
        nodes=(
            Button("resend", Message("link.resend")),
            Link(code_href, Message("code_instead"), "secondary"),
        ),
        foot=back(frame),
        status=status_of(problem, invalid=False) if problem else 410,
    )
