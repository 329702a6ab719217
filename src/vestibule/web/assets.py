"""Static files under names that carry their content's hash, so that browsers may keep them for ever."""

from functools import cache
from hashlib import sha256
from pathlib import Path

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def asset(name: str) -> str:
    """The URL of a file: `vestibule.css` -> `/static/vestibule.<hash>.css`."""
    return f"/static/{_urls()[name]}"


def lookup(url_name: str) -> tuple[bytes, str] | None:
    """The bytes and content type behind the last part of such a URL; nothing else is ever found."""
    return _bodies().get(url_name)


@cache
def _urls() -> dict[str, str]:
    return {path.name: _hashed(path) for path in STATIC.iterdir() if path.suffix in TYPES}


@cache
def _bodies() -> dict[str, tuple[bytes, str]]:
    return {url: ((STATIC / name).read_bytes(), TYPES[Path(name).suffix]) for name, url in _urls().items()}


def _hashed(path: Path) -> str:
    return f"{path.stem}.{sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}"
