"""Proofs of possession: a refresh family that is bound to a key of its client.

Source: RFC 9449.
"""

from __future__ import annotations

from dataclasses import dataclass

from vestibule.core.apps.model import App
from vestibule.core.store import Store
from vestibule.core.tokens.model import SHARED
from vestibule.core.tokens.ports import KeyMaker
from vestibule.kernel.clock import SECOND_MS, Clock
from vestibule.kernel.entropy import fingerprint
from vestibule.kernel.errors import Code, refuse
from vestibule.kernel.jwt import Jwt, read_jwt
from vestibule.kernel.keys import KeyRing

FRESH_S = 60
"""How far the time of a proof may be from ours, in either direction."""
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


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
class Clients:
    """Tells one client from another."""

    store: Store
    clock: Clock
    ring: KeyRing
    maker: KeyMaker

    async def identify(self, app: App, presenter: Presenter) -> str:
        """The name of a client: its key's thumbprint if it proves one, else a digest of its user agent.

        Raises: proof_invalid (malformed, of another request, too old, or seen before).
        """
        if not presenter.proof:
            return f"ua:{self.ring.mac(app.id, 'token.client', presenter.user_agent, self.ring.lookup).hex()[:32]}"
        jwt = read_jwt(presenter.proof)
        if jwt is None or not self._fits(jwt, presenter):
            raise refuse(Code.PROOF_INVALID, "malformed, of another request, or too old")
        algorithm, jwk = jwt.header["alg"], jwt.header.get("jwk")
        if not isinstance(jwk, dict) or PRIVATE & jwk.keys():
            raise refuse(Code.PROOF_INVALID, "without a public key")
        try:
            key = self.maker.load_public(str(algorithm), jwk)
        except ValueError as error:
            raise refuse(Code.PROOF_INVALID, "its key is of no use") from error
        if not key.verify(jwt.text):
            raise refuse(Code.PROOF_INVALID, "its key did not sign it")
        thumbprint = key.thumbprint()
        seen_until_ms = self.clock.now_ms() + 2 * FRESH_S * SECOND_MS
        async with self.store.transaction(app.id) as tx:
            is_new = await tx.dpop_proofs.add(thumbprint, fingerprint(str(jwt.claims["jti"])), seen_until_ms)
        if not is_new:
            raise refuse(Code.PROOF_INVALID, "seen before")
        return f"jkt:{thumbprint}"

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
