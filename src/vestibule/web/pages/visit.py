"""One visit of a browser: its app, cookies, flow and form."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.core.signin.door import Opened
from vestibule.gate import Call
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import AppId
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret
from vestibule.web.flow import Flow, Frame
from vestibule.web.headers import PAGE, page_headers
from vestibule.web.render import render_flow

FORM_LIMIT_BYTES = 32 * 1024
DEVICE_LIFE_S = 365 * 24 * 3600
RESET_LIFE_S = 15 * 60


def cookie_name(app_id: AppId, purpose: str = "") -> str:
    """`__Host-`: https (or this machine) only, this host only, every path. One jar per app."""
    return f"__Host-vb_{app_id}{'_' if purpose else ''}{purpose}"


@dataclass(slots=True)
class Visit:
    """What a page's handler knows of the browser in front of it."""

    house: House
    call: Call
    app: App
    origin: Origin
    flow_token: str
    state: dict[str, str]
    inbox_href: str = ""
    form: dict[str, str] = field(default_factory=dict)
    _cookies: list[tuple[str, str, int | None]] = field(default_factory=list)

    def href(self, path: str) -> str:
        """A path of this app."""
        return f"/e:{self.app.id}{path}"

    @property
    def do(self) -> str:
        """The button that was pressed."""
        return self.form.get("do", "")

    def typed(self, name: str) -> str:
        """A field of the form."""
        return self.form.get(name, "")

    def secret(self, name: str) -> Secret[str]:
        """A password field of the form."""
        return Secret(self.form.get(name, ""))

    def cookie(self, purpose: str = "") -> str:
        """A cookie of this app."""
        return self.call.request.cookies.get(cookie_name(self.app.id, purpose), "")

    def keep(self, purpose: str, value: Secret[str], max_age_s: int | None = None) -> None:
        """Set a cookie with the answer. Units: seconds; None lasts as long as the browser runs."""
        self._cookies.append((purpose, value.reveal(), max_age_s))

    def drop(self, purpose: str = "") -> None:
        """Take a cookie back with the answer."""
        self._cookies.append((purpose, "", 0))

    async def current(self) -> Current | None:
        """The signed-in user of this browser."""
        token = self.cookie()
        if not token:
            return None
        try:
            return await self.house.sessions.check(self.app, token)
        except DomainError:
            return None

    async def carry(self, kind: str, **state: str) -> None:
        """Keep what was typed for the flow's next pages."""
        self.state |= state
        await self.house.attempts.carry(self.app, self.flow_token, kind, self.state)

    async def read_form(self) -> None:
        """Read the form and check that it came from a page of this browser's flow.

        Raises: csrf_mismatch, body_too_large, body_too_slow, content_type_invalid.
        Source: OWASP ASVS 3.5.1; Fetch Metadata (W3C).
        """
        await self.read_fields()
        wanted = self.house.attempts.csrf(self.app, self.flow_token)
        if not self.cookie("flow") or Secret(self.typed("csrf")) != Secret(wanted):
            raise refuse(Code.CSRF_MISMATCH)

    async def read_fields(self) -> None:
        """Read a form whose hidden field is its own proof (the key of a mail's link)."""
        if self.call.header("sec-fetch-site") not in {"", "same-origin", "none"}:
            raise refuse(Code.CSRF_MISMATCH, "sent from another site")
        body = await self.call.body(FORM_LIMIT_BYTES)
        if self.call.media_type != "application/x-www-form-urlencoded":
            raise refuse(Code.CONTENT_TYPE_INVALID)
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
        self.form = dict(pairs)

    def frame(self, path: str = "", hidden: dict[str, str] | None = None, home: str | None = None) -> Frame:
        """What surrounds every page."""
        return Frame(
            app_name=self.app.name,
            action=self.href(path) if path else "",
            csrf=self.house.attempts.csrf(self.app, self.flow_token),
            hidden=hidden or {},
            home_href=_web_url(self.app.policy.redirect_url) if home is None else home,
            inbox_href=self.inbox_href,
        )

    def page(self, flow: Flow) -> Response:
        """A page of the flow; its form may be answered by a redirect to the app."""
        targets = [url for url in (self.app.policy.redirect_url, *self.app.policy.redirect_allow) if url]
        return HTMLResponse(render_flow(flow), flow.status, headers=page_headers(targets))

    def goto(self, url: str) -> Response:
        """On to another page (303: by GET)."""
        return RedirectResponse(url, 303, headers=PAGE)

    def dress(self, response: Response) -> Response:
        """Put this visit's cookies on an answer."""
        for purpose, value, max_age_s in self._cookies:
            response.set_cookie(
                cookie_name(self.app.id, purpose),
                value,
                max_age=max_age_s,
                path="/",
                secure=True,
                httponly=True,
                samesite="lax",
            )
        return response

    async def begin(self, *, knows_device: bool) -> None:
        """Give a new browser its flow and, where it is about to sign in, the device it is known by afterwards."""
        if not self.flow_token:
            token = self.house.attempts.new_token(self.app)
            self.keep("flow", token)
            self.flow_token = token.reveal()
        if knows_device and not self.origin.device_id:
            device, token = await self.house.devices.add(self.app)
            self.keep("device", token, DEVICE_LIFE_S)
            self.origin = replace(self.origin, device_id=device.id)

    def come_in(self, opened: Opened) -> None:
        """Give the browser its session."""
        life_ms = opened.session.absolute_expires_at_ms - opened.session.created_at_ms
        self.keep("", opened.token, life_ms // 1000)
        self.drop("flow")


def _web_url(url: str) -> str:
    """A place a person can be sent back to by hand."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in {"http", "https"} else ""
