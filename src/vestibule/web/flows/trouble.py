"""When something is in the way: one sentence, one way on."""

from vestibule.web.flow import Code, Flow, Frame, Link, Message, Node
from vestibule.web.flows.entrance import back
from vestibule.web.texts import Param


def server_error(frame: Frame, reference: str, retry_href: str) -> Flow:
    """`reference` is the id under which the fault is in the log."""
    return _page(
        frame,
        500,
        Message("server_error.lead"),
        Link(retry_href, Message("server_error.retry"), "primary"),
        Code("reference", Message("server_error.reference"), reference),
    )


def not_found(frame: Frame, sign_in_href: str) -> Flow:
    """No page under this address."""
    return _page(frame, 404, Message("not_found.lead"), Link(sign_in_href, Message("not_found.sign_in"), "primary"))


def flow_expired(frame: Frame, start_href: str) -> Flow:
    """The form is older than its flow."""
    return _page(frame, 410, Message("flow_expired.lead"), Link(start_href, Message("flow_expired.start"), "primary"))


def closed(frame: Frame) -> Flow:
    """A banned user, or a way in that the app has switched off."""
    return _page(frame, 403, Message("closed.lead"))


def rate_limited(frame: Frame, until_ms: int, wait_s: int, retry_href: str) -> Flow:
    """A page of its own, for limits that leave no form to come back to; else `notices.rate_limited`."""
    return _page(
        frame,
        429,
        Message("limited.lead", {"until": until_ms, "wait": wait_s}),
        Link(retry_href, Message("limited.retry"), "primary"),
    )


def cookies_blocked(frame: Frame, host: str, reload_href: str) -> Flow:
    """Also for a form whose CSRF token does not match: the usual cause is a cookie that never came."""
    return _page(
        frame,
        403,
        Message("cookies_blocked.lead", {"host": host}),
        Link(reload_href, Message("cookies_blocked.reload"), "primary"),
    )


def untrusted_redirect(frame: Frame) -> Flow:
    """The frame's `home_href` is the only place it leads to."""
    app: dict[str, Param] = {"app": frame.app_name}
    home = (Link(frame.home_href, Message("untrusted_redirect.home", app), "primary"),)
    return Flow(
        frame,
        "error",
        Message("untrusted_redirect.title", app),
        state="untrusted_redirect",
        lead=(Message("untrusted_redirect.lead", app),),
        nodes=home if frame.home_href else (),
        status=400,
    )


def _page(frame: Frame, status: int, lead: Message, *nodes: Node) -> Flow:
    state = lead.id.removesuffix(".lead")
    return Flow(
        frame,
        "error",
        Message(f"{state}.title"),
        state=state,
        lead=(lead,),
        nodes=nodes,
        foot=back(frame),
        status=status,
    )
