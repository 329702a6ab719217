"""Data to HTML: every page goes through the environment of this module."""

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from vestibule.web import texts
from vestibule.web.assets import asset
from vestibule.web.desk import Inbox, InboxMessage, OperatorPage, iso
from vestibule.web.flow import Flow, Message
from vestibule.web.texts import Param, Piece

TEMPLATES = Path(__file__).parent / "templates"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def render_flow(flow: Flow) -> str:
    """A page of the way in; `flows/<kind>.html` is taken before the general template where it exists."""
    template = environment().select_template([f"flows/{flow.kind}.html", "flows/flow.html"])
    return template.render(flow=flow, frame=flow.frame)


def render_inbox(inbox: Inbox) -> str:
    """The list of all messages."""
    return environment().get_template("desk/inbox.html").render(inbox=inbox)


def render_inbox_message(message: InboxMessage) -> str:
    """One message, with the mail itself in a frame (headers: `INBOX_MESSAGE`)."""
    return environment().get_template("desk/message.html").render(message=message)


def render_operator(page: OperatorPage) -> str:
    """The first page of a new operator."""
    return environment().get_template("desk/operator.html").render(page=page)


@cache
def environment(*overrides: Path) -> Environment:
    """The templates, a file of an earlier folder hiding ours of the same name."""
    found = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*overrides, TEMPLATES)]),
        autoescape=select_autoescape(("html",), default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals |= {"asset": asset, "say": say, "plain": plain}
    found.filters |= {"words": words, "initial": initial, "direction": direction, "href": href}
    return found


def words(message: Message) -> Markup:
    """The sentence of a message with its parameters marked up, each escaped."""
    return Markup().join(_marked(piece) for piece in texts.pieces(message.id, message.params))


def say(message_id: str, **params: Param) -> Markup:
    """As `words`, for the sentences that a template names itself."""
    return words(Message(message_id, params))


def plain(message_id: str, **params: Param) -> str:
    """As `say` without mark-up: for titles and attributes."""
    return texts.plain(message_id, params)


def initial(name: str) -> str:
    """The letter on an app's door."""
    return next((letter for letter in name if letter.isalnum()), "·").upper()


def direction(lang: str) -> str:
    """Which way the language is written."""
    return "rtl" if lang.partition("-")[0] in RIGHT_TO_LEFT else "ltr"


def href(url: str) -> str:
    """The URL, unless following it would run it."""
    # Browsers skip control characters and blanks inside a scheme, so we do before looking.
    scheme = urlsplit("".join(sign for sign in url if sign > " ")).scheme.lower()
    return "" if scheme in {"javascript", "data", "vbscript", "blob"} else url


def _marked(piece: Piece) -> Markup:
    match piece.how:
        case "strong":
            return Markup("<strong>{}</strong>").format(piece.text)
        case "time" | "moment":
            # The server knows no time zone; the script writes the reader's own in its place.
            mark = Markup('<time datetime="{}" data-show="{}">{}</time>')
            return mark.format(iso(int(piece.value)), piece.how, piece.text)
        case _:
            return escape(piece.text)
