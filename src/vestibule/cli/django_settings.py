"""Settings by which a Django service takes the tokens of an app: with SimpleJWT alone, or with our own class."""

from __future__ import annotations

from collections.abc import Mapping
from pprint import pformat
from typing import Any

from vestibule.core.tokens.model import SHARED

SAME = (
    "ALGORITHM",
    "LEEWAY",
    "AUTH_HEADER_TYPES",
    "AUTH_HEADER_NAME",
    "USER_ID_CLAIM",
    "TOKEN_TYPE_CLAIM",
    "JTI_CLAIM",
)
"""What a service has to know as we know it. The rest is about issuing, or needs our database."""
SECRET = "SIGNING_KEY"
HEAD = """\
# Settings of a Django service that takes the tokens of {name!r}.
"""
SHARED_NOTE = """\
# The secret that `vestibule signing-key set` was given. Whoever has it can make tokens: where you can, choose an
# algorithm with a public key (ES256), and nobody has to share anything.
"""
PLAIN_NOTE = """
# 1. SimpleJWT alone. Signatures are checked against the published keys; a token is believed until it expires.
#    Where users were imported, with USER_ID_FIELD = "django", the claim is their key in your database; else it is an
#    id of ours, for rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication.
"""
OWN_NOTE = """
# 2. Or vestibule.contrib.django.VestibuleAuthentication, which hears of ended sessions and changed roles at once.
"""


def settings_for(env_url: str, policy: Mapping[str, Any]) -> dict[str, dict[str, object]]:
    """`SIMPLE_JWT` and `VESTIBULE`, without secrets: what stands for one is its name in the environment."""
    is_shared = policy["ALGORITHM"] in SHARED
    audience = policy["AUDIENCE"]
    issuer = policy["ISSUER"] or env_url
    simple: dict[str, object] = {name: policy[name] for name in SAME}
    simple["AUTH_HEADER_TYPES"] = tuple(policy["AUTH_HEADER_TYPES"])
    simple |= {"AUDIENCE": audience[0] if len(audience) == 1 else list(audience) or None, "ISSUER": issuer}
    simple["JWK_URL"] = None if is_shared else policy["JWK_URL"] or f"{env_url}/.well-known/jwks.json"
    own: dict[str, object] = {
        "URL": env_url,
        "ISSUER": policy["ISSUER"],
        "AUDIENCE": audience[0] if audience else "",
        "ALGORITHM": policy["ALGORITHM"],
        "USER_ID_CLAIM": policy["USER_ID_CLAIM"],
        "TOKEN_TYPE_CLAIM": policy["TOKEN_TYPE_CLAIM"],
    }
    return {"SIMPLE_JWT": simple, "VESTIBULE": own}


def text_of(name: str, settings: Mapping[str, Mapping[str, object]]) -> str:
    """The settings as Python."""
    is_shared = settings["SIMPLE_JWT"]["ALGORITHM"] in SHARED
    key = f'SIMPLE_JWT["{SECRET}"] = VESTIBULE["{SECRET}"] = os.environ["{SECRET}"]\n'
    parts = (
        HEAD.format(name=name),
        "import os\n",
        PLAIN_NOTE,
        _assigned("SIMPLE_JWT", settings["SIMPLE_JWT"]),
        OWN_NOTE,
        _assigned("VESTIBULE", settings["VESTIBULE"]),
        'VESTIBULE["API_KEY"] = os.environ["VESTIBULE_API_KEY"]  # vestibule key create api\n',
        f"\n{SHARED_NOTE}{key}" if is_shared else "",
    )
    return "".join(parts)


def _assigned(name: str, values: Mapping[str, object]) -> str:
    lines = "".join(f"    {key!r}: {pformat(value, width=100)},\n" for key, value in values.items())
    return f"{name} = {{\n{lines}}}\n"
