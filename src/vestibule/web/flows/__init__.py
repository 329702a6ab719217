"""One pure function per page: plain arguments in, a `Flow` out."""

from vestibule.web.flows.entrance import (
    enter_code,
    enter_email_and_code,
    masked,
    new_password,
    recovery,
    recovery_sent,
    sign_in,
    sign_up,
)
from vestibule.web.flows.fields import Purpose
from vestibule.web.flows.gallery import GALLERY
from vestibule.web.flows.leaving import sign_out, signed_in, signed_out
from vestibule.web.flows.links import (
    LinkRequest,
    link_expired,
    link_landing,
    link_malformed,
    link_superseded,
    link_used,
)
from vestibule.web.flows.trouble import (
    cookies_blocked,
    flow_expired,
    not_found,
    rate_limited,
    server_error,
    untrusted_redirect,
)

__all__ = [
    "GALLERY",
    "LinkRequest",
    "Purpose",
    "cookies_blocked",
    "enter_code",
    "enter_email_and_code",
    "flow_expired",
    "link_expired",
    "link_landing",
    "link_malformed",
    "link_superseded",
    "link_used",
    "masked",
    "new_password",
    "not_found",
    "rate_limited",
    "recovery",
    "recovery_sent",
    "server_error",
    "sign_in",
    "sign_out",
    "sign_up",
    "signed_in",
    "signed_out",
    "untrusted_redirect",
]
