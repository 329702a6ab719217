"""The pages on the way in: sign in, create an account, enter a code, forgot password."""

from dataclasses import replace

from vestibule.web.flow import Button, Divider, Field, Flow, Frame, Link, Message, Node
from vestibule.web.flows import fields
from vestibule.web.flows.fields import NONE, Errors, Purpose
from vestibule.web.notices import status_of

VERIFY = Message("enter_code.submit")


def sign_in(
    frame: Frame,
    sign_up_href: str,
    recovery_href: str,
    identifier: str = "",
    problem: Message | None = None,
    errors: Errors = NONE,
) -> Flow:
    """E-mail and password on one page, so that managers fill both at once.

    Posts `identifier`, `password` and `do=sign-in`, or `do=send-code`. `problem` is any notice.
    """
    return _asking(
        Flow(
            frame,
            "sign-in",
            Message("sign_in.heading", {"app": frame.app_name}),
            title=Message("sign_in.title"),
            nodes=(
                fields.identifier(identifier, errors.get("identifier")),
                fields.current_password(errors.get("password")),
                Button("sign-in", Message("sign_in.submit"), busy=Message("sign_in.busy")),
                # After the button in the document: the tab key goes from the address to the password.
                Link(recovery_href, Message("sign_in.forgot")),
                Divider(Message("or")),
                Button("send-code", Message("sign_in.code"), "secondary", skips_checks=True),
            ),
            foot=(Link(sign_up_href, Message("sign_in.create"), before=Message("sign_in.new")),),
        ),
        problem,
    )


def sign_up(
    frame: Frame,
    sign_in_href: str,
    name: str = "",
    email: str = "",
    problem: Message | None = None,
    errors: Errors = NONE,
) -> Flow:
    """Posts `name` (optional), `email`, `password` and `do=sign-up`."""
    return _asking(
        Flow(
            frame,
            "sign-up",
            Message("sign_up.heading", {"app": frame.app_name}),
            title=Message("sign_up.title"),
            nodes=(
                Field(
                    "name",
                    Message("sign_up.name"),
                    value=name,
                    attributes={"autocomplete": "name"},
                    required=False,
                    error=errors.get("name"),
                ),
                fields.email(email, errors.get("email")),
                fields.new_password(Message("password"), frame, errors.get("password")),
                Button("sign-up", Message("sign_up.submit"), busy=Message("sign_up.busy")),
            ),
            foot=(Link(sign_in_href, Message("sign_in.submit"), before=Message("sign_up.have")),),
        ),
        problem,
        focus=False,  # the first field is optional: nobody is pushed into it
    )


def enter_code(
    frame: Frame,
    purpose: Purpose,
    address: str,
    valid_s: int,
    another_href: str,
    problem: Message | None = None,
    errors: Errors = NONE,
) -> Flow:
    """The code of a mail to an address the flow knows. Posts `code` and `do=verify`, or `do=resend`."""
    return _asking(
        Flow(
            frame,
            "code",
            Message("enter_code.title"),
            lead=(
                Message(f"enter_code.lead.{purpose}", {"address": masked(address), "valid": valid_s}),
                Message("enter_code.patience"),
            ),
            nodes=(fields.code(error=errors.get("code")), *verify_or_resend()),
            foot=(Link(another_href, Message("another_email")),),
        ),
        problem,
    )


def enter_email_and_code(
    frame: Frame,
    email: str = "",
    problem: Message | None = None,
    errors: Errors = NONE,
) -> Flow:
    """For people whose link does not work here. Posts `email`, `code` and `do=verify`, or `do=resend`."""
    return _asking(
        Flow(
            frame,
            "code",
            Message("enter_code.typed.title"),
            state="typed",
            lead=(Message("enter_code.lead.typed"),),
            nodes=(*email_and_code(email, errors), *verify_or_resend()),
            foot=back(frame),
        ),
        problem,
    )


