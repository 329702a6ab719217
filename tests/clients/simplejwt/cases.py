"""All requests of the comparison."""

from tests.clients.simplejwt import cases_bodies, cases_tokens, cases_wire
from tests.clients.simplejwt.case import Case

CASES: tuple[Case, ...] = (
    *cases_bodies.GOOD_ONES,
    *cases_bodies.WRONG_CREDENTIALS,
    *cases_bodies.FIELDS,
    *cases_bodies.BODIES,
    *cases_bodies.CONTENT_TYPES,
    *cases_tokens.TOKENS,
    *cases_tokens.LEFT,
    *cases_wire.AUTHORIZATION,
    *cases_wire.SLASHES,
    *cases_wire.METHODS,
    *cases_wire.OPTIONS,
    *cases_wire.CORS,
    *cases_wire.ACCEPT,
    *cases_wire.PAGES,
)
