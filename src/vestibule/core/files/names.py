"""Names and types of files as others gave them, made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from vestibule.kernel.entropy import Entropy
from vestibule.kernel.errors import Code, refuse

MAX_NAME = 255
NUMBERED = 9
"""Tries with a number before one with random letters: nobody counts to the thousandth upload of one name."""
UNKNOWN_TYPE = "application/octet-stream"
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
"""Pictures, which are cleaned on the way in."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
_LONGEST_ENDING = 20
_TOKEN = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}"
_TYPE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})\s*(?:;\s*charset=\"?([a-z0-9_-]{{1,40}})\"?\s*)?(?:;[ -~]*)?")


def clean_name(text: str) -> str:
    """A name that names one file, reads as it is written, and fits. It never reaches a file system.

    Raises: field_required, field_invalid.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise refuse(Code.FIELD_REQUIRED, field="fileName")
    if len(name) > MAX_NAME or name in {".", ".."} or any(map(_is_unfit, name)):
        raise refuse(Code.FIELD_INVALID, field="fileName")
    return name


def _is_unfit(sign: str) -> bool:
    """Slashes, controls, and what turns or hides its neighbours (`exe.gpj`); joiners are part of scripts."""
    return sign in "/\\" or (unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS)


def alike(name: str, entropy: Entropy) -> Iterator[str]:
    """The name, then names like it without end: `cat.png`, `cat-1.png` … `cat-9.png`, `cat-5f0c91d2.png`."""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    yield name
    for number in range(1, NUMBERED + 1):
        yield _suffixed(stem, str(number), dot + ending)
    while True:
        yield _suffixed(stem, entropy.token_bytes(4).hex(), dot + ending)


def _suffixed(stem: str, suffix: str, ending: str) -> str:
    return f"{stem[: MAX_NAME - len(suffix) - len(ending) - 1]}-{suffix}{ending}"


def type_of(declared: str) -> str:
    """A MIME type with at most its charset; what cannot be read is octets."""
    match = _TYPE.fullmatch(declared.lower())
    if match is None:
        return UNKNOWN_TYPE
    mime_type = "image/jpeg" if match[1] == "image/jpg" else match[1]
    return f"{mime_type}; charset={match[2]}" if match[2] and mime_type not in IMAGE_TYPES else mime_type
