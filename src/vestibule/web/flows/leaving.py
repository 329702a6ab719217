"""The pages of somebody who is in, or who goes."""

from vestibule.web.flow import Button, Flow, Frame, Link, Message
from vestibule.web.flows.entrance import back


def signed_in(frame: Frame, address: str, problem: Message | None = None) -> Flow:
    """Posts `do=continue` or `do=sign-out`."""
    app = frame.app_name
    return Flow(
        frame,
        "signed-in",
        Message("signed_in.title"),
        lead=(Message("signed_in.lead", {"app": app, "address": address}),),
        messages=(problem,) if problem else (),
        nodes=(
            Button("continue", Message("signed_in.continue", {"app": app}), busy=Message("link.busy")),
            Button("sign-out", Message("signed_in.sign_out"), "secondary"),
        ),
    )


def sign_out(frame: Frame, address: str, stay_href: str) -> Flow:
    """Asks first, because a GET changes nothing. Posts `do=sign-out`."""
    return Flow(
        frame,
        "sign-out",
        Message("sign_out.heading", {"app": frame.app_name}),
        title=Message("sign_out.title"),
        lead=(Message("sign_out.lead", {"address": address}),),
        nodes=(
            Button("sign-out", Message("sign_out.submit"), busy=Message("sign_out.busy")),
            Link(stay_href, Message("sign_out.stay"), "secondary"),
        ),
    )


def signed_out(frame: Frame, sign_in_href: str) -> Flow:
    """After the fact, and for everybody who was never in."""
    return Flow(
        frame,
        "signed-out",
        Message("signed_out.title"),
        lead=(Message("signed_out.lead", {"app": frame.app_name}),),
        nodes=(Link(sign_in_href, Message("signed_out.again"), "primary"),),
        foot=back(frame),
    )
