"""The reader of the revocation feed: one thread for each process that verifies tokens."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from types import MappingProxyType

from vestibule.contrib.config import Config
from vestibule.contrib.feed import Known, merge, read_frame
from vestibule.contrib.issuer import FAILURES, IssuerError, Keys, WouldWaitError, ask, body_of, connect
from vestibule.kernel.jwt import read_jwt

FRAME_BYTES = 4 * 1024 * 1024
"""The issuer cuts frames long before."""
PATH = "/.well-known/revocations"
SILENCE_S = 7.0
"""A stream that was silent for longer is dead: the issuer speaks every 5 seconds."""
POLLS = 120
"""How often to poll before the stream is tried again."""
RETRY_LIMIT_S = 4.0
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

log = logging.getLogger("vestibule.contrib")


class Revocations:
    """What the feed told so far. The thread starts with the first question."""

    def __init__(self, config: Config, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        self._known: Known | None = None
        self._draft: Known | None = None
        """What is known and the frames of which the last was cut: not yet to be acted upon."""
        self._is_cut = False
        self._heard_at = float("-inf")
        self._must_begin_anew = False
        self._complaint = ""
        """The last trouble, so that it is logged once."""
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: HTTPConnection | None = None

    def ask(self, *, patient: bool = True) -> tuple[Known | None, bool]:
        """What is known, and whether it is fresh enough. Raises WouldWaitError when it would have to wait."""
        if not self._tried.is_set():
            self._start()
            if not patient:
                raise WouldWaitError
            self._tried.wait(self._config.first_wait)
        return self._known, self._config.ticks() - self._heard_at <= self._config.max_staleness

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("the connection was closed already")
        if self._thread is not None:
            self._thread.join(SILENCE_S)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vestibule-revocations", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._config.feed == "poll" or not self._stream():
                    self._poll()
            except Exception:
                log.exception("the reader of the revocation feed failed, and goes on")
            self._stop.wait(self._config.poll_interval)

    def _stream(self) -> bool:
        """Read events until they end; whether there was a good one."""
        heard = False
        try:
            with (
                closing(self._connect()) as connection,
                self._answer(connection, "text/event-stream") as answer,
            ):
                if answer.status == 200 and answer.headers.get_content_type() == "text/event-stream":
                    for frame in events(answer, FRAME_BYTES):
                        if not self._take(frame):
                            break  # whatever it hid is fetched again, from the last good position
                        heard = True
        except FAILURES as error:
            self._complain(error)
        return heard or self._must_begin_anew

    def _poll(self) -> None:
        pause = self._config.poll_interval
        with closing(self._connect()) as connection:
            for _ in range(POLLS):
                try:
                    is_good = self._poll_once(connection)
                except FAILURES as error:
                    connection.close()
                    is_good = False
                    self._complain(error)
                if is_good and self._is_cut:
                    continue  # the rest is there already
                self._tried.set()
                pause = self._config.poll_interval if is_good else min(2 * pause, RETRY_LIMIT_S)
                if self._stop.wait(pause):
                    return

    def _poll_once(self, connection: HTTPConnection) -> bool:
        """Ask once. That nothing changed (304) is not signed, so a signed answer is asked for in time."""
        is_young = self._config.ticks() - self._heard_at < self._config.max_staleness / 3
        position = self._position() if is_young else ""
        headers = {"If-None-Match": f'"{position}"'} if position else NO_HEADERS
        with self._answer(connection, "application/jwt", headers) as answer:
            body = body_of(answer, self._config, FRAME_BYTES)
        if answer.status == 304:
            return True
        if answer.status != 200:
            raise IssuerError(f"status {answer.status}")
        return self._take(body.decode())

    def _connect(self) -> HTTPConnection:
        self._connection = connect(self._config, SILENCE_S)
        return self._connection

    def _answer(self, connection: HTTPConnection, accept: str, headers: Mapping[str, str] = NO_HEADERS) -> HTTPResponse:
        position = self._position()
        since = f"?since={position}" if position else ""
        asked = {"Authorization": self._config.api_key, "Accept": accept, **headers}
        return ask(connection, self._config, f"{PATH}{since}", asked)

    def _take(self, text: str) -> bool:
        """Learn from a frame. False: it is not the issuer's, or does not follow from what is known."""
        jwt = read_jwt(text, FRAME_BYTES)
        if jwt is None or jwt.header.get("typ") != "revocations+jwt" or not self._keys.is_signed(jwt):
            log.warning("ignored a frame that the issuer did not sign")
            return False
        now = self._config.now()
        frame = read_frame(jwt.claims, self._config.iss, self._config.api_key, now)
        if frame is None:
            log.warning("ignored a frame that is for another app, key or hour, or not understood")
            return False
        draft = merge(self._draft, frame, now, self._config.leeway)
        self._must_begin_anew = draft is None
        if draft is None:
            return False
        self._draft, self._is_cut = draft, frame.has_more
        if not frame.has_more:
            self._publish(draft)
        return True

    def _publish(self, known: Known) -> None:
        is_news = self._known is None or known.signed_at > self._known.signed_at
        self._known = known
        if is_news:  # a frame that is repeated to us is no sign of life
            self._heard_at = self._config.ticks()
        self._complaint = ""
        self._tried.set()

    def _position(self) -> str:
        """Where the next frame has to go on; nothing for a snapshot."""
        return "" if self._draft is None or self._must_begin_anew else self._draft.position

    def _complain(self, error: Exception) -> None:
        complaint = str(error) or type(error).__name__
        if complaint != self._complaint and not self._stop.is_set():
            log.warning("no revocation feed: %s", complaint)
        self._complaint = complaint


def events(stream: HTTPResponse, limit_bytes: int) -> Iterator[str]:
    """The data of the server-sent events called `revocations`. Raises IssuerError for an endless one."""
    name, data, size = "", list[str](), 0
    while line := stream.readline(limit_bytes + 1):
        text = line.decode().rstrip("\r\n")
        size += len(line)
        if size > limit_bytes:
            raise IssuerError("the event is too long")
        field, _, value = text.partition(":")
        if field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not text:
            if data and name == "revocations":
                yield "\n".join(data)
            name, data, size = "", [], 0
