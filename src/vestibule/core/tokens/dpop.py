"""Proofs of possession: a refresh family that is bound to a key of its client.

Source: RFC 9449.
"""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.store import Tx
from vestibule.core.tokens.model import SHARED
from vestibule.core.tokens.ports import KeyMaker
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.entropy import fingerprint
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.jwt import Jwt, read_jwt
from vestibule.kernel.keys import KeyRing

FRESH_S = 60
"""How far the time of a proof may be from ours, in either direction."""
BOUND = "jkt:"


@dataclass(frozen=True, slots=True)
class Presenter:
    """Who presents a token."""

    user_agent: str
    proof: str = ""
    """The `DPoP` header."""
    method: str = "POST"
    url: str = ""
    """Where it was sent, without query: our own address, never what the request says of itself."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who presented a token."""

    name: str
    """`ua:` and a digest of the user agent, or `jkt:` and the thumbprint of the key that was proven."""
    proof: str = ""
    """The digest of the proof, which works once."""

    async def spend_proof(self, tx: Tx, now_ms: int) -> None:
        """Use the proof up, in the transaction of what it proves.

        Raises: proof_invalid (seen before).
        """
        seen_until_ms = now_ms + 2 * FRESH_S * SECOND_MS + SECOND_MS  # its time is told in whole seconds
        if self.proof and not await tx.dpop_proofs.add(self.name.removeprefix(BOUND), self.proof, seen_until_ms):
            raise refuse(Code.PROOF_INVALID, "seen before")


@dataclass(frozen=True, slots=True)
class Clients:
    """Tells one client from another; writes nothing down, for anybody may ask."""

    clock: Clock
    ring: KeyRing
    maker: KeyMaker

    def identify(self, app: App, presenter: Presenter) -> Client:
        """The client: by its key if it proves one, else by its user agent.

        Raises: proof_invalid (malformed, of another request, or too old).
        """
        if not presenter.proof:
            mac = self.ring.mac(app.id, "token.client", presenter.user_agent, self.ring.lookup)
            return Client(f"ua:{mac.hex()[:32]}")
        jwt = read_jwt(presenter.proof)
        if jwt is None or not self._fits(jwt, presenter):
            raise refuse(Code.PROOF_INVALID, "malformed, of another request, or too old")
        algorithm, jwk = jwt.header["alg"], jwt.header.get("jwk")
        if not isinstance(jwk, dict):
            raise refuse(Code.PROOF_INVALID, "without a public key")
        try:
            key = self.maker.load_public(str(algorithm), jwk)
        except ValueError as error:
            raise refuse(Code.PROOF_INVALID, "its key is of no use") from error
        if not key.verify(jwt.text):
            raise refuse(Code.PROOF_INVALID, "its key did not sign it")
        return Client(f"{BOUND}{key.thumbprint()}", fingerprint(str(jwt.claims["jti"])))

    def _fits(self, jwt: Jwt, presenter: Presenter) -> bool:
        header, claims = jwt.header, jwt.claims
        made_at_s, jti = claims.get("iat"), claims.get("jti")
        now_s = self.clock.now_ms() // SECOND_MS
        return (
            header.get("typ") == "dpop+jwt"
            and isinstance(header.get("alg"), str)
            and header["alg"] not in SHARED
            and isinstance(jti, str)
            and jti != ""
            and type(made_at_s) is int
            and abs(now_s - made_at_s) <= FRESH_S
            and claims.get("htm") == presenter.method
            and _bare(claims.get("htu")) == presenter.url
        )


def _bare(url: object) -> str:
    """A URL without query and fragment. Source: RFC 9449 section 4.3, item 9."""
    return url.partition("#")[0].partition("?")[0] if isinstance(url, str) else ""
