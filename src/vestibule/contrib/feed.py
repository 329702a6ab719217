"""The revocation feed: who may not be trusted any more although the tokens are still alive.

A frame of the feed is a signed list of what changed. Ids stand in it as HMACs under the API key, so that it tells
nothing to anybody else. What follows from a frame is a pure function, `merge`; `revocations.py` fetches the frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from vestibule.kernel.pseudonym import pseudonym

FRAME_SKEW_S = 60


@dataclass(frozen=True, slots=True)
class Frame:
    """One signed word of the issuer."""

    signed_at: float
    epoch: str
    cursor: int
    is_snapshot: bool
    """Everything there is: what was known before is forgotten."""
    window: float
    """Seconds that an entry matters: as long as the longest token that it is about."""
    entries: tuple[Entry, ...]
    has_more: bool = False
    """It was cut, and the next one goes on: until then not all is known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One session or user, and what happened to it. Whose it is says the HMAC alone."""

    at: float
    session: str = ""
    user: str = ""
    roles: tuple[str, ...] | None = None
    """Roles from now on; None: the user is banned or gone."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that the frames so far amount to; replaced, never changed, so that threads read it without a lock."""

    epoch: str
    cursor: int
    signed_at: float
    sessions: Mapping[str, float]
    users: Mapping[str, float]
    roles: Mapping[str, tuple[float, tuple[str, ...]]]

    @property
    def position(self) -> str:
        """Where the next frame has to go on."""
        return f"{self.epoch}-{self.cursor}"


def read_frame(claims: Mapping[str, object], issuer: str, api_key: str, now: float) -> Frame | None:
    """The frame in verified claims; None when it is for somebody else, not of this hour, or not understood."""
    signed_at, window, cursor = claims.get("iat"), claims.get("window"), claims.get("cursor")
    epoch, is_snapshot, listed = claims.get("epoch"), claims.get("snapshot"), claims.get("entries")
    if claims.get("iss") != issuer or claims.get("reader") != pseudonym(api_key, "reader"):
        return None
    if not is_number(signed_at) or not is_number(window) or window < 0:
        return None
    if not isinstance(epoch, str) or not is_number(cursor) or not isinstance(is_snapshot, bool):
        return None
    if abs(signed_at - now) > FRAME_SKEW_S or not isinstance(listed, list):
        return None
    entries = tuple(_read_entry(item) for item in listed)
    whole = tuple(entry for entry in entries if entry is not None)
    if len(whole) < len(entries):
        return None
    return Frame(signed_at, epoch, int(cursor), is_snapshot, window, whole, has_more=claims.get("more") is True)


def merge(known: Known | None, frame: Frame, now: float, leeway: float) -> Known | None:
    """What is known after a frame; None when it does not follow from what is known, and a snapshot must be fetched.

    A snapshot that is older than what is known says nothing: somebody between here and the issuer repeats it.
    """
    if frame.is_snapshot:
        if known is not None and _is_older(frame, known):
            return None
        known = Known(frame.epoch, frame.cursor, frame.signed_at, {}, {}, {})
    elif known is None or frame.epoch != known.epoch or frame.cursor < known.cursor:
        return None
    since = now - frame.window - leeway
    sessions = _latest(since, known.sessions.items(), ((e.session, e.at) for e in frame.entries if e.session))
    users = _latest(since, known.users.items(), ((e.user, e.at) for e in frame.entries if e.user and e.roles is None))
    roles = {user: given for user, given in known.roles.items() if given[0] >= since}
    for entry in frame.entries:  # they come in order: the last counts, whatever its clock says
        if entry.roles is not None and entry.at >= since:
            roles[entry.user] = (max(entry.at, roles.get(entry.user, (since,))[0]), entry.roles)
    signed_at = max(known.signed_at, frame.signed_at)
    return Known(frame.epoch, frame.cursor, signed_at, sessions, users, roles)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_older(frame: Frame, known: Known) -> bool:
    """A snapshot that was cut ends where its first piece does, before what was known: then its time alone tells."""
    if frame.signed_at != known.signed_at or frame.epoch != known.epoch or frame.has_more:
        return frame.signed_at < known.signed_at
    return frame.cursor < known.cursor


def _latest(since: float, *tables: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Each name with its latest instant, without those that lie too far back."""
    found: dict[str, float] = {}
    for table in tables:
        found.update((name, max(at, found.get(name, at))) for name, at in table if at >= since)
    return found


def _read_entry(item: object) -> Entry | None:
    match item:
        case {"at": int() | float() as at, "session": str() as session}:
            return Entry(at, session=session)
        case {"at": int() | float() as at, "user": str() as user, "roles": list() as roles}:
            return Entry(at, user=user, roles=tuple(map(str, roles)))
        case {"at": int() | float() as at, "user": str() as user}:
            return Entry(at, user=user)
        case {"at": int() | float() as at}:
            return Entry(at)  # a kind that came after this reader was written
    return None
