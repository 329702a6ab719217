"""What the tokens slice asks of storage, and of the maker of keys."""

from __future__ import annotations

from typing import Protocol

from vestibule.core.tokens.model import KeyState, RefreshToken, SigningKey
from vestibule.kernel.ids import SessionId, UserId
from vestibule.kernel.secret import Secret


class SigningKeys(Protocol):
    """Rows of signing keys; an app has one `next` and one `current` of an algorithm."""

    async def add(self, key: SigningKey) -> bool:
        """Write it; False when there is one of its algorithm in that state. Atomic: exactly one caller gets True."""
        ...

    async def list(self) -> list[SigningKey]:
        """Every key that is not dropped yet, newest first."""
        ...

    async def change_state(self, key_id: str, before: KeyState, after: KeyState, now_ms: int) -> bool:
        """Move it on; a retired one remembers when. Atomic: exactly one caller gets True."""
        ...

    async def remove(self, key_id: str) -> bool:
        """Forget it: nothing it signed is valid any more. Atomic: exactly one caller gets True."""
        ...

    async def reseal(self, key_id: str, before: str, after: str) -> bool:
        """Replace the sealed text if it is still `before`."""
        ...


class RefreshTokens(Protocol):
    """Rows of refresh tokens; a family has one newest."""

    async def add(self, token: RefreshToken) -> None:
        """Write it; the one before must have been superseded."""
        ...

    async def find(self, session_id: SessionId, generation: int) -> RefreshToken | None:
        """One generation; None too when it was superseded so long ago that its row is gone."""
        ...

    async def newest(self, session_id: SessionId) -> RefreshToken | None:
        """The one that has not been superseded."""
        ...

    async def supersede(self, session_id: SessionId, generation: int, now_ms: int) -> bool:
        """Spend the newest. Atomic: of concurrent callers exactly one gets True."""
        ...

    async def erase_all(self, user_id: UserId) -> None:
        """Forget the clients that a user's tokens were issued to; the tokens stay what they were."""
        ...


class DpopProofs(Protocol):
    """Proofs of possession that have been seen."""

    async def add(self, thumbprint: str, jti_digest: str, expires_at_ms: int) -> bool:
        """Remember it; False when it was here before. Atomic: exactly one caller gets True."""
        ...


class Notices(Protocol):
    """What a person could not be told by mail, for the next sign-in."""

    async def add(self, notice_id: str, user_id: UserId, kind: str, now_ms: int) -> None:
        """Write it."""
        ...

    async def take(self, user_id: UserId, now_ms: int) -> list[str]:
        """The kinds of what has not been told yet, oldest first; told from now on. Atomic: one caller gets them."""
        ...

    async def erase_all(self, user_id: UserId) -> None:
        """Delete what a user has not been told."""
        ...


class Key(Protocol):
    """A key that is ready for use."""

    @property
    def algorithm(self) -> str:
        """The one algorithm it may be used with."""
        ...

    def public_jwk(self) -> dict[str, object] | None:
        """The public part without `kid`; None for a shared secret."""
        ...

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of the public part. Source: RFC 7638."""
        ...

    def sign(self, header: dict[str, object], claims: dict[str, object]) -> str:
        """A compact JWS; `alg` is put in by the key."""
        ...

    def verify(self, text: str) -> bool:
        """Whether the key signed a compact JWS with its own algorithm."""
        ...


class KeyMaker(Protocol):
    """Makes and reads keys; never inside a transaction."""

    async def generate(self, algorithm: str) -> tuple[Key, Secret[str]]:
        """A new key and the text of its private part."""
        ...

    def load(self, algorithm: str, private: Secret[str]) -> Key:
        """The key of a private text: ours, a PEM or JWK of somebody else's, or a shared secret.

        Raises ValueError with a sentence for people, when it is none, weak, or for another algorithm.
        """
        ...

    def load_verifying(self, algorithm: str, public: str) -> Key:
        """A key that only verifies, from a PEM or the JSON of a JWK. Raises ValueError with a sentence for people."""
        ...

    def load_public(self, algorithm: str, jwk: dict[str, object]) -> Key:
        """A key that only verifies: of a DPoP proof. Raises ValueError."""
        ...
