"""JSON or a page: what a client accepts, read as Django REST framework reads it."""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.gate import Call
from vestibule.kernel.errors import Code, refuse

_MOST_INDENT = 8
_MOST_RANGES = 100


@dataclass(frozen=True, slots=True)
class Rendering:
    """How an answer is written down."""

    media_type: str
    format: str
    """Its name in `?format=`."""
    indent: int = 0

    @property
    def is_page(self) -> bool:
        """Whether people read it."""
        return self.format == "api"


JSON = Rendering("application/json", "json")
PAGE = Rendering("text/html", "api")
RENDERINGS = (JSON, PAGE)


@dataclass(frozen=True, slots=True)
class _Range:
    """One part of an Accept header. Its `q` counts for nothing, as in the model."""

    main: str
    sub: str
    parameters: dict[str, str]

    @property
    def precision(self) -> int:
        if self.main == "*":
            return 0
        if self.sub == "*":
            return 1
        return 3 if self.parameters.keys() - {"q"} else 2

    def holds(self, media_type: str) -> bool:
        main, _, sub = media_type.partition("/")
        return self.main in {"*", main} and self.sub in {"*", sub}


def negotiate(call: Call) -> Rendering | None:
    """The rendering of an answer; None when the client accepts none of ours.

    Raises: not_found (there is no such `format`).
    """
    wanted = call.query_value("format")
    offered = [each for each in RENDERINGS if not wanted or each.format == wanted]
    if not offered:
        raise refuse(Code.NOT_FOUND, "no such format")
    accept = call.request.headers.get("accept", "*/*")
    ranges = [_read(part) for part in accept.split(",")[:_MOST_RANGES]]
    for precision in (3, 2, 1, 0):
        for rendering in offered:
            for each in ranges:
                if each.precision == precision and each.holds(rendering.media_type):
                    return Rendering(rendering.media_type, rendering.format, _indent(each))
    return None


def _read(part: str) -> _Range:
    kind, *rest = (piece.strip() for piece in part.split(";"))
    main, _, sub = kind.lower().partition("/")
    named = (piece.partition("=") for piece in rest if piece)
    return _Range(main, sub, {name.strip().lower(): value.strip() for name, _, value in named})


def _indent(accepted: _Range) -> int:
    text = accepted.parameters.get("indent", "")
    return min(int(text), _MOST_INDENT) if text.isdecimal() and text.isascii() and len(text) < 4 else 0
