"""What the doctor looks at behind the door of SimpleJWT: signed tokens, and users who were imported."""

from __future__ import annotations

from collections.abc import Iterator

from vestibule.adapters.store.examine import AppFacts
from vestibule.cli.facts import Facts, Finding, Severity
from vestibule.core.tokens.model import FEED_ALGORITHM, SHARED

_E, _W, _A = Severity


def check_tokens(facts: Facts) -> Iterator[Finding]:
    """Whether tokens can be signed, be verified by others, and be made by nobody else."""
    for app in facts.apps:
        yield from _keys_of(app, is_production=facts.settings.is_production)
        here, change, policy = f"app {app.name}", f"vestibule app set --app {app.id}", app.policy
        if policy.ROTATE_REFRESH_TOKENS and not policy.BLACKLIST_AFTER_ROTATION:
            what = f"{here}: BLACKLIST_AFTER_ROTATION is off: a replaced refresh token goes on working for anybody"
            yield Finding(_W, "refresh tokens", what, f"{change} BLACKLIST_AFTER_ROTATION true")
        if policy.ISSUER:
            what = f"{here}: tokens name {policy.ISSUER} as their issuer; services that are not told refuse them"
            mend = f"Fine if each has it as ISSUER (issuer=…): vestibule app django-settings --app {app.id}"
            yield Finding(_A, "issuer", what, mend)


def _keys_of(app: AppFacts, *, is_production: bool) -> Iterator[Finding]:
    here, algorithm = f"app {app.name}", app.policy.ALGORITHM
    if algorithm not in SHARED:
        return
    if not app.has_secret:
        what = f"{here}: tokens are to be signed with {algorithm}, but its SIGNING_KEY was never given: nobody gets one"
        yield Finding(_E, "signing key", what, f"vestibule signing-key set {algorithm} --app {app.id} --from-file FILE")
    elif is_production and app.environment != "development":
        what = f"{here}: tokens are signed with {algorithm}: every service that verifies them can make them for others"
        yield Finding(_A, "signing key", what, f"vestibule app set --app {app.id} ALGORITHM {FEED_ALGORITHM}")


def check_imported(facts: Facts) -> Iterator[Finding]:
    """Whether users of another system can come in as they think."""
    for app in facts.apps:
        here, page = f"app {app.name}", "docs/import-django.md"
        if app.imported_unverified:
            what = f"{here}: imported users whose address is unverified: {app.imported_unverified}"
            mend = f"Each proves it by a password reset; see {page}, Addresses."
            yield Finding(_A, "imported users", f"{what}; it does not sign in and gets no notices", mend)
        if app.imported_without_password:
            what = f"{here}: imported users without a password: {app.imported_without_password}"
            mend = f"vestibule user set-password USER --link --app {app.id}; see {page}, Passwords."
            yield Finding(_A, "imported users", f"{what}; they cannot sign in until a reset gives them one", mend)
