"""What a page says and asks, as data: Jinja2 renders it for browsers, `to_json` hands it to components."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import ClassVar, Literal

from vestibule.web import texts
from vestibule.web.texts import Param

Tone = Literal["plain", "info", "success", "warning", "danger"]
Style = Literal["primary", "secondary", "quiet"]
Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence by its id; `texts.py` holds the words."""

    id: str
    params: Mapping[str, Param] = field(default_factory=dict)
    tone: Tone = "plain"

    @property
    def text(self) -> str:
        return texts.plain(self.id, self.params)


@dataclass(frozen=True, slots=True)
class Field:
    """One input with its label; `name` doubles as the id, because password managers key on both."""

    kind: ClassVar[str] = "field"
    name: str
    label: Message
    type: str = "text"
    value: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)  # autocomplete, inputmode, minlength, …
    required: bool = True
    readonly: bool = False
    autofocus: bool = False
    hint: Message | None = None
    hint_id: str = ""
    meter: bool = False  # a line of text about the strength of a new password
    error: Message | None = None

    @property
    def described_by(self) -> str:
        """Ids of the texts that belong to the input, the error first."""
        ids = (
            f"{self.name}-error" if self.error else "",
            self.hint_id if self.hint else "",
            "pw-meter" if self.meter else "",
        )
        return " ".join(filter(None, ids))


@dataclass(frozen=True, slots=True)
class Button:
    """Submits the form with `do`, so that one form can offer several actions without a script."""

    kind: ClassVar[str] = "button"
    do: str
    label: Message
    style: Style = "primary"
    busy: Message | None = None  # what the button says while the form is under way
    skips_checks: bool = False  # does not need the required fields (formnovalidate)


@dataclass(frozen=True, slots=True)
class Link:
    """Leads elsewhere; `before` are the words in front of it ("New here?")."""

    kind: ClassVar[str] = "link"
    href: str
    label: Message
    style: Style = "quiet"
    before: Message | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and its value."""

    label: Message
    value: Message


@dataclass(frozen=True, slots=True)
class Facts:
    """A short list of names and values."""

    kind: ClassVar[str] = "facts"
    rows: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Something to copy, such as the reference of an error."""

    kind: ClassVar[str] = "code"
    id: str
    label: Message
    value: str


@dataclass(frozen=True, slots=True)
class Note:
    """A quiet sentence between the other nodes."""

    kind: ClassVar[str] = "note"
    message: Message


@dataclass(frozen=True, slots=True)
class Divider:
    """A line between two ways to do the same, with a word in it."""

    kind: ClassVar[str] = "divider"
    label: Message


Node = Field | Button | Link | Facts | Code | Note | Divider


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page of an app; the handler knows it, whatever the page is."""

    app_name: str
    action: str = ""  # where the form posts to
    csrf: str = ""
    flow_id: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)  # further hidden fields, such as a link's key
    home_href: str = ""  # "Back to {app}"
    inbox_href: str = ""  # development only: shows the ribbon
    links: tuple[Link, ...] = ()  # privacy, terms, help: always in this order
    password_least: int = 8  # characters; the app's policy, so that page and server say the same
    password_most: int = 256
    lang: str = "en"
    theme: Literal["", "light", "dark"] = ""  # empty: as the system says


@dataclass(frozen=True, slots=True)
class Flow:
    """One page: at most one form, its messages, and the ways on."""

    frame: Frame
    kind: str
    heading: Message
    state: str = "initial"
    title: Message | None = None  # of the window; the heading when there is no shorter one
    lead: tuple[Message, ...] = ()
    messages: tuple[Message, ...] = ()  # about the page as a whole; a field's own error sits in the field
    nodes: tuple[Node, ...] = ()
    foot: tuple[Link, ...] = ()
    status: int = 200

    @property
    def errors(self) -> tuple[Field, ...]:
        """The fields that need another look."""
        return tuple(node for node in self.nodes if isinstance(node, Field) and node.error)

    @property
    def failed(self) -> bool:
        return bool(self.errors) or any(message.tone == "danger" for message in self.messages)

    @property
    def has_form(self) -> bool:
        return any(isinstance(node, Button) for node in self.nodes)


def to_json(part: object) -> Json:
    """A flow (or any part of one) for `json.dumps`: nodes carry their kind, messages their words."""
    if part is None or isinstance(part, str | int):
        return part
    if isinstance(part, tuple):
        return [to_json(item) for item in part]
    if isinstance(part, Mapping):
        return {str(key): to_json(item) for key, item in part.items()}
    if is_dataclass(part):
        found: dict[str, Json] = {"kind": part.kind} if hasattr(part, "kind") else {}
        found |= {each.name: to_json(getattr(part, each.name)) for each in fields(part)}
        return found | ({"text": part.text} if isinstance(part, Message) else {})
    raise TypeError(type(part).__name__)
