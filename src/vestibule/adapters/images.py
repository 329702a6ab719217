"""Pictures made anew in a limited process of their own. Implements core.files.ports.Images."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from vestibule.kernel.errors import Code, refuse

CHILD = Path(__file__).with_name("image_child.py")
AT_ONCE = 2
WAITING = 16
TIMEOUT_S = 20.0
RETRY_AFTER_S = 5

_MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


class ChildImages:
    """One process a picture, a few at once; past the queue limit it refuses at once."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING, timeout_s: float = TIMEOUT_S) -> None:
        self._turn = asyncio.Semaphore(at_once)
        self._places = at_once + waiting
        self._timeout_s = timeout_s

    async def clean(self, data: bytes, max_pixels: int) -> tuple[bytes, str] | None:
        """The picture without metadata and its MIME type; None when it is no PNG, JPEG, WebP or GIF.

        Raises: file_type_refused (broken, too large or too slow), overloaded, unavailable.
        """
        image_format = format_of(data)
        if image_format is None:
            return None
        if self._places == 0:
            raise refuse(Code.OVERLOADED, "too many pictures wait", retry_after_s=RETRY_AFTER_S)
        self._places -= 1
        try:
            async with self._turn:
                return await self._made_anew(data, image_format, max_pixels), _MIME[image_format]
        finally:
            self._places += 1

    async def _made_anew(self, data: bytes, image_format: str, max_pixels: int) -> bytes:
        child = await _start(image_format, max_pixels)
        try:
            async with asyncio.timeout(self._timeout_s):
                made, _ = await child.communicate(data)
        except TimeoutError as error:
            raise refuse(Code.FILE_TYPE_REFUSED, "the picture takes too long") from error
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode != 0:
            raise refuse(Code.FILE_TYPE_REFUSED, "the picture is broken or too large")
        return made


def format_of(data: bytes) -> str | None:
    """What the first bytes say; the name a file came with says nothing."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


async def _start(image_format: str, max_pixels: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # neither this folder nor the user's packages nor any PYTHON… variable
            str(CHILD),
            image_format,
            str(max_pixels),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={},  # whoever breaks the decoder finds no secret
        )
    except OSError as error:
        raise refuse(Code.UNAVAILABLE, "no process for pictures") from error
