"""The endpoints: which handler answers which path, and what `OPTIONS` says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from vestibule.core.apps.model import App
from vestibule.core.house import House
from vestibule.core.sessions.sessions import Current
from vestibule.core.tokens.claims import shown_id
from vestibule.core.tokens.dpop import Presenter
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret
from vestibule.protocols.simplejwt.errors import AT_SIGN_IN, AT_TOKEN, AT_VERIFY, Words
from vestibule.protocols.simplejwt.negotiation import RENDERINGS
from vestibule.protocols.simplejwt.wire import PARSED, Field, first_pair_of, next_pair_of, profile_of, sliding_of


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that has come as far as its endpoint."""

    house: House
    app: App
    origin: Origin
    presenter: Presenter
    current: Current | None
    """Whose token came in the header, where the endpoint reads one."""
    sent: dict[str, str]


Handler = Callable[[Visit], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint."""

    name: str
    description: str
    handle: Handler
    fields: tuple[Field, ...] = ()
    """What a POST takes; an endpoint without is read by GET."""
    needs_user: bool = False
    said: Mapping[Code, Words] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The one method beside OPTIONS."""
        return "POST" if self.fields else "GET"

    @property
    def allow(self) -> str:
        """The `Allow` header, in the order of the model's two sorts of views."""
        return "POST, OPTIONS" if self.fields else "OPTIONS, GET"

    @property
    def reads_header(self) -> bool:
        """Whether a token in the header is looked at; where credentials come in the body it is not."""
        return not self.fields

    def describe(self) -> dict[str, object]:
        """The body of an answer to OPTIONS."""
        told: dict[str, object] = {
            "name": self.name,
            "description": self.description,
            "renders": [each.media_type for each in RENDERINGS],
            "parses": list(PARSED),
        }
        actions = {"POST": {each.name: _described(each) for each in self.fields}}
        return told | ({"actions": actions} if self.fields else {})


def _described(field_: Field) -> dict[str, object]:
    return {
        "type": "string",
        "required": not field_.is_answer,
        "read_only": field_.is_answer,
        "label": field_.name.capitalize(),
    }


async def _routes(_: Visit) -> object:
    return [path for path in ROUTES if path != INDEX]


async def _obtain(visit: Visit) -> object:
    name, password = visit.sent["username"], Secret(visit.sent["password"])
    families = visit.house.families
    return first_pair_of(await families.sign_in(visit.app, name, password, visit.presenter, visit.origin))


async def _refresh(visit: Visit) -> object:
    families = visit.house.families
    return next_pair_of(await families.refresh(visit.app, visit.sent["refresh"], visit.presenter, visit.origin))


async def _verify(visit: Visit) -> object:
    await visit.house.families.verify(visit.app, visit.sent["token"], visit.presenter)
    return {}


async def _blacklist(visit: Visit) -> object:
    await visit.house.families.revoke(visit.app, visit.sent["refresh"], visit.presenter, visit.origin)
    return {}


async def _obtain_sliding(visit: Visit) -> object:
    name, password = visit.sent["username"], Secret(visit.sent["password"])
    return sliding_of(await visit.house.families.sign_in_sliding(visit.app, name, password, visit.origin))


async def _refresh_sliding(visit: Visit) -> object:
    return {"token": await visit.house.families.refresh_sliding(visit.app, visit.sent["token"])}


async def _profile(visit: Visit) -> object:
    if visit.current is None:
        raise refuse(Code.SESSION_MISSING)
    person = visit.current.person
    return profile_of(person, await shown_id(visit.house.store.reading(visit.app.id), visit.app, person))


INDEX = "/api/"
_CREDENTIALS = (Field("username"), Field("password", is_secret=True))
_REFRESH, _TOKEN = Field("refresh"), Field("token")

ROUTES: dict[str, Route] = {
    INDEX: Route("Routes", "", _routes),
    "/api/token/": Route(
        "Token Obtain Pair", "Sign in: an access token and a refresh token.", _obtain, _CREDENTIALS, said=AT_SIGN_IN
    ),
    "/api/token/refresh/": Route(
        "Token Refresh",
        "A new pair for a refresh token.",
        _refresh,
        (_REFRESH, Field("access", is_answer=True)),
        said=AT_TOKEN,
    ),
    "/api/token/verify/": Route(
        "Token Verify", "Whether a token of any type would be taken now.", _verify, (_TOKEN,), said=AT_VERIFY
    ),
    "/api/token/blacklist/": Route(
        "Token Blacklist",
        "Sign out: the session of a refresh token ends, with every token of it.",
        _blacklist,
        (_REFRESH,),
        said=AT_TOKEN,
    ),
    "/api/token/sliding/": Route(
        "Token Obtain Sliding",
        "Sign in: one token that is its own refresh token.",
        _obtain_sliding,
        _CREDENTIALS,
        said=AT_SIGN_IN,
    ),
    "/api/token/sliding/refresh/": Route(
        "Token Refresh Sliding",
        "A sliding token with a new end, while its refresh period lasts.",
        _refresh_sliding,
        (_TOKEN,),
        said=AT_TOKEN,
    ),
    "/api/profile/": Route("Profile", "", _profile, needs_user=True),
}
