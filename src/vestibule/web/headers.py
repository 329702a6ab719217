"""Security headers of everything that people see in a browser."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'none'",
    "frame-src": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "require-trusted-types-for": "'script'",
}


def policy(**directives: str) -> str:
    """The content security policy of our pages, with some directives said otherwise."""
    named = {name.replace("_", "-"): value for name, value in directives.items()}
    return "; ".join(f"{name} {value}" for name, value in (_POLICY | named).items())


CSP = policy()

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

PAGE = EVERYWHERE | {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}

# The page around a mail may frame the mail; nothing else of ours frames anything.
INBOX_MESSAGE = PAGE | {"Content-Security-Policy": policy(frame_src="'self'")}

# A mail is foreign text: no scripts, no forms, no network. A link may open a window of its own.
MAIL = PAGE | {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'self'; base-uri 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox",
    "X-Frame-Options": "SAMEORIGIN",
}

STATIC = EVERYWHERE | {"Cache-Control": "public, max-age=31536000, immutable"}


def page_headers(form_targets: Iterable[str] = ()) -> dict[str, str]:
    """The headers of a page whose form may be answered by a redirect to one of these URLs.

    Chromium applies form-action to the redirect after a POST, so the app's redirect URL must be named.
    """
    sources = dict.fromkeys(["'self'", *(_source(url) for url in form_targets)])
    return PAGE | {"Content-Security-Policy": policy(form_action=" ".join(sources))}


def _source(url: str) -> str:
    """The URL's origin as a policy writes it; its scheme alone for `myapp:` and literal IPv6 hosts."""
    parts = urlsplit(url)
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", parts.scheme):
        raise ValueError("a form target needs a scheme")
    if parts.scheme in {"http", "https"} and re.fullmatch(r"[a-z0-9.-]+(:\d{1,5})?", parts.netloc.lower()):
        return f"{parts.scheme}://{parts.netloc.lower()}"
    return f"{parts.scheme}:"
