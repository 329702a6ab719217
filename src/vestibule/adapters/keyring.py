"""Master keys and what is derived from them. Implements kernel.keys.KeyRing."""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vestibule.kernel.entropy import Entropy, text_of
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret

KEY_BYTES = 32
NONCE_BYTES = 12
MAC_KEYS_KEPT = 4_096
_KEY_ID = re.compile(r"[a-z0-9]{4,16}")
_SEALED = re.compile(r"v1\.([a-z0-9]{4,16})\.([A-Za-z0-9_-]+)")


class Ring:
    """Master keys by id, the current one first; the others only open and check what they once made."""

    def __init__(self, keys: Sequence[tuple[str, bytes]], entropy: Entropy) -> None:
        self._keys = dict(keys)
        _refuse_unfit(keys)
        self._entropy = entropy
        # Sealing keys are as many as there are rows; only the keys of a mac are worth keeping.
        self._mac_key = lru_cache(MAC_KEYS_KEPT)(self._derive)

    @classmethod
    def fresh(cls, entropy: Entropy) -> Self:
        """A ring with one new key."""
        return cls([_new_key(entropy)], entropy)

    @classmethod
    def parse(cls, text: Secret[str], entropy: Entropy) -> Self:
        """Read `id:key[,id:key …]`, keys as base64url of 32 bytes. Raises ValueError that names the fault."""
        return cls([_parsed(entry) for entry in text.reveal().split(",")], entropy)

    @property
    def text(self) -> Secret[str]:
        """The ring as `parse` reads it."""
        return Secret(",".join(f"{key_id}:{text_of(key)}" for key_id, key in self._keys.items()))

    @property
    def current(self) -> str:
        """Id of the key that new values use."""
        return next(iter(self._keys))

    @property
    def lookup(self) -> str:
        """Id of the oldest key: what is found again by its digest is digested under it, through every turn."""
        return next(reversed(self._keys))

    def rotated(self) -> Self:
        """The same ring with a new key in front."""
        return type(self)([_new_key(self._entropy), *self._keys.items()], self._entropy)

    def seal(self, app_id: AppId, place: str, plain: bytes) -> str:
        """Encrypt for one place (`table.column.row`); the text opens nowhere else.

        The key is derived for that very place, so a secret part of its name (a user's data key) is a part of
        the key: once forgotten, the master key alone opens nothing.
        """
        key_id = self.current
        nonce = self._entropy.token_bytes(NONCE_BYTES)
        sealed = self._cipher(key_id, app_id, place).encrypt(nonce, plain, _bound_to(app_id, place))
        return f"v1.{key_id}.{text_of(nonce + sealed)}"

    def unseal(self, app_id: AppId, place: str, sealed: str) -> bytes:
        """The plain bytes. Raises ValueError when the text was altered, moved or its key is gone."""
        match = _SEALED.fullmatch(sealed)
        if match is None:
            raise ValueError("not a sealed value")
        raw = _exact_bytes(match[2])
        try:
            cipher = self._cipher(match[1], app_id, place)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(app_id, place))
        except InvalidTag as error:
            raise ValueError("the sealed value was altered or belongs elsewhere") from error

    def mac(self, app_id: AppId, purpose: str, message: str, key_id: str = "") -> bytes:
        """HMAC-SHA-256 under the app's sub-key of a purpose. Raises ValueError when the named key is gone."""
        key = self._mac_key("mac", key_id or self.current, app_id, purpose)
        return hmac.digest(key, message.encode(), "sha256")

    def _cipher(self, key_id: str, app_id: AppId, place: str) -> AESGCM:
        return AESGCM(self._derive("seal", key_id, app_id, place))

    def _derive(self, use: str, key_id: str, app_id: AppId, name: str) -> bytes:
        master = self._keys.get(key_id)
        if master is None:
            raise ValueError(f"no key {key_id} on the ring")
        info = f"vestibule v1 {use} ".encode() + _bound_to(app_id, name)
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(master)


def load_or_create(path: Path, entropy: Entropy) -> Ring:
    """The ring of a file, made on first use: for development. Of concurrent callers all get the same ring.

    Raises ValueError when others may read the file, or when it holds no fit keys.
    """
    if not path.exists():
        written = _written(path, Ring.fresh(entropy), entropy)
        try:
            os.link(written, path)
        except FileExistsError:
            pass  # another process was first; its ring is the one
        finally:
            written.unlink()
        _sync_folder(path)
    return load(path, entropy)


def load(path: Path, entropy: Entropy) -> Ring:
    """The ring of a file. Raises ValueError when others may read the file, or when it holds no fit keys."""
    with path.open(encoding="ascii") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ValueError(f"others may read {path}: set its mode to 600")
        return Ring.parse(Secret(file.read().strip()), entropy)


def save(path: Path, ring: Ring, entropy: Entropy) -> None:
    """Replace the ring of a file, all or nothing."""
    _written(path, ring, entropy).replace(path)
    _sync_folder(path)


def _written(path: Path, ring: Ring, entropy: Entropy) -> Path:
    """A durable file beside `path`, for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{entropy.token_bytes(6).hex()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(ring.text.reveal() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return beside


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _new_key(entropy: Entropy) -> tuple[str, bytes]:
    return f"k{entropy.token_bytes(4).hex()}", entropy.token_bytes(KEY_BYTES)


def _parsed(entry: str) -> tuple[str, bytes]:
    key_id, colon, text = entry.strip().partition(":")
    if not colon:
        raise ValueError("a key is written as id:key, several with commas between them")
    return key_id, _exact_bytes(text)


def _exact_bytes(text: str) -> bytes:
    """Base64url without padding, in its only spelling: the usual decoder skips what it does not know."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ValueError("not base64url") from error
    if text_of(raw) != text:
        raise ValueError("not base64url without padding")
    return raw


def _refuse_unfit(keys: Sequence[tuple[str, bytes]]) -> None:
    """Raise ValueError for keys that are missing, short, doubled or not random. Never shows a key."""
    if not keys:
        raise ValueError("no key")
    if len(dict(keys)) < len(keys) or len({key for _, key in keys}) < len(keys):
        raise ValueError("a key or its id stands there twice")
    for key_id, key in keys:
        if not _KEY_ID.fullmatch(key_id):
            raise ValueError("a key id has 4 to 16 of a-z and 0-9")
        if len(key) != KEY_BYTES:
            raise ValueError(f"key {key_id} has {len(key)} bytes instead of {KEY_BYTES}")
        if _is_guessable(key):
            raise ValueError(f"key {key_id} is an example or a phrase, not {KEY_BYTES} random bytes")


def _is_guessable(key: bytes) -> bool:
    """Repeated bytes, typed text or a plain series: of random keys fewer than one in 10^12 looks so."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    return len(set(key)) < 16 or len(steps) < 8 or all(0x20 <= byte < 0x7F for byte in key)


def _bound_to(app_id: AppId, name: str) -> bytes:
    """Both in one, with the length in front: no letter can move from one to the other."""
    return f"{len(app_id)} {app_id} {name}".encode()