def recovery(
    frame: Frame,
    sign_in_href: str,
    email: str = "",
    problem: Message | None = None,
    errors: Errors = NONE,
) -> Flow:
    """Posts `email` and `do=send-reset`."""
    return _asking(
        Flow(
            frame,
            "recovery",
            Message("recovery.title"),
            lead=(Message("recovery.lead"),),
            nodes=(
                fields.email(email, errors.get("email")),
                Button("send-reset", Message("recovery.submit"), busy=Message("recovery.busy")),
            ),
            foot=(Link(sign_in_href, Message("sign_in.submit"), before=Message("recovery.remembered")),),
        ),
        problem,
    )


def recovery_sent(
    frame: Frame,
    address: str,
    valid_s: int,
    code_href: str,
    recovery_href: str,
    problem: Message | None = None,
    code_s: int = 600,
) -> Flow:
    """The same words for every address. Posts `do=resend`."""
    return _asking(
        Flow(
            frame,
            "recovery",
            Message("recovery_sent.title"),
            state="sent",
            lead=(
                Message("recovery_sent.lead", {"address": address, "valid": valid_s, "code": code_s}),
                Message("enter_code.patience"),
            ),
            nodes=(
                Link(code_href, Message("recovery_sent.code"), "primary"),
                Button("resend", Message("recovery_sent.resend"), "secondary"),
            ),
            foot=(Link(recovery_href, Message("another_email")),),
        ),
        problem,
    )


def new_password(frame: Frame, username: str, problem: Message | None = None, errors: Errors = NONE) -> Flow:
    """Posts `username` (as shown, not to be trusted), `password` and `do=save`."""
    return _asking(
        Flow(
            frame,
            "reset",
            Message("reset.title"),
            lead=(Message("reset.lead"),),
            nodes=(
                fields.fixed_username(username),
                fields.new_password(Message("reset.password"), frame, errors.get("password")),
                Button("save", Message("reset.submit"), busy=Message("reset.busy")),
            ),
            foot=back(frame),
        ),
        problem,
    )


def operator_link(frame: Frame) -> Flow:
    """The one-time link of an operator. Posts `do=open` and the frame's `hidden`."""
    return Flow(
        frame,
        "operator",
        Message("operator_link.title"),
        lead=(Message("operator_link.lead"),),
        nodes=(Button("open", Message("operator_link.submit"), busy=Message("link.busy")),),
    )


def operator_link_dead(frame: Frame, status: int = 410) -> Flow:
    """No way on from here: only the command line makes a new link."""
    return Flow(
        frame,
        "operator",
        Message("operator_link.dead.title"),
        state="dead",
        lead=(Message("operator_link.dead.lead", {"command": "vestibule operator link you@…"}),),
        status=status,
    )


# --- Parts that other pages use too ---------------------------------------------------------------


def email_and_code(email: str = "", errors: Errors = NONE) -> tuple[Field, ...]:
    """Both fields of a form that does not know whom it serves."""
    return fields.email(email, errors.get("email")), fields.code(error=errors.get("code"))


def verify_or_resend(submit: Message = VERIFY) -> tuple[Button, ...]:
    """The two actions below a code field."""
    return (
        Button("verify", submit, busy=Message("enter_code.busy")),
        Button("resend", Message("enter_code.resend"), "secondary", skips_checks=True),
    )


def back(frame: Frame) -> tuple[Link, ...]:
    """The link back to the app, where it has an address."""
    if not frame.home_href:
        return ()
    return (Link(frame.home_href, Message("back", {"app": frame.app_name})),)


def masked(address: str) -> str:
    """ada@example.com -> a•••@example.com: enough to recognise, too little to learn it from."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if at else "•••"


def _asking(flow: Flow, problem: Message | None, *, focus: bool = True) -> Flow:
    """Add what the answer to the last try says: message, status, and where the cursor goes."""
    flow = replace(
        flow,
        messages=(problem,) if problem else (),
        status=status_of(problem, invalid=bool(flow.errors)),
        state="error" if flow.errors or (problem and problem.tone == "danger") else flow.state,
    )
    # A summary takes the focus itself, so that a screen reader starts there.
    return flow if flow.failed or not focus else replace(flow, nodes=_focused(flow.nodes))


def _focused(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The first empty field that must be filled gets the cursor."""
    for place, node in enumerate(nodes):
        if isinstance(node, Field) and node.required and not node.value:
            return (*nodes[:place], replace(node, autofocus=True), *nodes[place + 1 :])
    return nodes
