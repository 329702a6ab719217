"""One visit of a browser: its app, cookies, flow and form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.sessions.model import Device
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
    _new_device: tuple[Device, Secret[str]] | None = None

    def href(self, path: str) -> str:
        """A path of this app."""
        return f"/e:{self.app.id}{path}"

    @property
    def return_to(self) -> str:
        """Where the app wants the browser back: exactly one of its own addresses, or nowhere.

        Raises: redirect_not_allowed.
        """
        own = {self.app.policy.redirect_url, *self.app.policy.redirect_allow}
        asked = self.form.get("return_to") or self.call.query_value("return_to")
        if asked and asked not in own:
            raise refuse(Code.REDIRECT_NOT_ALLOWED)
        remembered = self.state.get("return_to", "")
        return asked or (remembered if remembered in own else "")

    def onward_href(self, path: str) -> str:
        """A page of this app that leads to the same end."""
        return self.href(path) + (f"?{urlencode({'return_to': self.return_to})}" if self.return_to else "")

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
        if not self._is_from_here():
            raise refuse(Code.CSRF_MISMATCH, "sent from another site")
        body = await self.call.body(FORM_LIMIT_BYTES)
        if self.call.media_type != "application/x-www-form-urlencoded":
            raise refuse(Code.CONTENT_TYPE_INVALID)
        try:
            pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
        except ValueError as error:
            raise refuse(Code.BODY_INVALID, "too many fields") from error
        self.form = dict(pairs)

    def _is_from_here(self) -> bool:
        """By Fetch Metadata; from browsers without it by Origin; what sends neither is no browser."""
        site = self.call.header("sec-fetch-site")
        if site:
            return site in {"same-origin", "none"}
        origin = self.call.header("origin")
        return not origin or urlsplit(origin).netloc == self.call.header("host")

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
        return page_of(flow, targets)

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

    def begin(self) -> None:
        """Give a new browser its flow, so that its forms can be told from forged ones."""
        if not self.flow_token:
            token = self.house.attempts.new_token(self.app)
            self.keep("flow", token)
            self.flow_token = token.reveal()
        self.begin_device()

    def begin_device(self) -> None:
        """Name the device of a new browser, for the session it may be about to open."""
        if not self.origin.device_id:
            self._new_device = self.house.devices.new(self.app)
            self.origin = replace(self.origin, device_id=self._new_device[0].id)

    async def come_in(self, opened: Opened) -> None:
        """Give the browser its session, and remember the device."""
        if self._new_device is not None:
            device, token = self._new_device
            await self.house.devices.add(self.app, device)
            self.keep("device", token, DEVICE_LIFE_S)
        life_ms = opened.session.absolute_expires_at_ms - opened.session.created_at_ms
        self.keep("", opened.token, life_ms // 1000)
        self.drop("flow")


def page_of(flow: Flow, form_targets: Iterable[str] = ()) -> Response:
    """A flow as an answer; one that says how long to wait says it to programs too."""
    headers = page_headers(form_targets)
    waits_s = [each.params["wait"] for each in (*flow.messages, *flow.lead) if "wait" in each.params]
    if flow.status in {429, 503} and waits_s:
        headers["Retry-After"] = str(waits_s[0])
    return HTMLResponse(render_flow(flow), flow.status, headers=headers)


def _web_url(url: str) -> str:
    """A place a person can be sent back to by hand."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/" if parts.scheme in {"http", "https"} else ""
