"""What an app may choose about signed tokens, under the names that the settings of SimpleJWT have."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 24 * 3600
AS_ACCESS = -1


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Defaults of 2026-11-21. Lifetimes are seconds. Every field can be set with `vestibule app set`."""

    # signed tokens
    ACCESS_TOKEN_LIFETIME: int = 300
    REFRESH_TOKEN_LIFETIME: int = DAY_S
    ROTATE_REFRESH_TOKENS: bool = True
    """A refresh answers with a new refresh token."""
    BLACKLIST_AFTER_ROTATION: bool = True
    """A refresh token that was replaced is spent. Off: it goes on working until it expires, for anybody."""
    REFRESH_REUSE_WINDOW: int = AS_ACCESS
    """How long a replaced refresh token still gives its own client the newest pair; -1: as long as an access token
    lives; 0: never, as SimpleJWT has it."""
    UPDATE_LAST_LOGIN: bool = True
    ALGORITHM: str = "ES256"
    """ES256, ES384, ES512, EdDSA, RS256 to RS512, PS256 to PS512, or HS256 to HS512 with a shared `SIGNING_KEY`."""
    AUDIENCE: tuple[str, ...] = ()
    ISSUER: str = ""
    """`iss` of tokens; empty: the address of the app."""
    JWK_URL: str = ""
    """Where others are told to read the public keys, when a cache of yours stands in front of ours."""
    LEEWAY: int = 0
    """Seconds by which clocks may differ, at most 60."""
    AUTH_HEADER_TYPES: tuple[str, ...] = ("Bearer",)
    AUTH_HEADER_NAME: str = "HTTP_AUTHORIZATION"
    USER_ID_FIELD: str = "id"
    """What `user_id` holds: `id`, or the namespace of an import (`django`), whose users keep their old keys."""
    USER_ID_CLAIM: str = "user_id"
    AUTH_TOKEN_CLASSES: tuple[str, ...] = ("AccessToken",)
    """Which tokens open `profile`: `AccessToken`, `SlidingToken`."""
    TOKEN_TYPE_CLAIM: str = "token_type"
    JTI_CLAIM: str = "jti"
    TOKEN_CLAIMS: tuple[str, ...] = ("username", "roles")
    """Fields of the user that tokens carry; empty ones are left out."""
    SLIDING_TOKEN_REFRESH_EXP_CLAIM: str = "refresh_exp"
    SLIDING_TOKEN_LIFETIME: int = 300
    SLIDING_TOKEN_REFRESH_LIFETIME: int = DAY_S
    CHECK_REVOKE_TOKEN: bool = False
    """Tokens name the password they were issued under and end with it, in the session that changed it too."""
    REVOKE_TOKEN_CLAIM: str = "hash_password"

    @property
    def reuse_window_s(self) -> int:
        """The reuse window in seconds."""
        return self.ACCESS_TOKEN_LIFETIME if self.REFRESH_REUSE_WINDOW == AS_ACCESS else self.REFRESH_REUSE_WINDOW

    @property
    def longest_access_s(self) -> int:
        """How long a token that opens something can live."""
        return max(self.ACCESS_TOKEN_LIFETIME, self.SLIDING_TOKEN_LIFETIME) + self.LEEWAY

    @property
    def longest_token_s(self) -> int:
        """How long any token can live."""
        lifetimes = (self.REFRESH_TOKEN_LIFETIME, self.SLIDING_TOKEN_REFRESH_LIFETIME)
        return max(self.longest_access_s, *lifetimes) + self.LEEWAY
