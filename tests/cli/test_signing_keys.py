"""`vestibule signing-key`, and the settings that are keys."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from vestibule.cli.django_settings import settings_for, text_of
from vestibule.core.apps.policy import Policy

GIVE = "vestibule signing-key set HS256 --from-file FILE"
SECRET = "q9-Vn3R_7uK2yTz0LwXe5cBh8mJd1sAf6gPoIiUv"


@pytest.fixture(scope="module")
def pair():
    key = rsa.generate_private_key(65537, 2048)
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    made = (
        key.private_bytes(serialization.Encoding.PEM, *private),
        key.public_key().public_bytes(serialization.Encoding.PEM, public),
    )
    return [each.decode() for each in made]


def states(shell):
    return [(key["algorithm"], key["state"]) for key in shell.json("signing-key", "list")]


def test_the_life_of_keys(shell):
    assert "first token makes one" in shell.run("signing-key", "list").output
    young = shell.run("signing-key", "rotate")
    assert young.exit_code == 1
    assert re.search(r"again in (300|299|298|297) seconds", young.output), young.output
    assert states(shell) == [("ES256", "next"), ("ES256", "current")]
    assert shell.run("signing-key", "rotate", "--emergency", typed="n\n").exit_code == 1
    before = shell.json("signing-key", "list")
    done = shell.json("signing-key", "rotate", "--emergency", "--yes")
    assert done["keys"] == shell.json("signing-key", "list")
    assert {key["key_id"]: key["signs"] for key in done["keys"]}[before[0]["key_id"]] == "tokens, revocation feed"
    assert before[1]["key_id"] not in {key["key_id"] for key in done["keys"]}


def test_a_pair_from_a_file(shell, pair, tmp_path):
    (tmp_path / "key.pem").write_text(pair[0])
    made = shell.run("signing-key", "set", "RS256", "--from-file", str(tmp_path / "key.pem"))
    assert made.exit_code == 0
    assert "vestibule app set ALGORITHM RS256" in made.output
    assert states(shell) == [("RS256", "next"), ("RS256", "current")]
    assert shell.json("app", "set", "ALGORITHM", "RS256")["value"] == "RS256"
    (tmp_path / "public.pem").write_text(pair[1])
    assert shell.json("app", "set", "VERIFYING_KEY", f"@{tmp_path / 'public.pem'}")["value"] == "set"
    assert pair[0][40:80] not in made.output


def test_a_shared_secret_from_standard_input_is_never_shown(shell):
    early = shell.run("app", "set", "ALGORITHM", "HS256")
    assert (early.exit_code, GIVE in early.output) == (1, True), early.output
    assert "SIGNING_KEY" not in shell.json("app", "show")
    shell.json("signing-key", "set", "HS256", "--from-stdin", typed=f"{SECRET.swapcase()}\n")
    shell.json("app", "set", "ALGORITHM", "HS256")
    made = shell.run("app", "set", "SIGNING_KEY", "-", typed=f"{SECRET}\n")
    assert made.exit_code == 0, made.output
    shown = [
        shell.run(*words).output for words in (("app", "show"), ("signing-key", "list"), ("app", "django-settings"))
    ]
    assert shell.json("app", "show")["SIGNING_KEY"] == "set"
    assert [SECRET in text for text in (made.output, *shown)] == [False] * 4
    database = b"".join(path.read_bytes() for path in shell.data.rglob("*") if path.is_file())
    assert SECRET.encode() not in database
    rotated = shell.run("signing-key", "rotate", "--emergency", "--yes")
    assert (rotated.exit_code, f"  {GIVE} --emergency\n" in rotated.output) == (1, True), rotated.output
    again = shell.json("signing-key", "set", "HS256", "--from-stdin", "--emergency", typed=SECRET[::-1])
    shared = [key["key_id"] for key in shell.json("signing-key", "list") if key["algorithm"] == "HS256"]
    assert shared == [again["key_id"]]


def test_a_key_is_no_argument(shell):
    for words in (("app", "set", "SIGNING_KEY", SECRET), ("app", "set", "VERIFYING_KEY", "x")):
        result = shell.run(*words)
        assert result.exit_code == 2
        assert SECRET not in result.output
    assert shell.run("signing-key", "set", "HS256").exit_code == 2
    assert shell.run("signing-key", "set", "HS256", "--from-stdin", "--from-file", "x").exit_code == 2
    missing = shell.run("signing-key", "set", "HS256", "--from-file", str(shell.data / "nope"))
    assert (missing.exit_code, "cannot be read" in missing.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("signing-key", "set", "HS256", "--from-stdin"), SECRET[:16], "needs a secret of 32 bytes or more"),
        (("signing-key", "set", "ES256", "--from-stdin"), SECRET, "no private key"),
        (("app", "set", "VERIFYING_KEY", "-"), "x", "VERIFYING_KEY does not fit: this is no public key"),
        (("app", "set", "ALGORITHM", "none"), "", "ALGORITHM does not fit: one of ES256"),
        (("app", "set", "ACCESS_TOKEN_LIFETIME", "86400"), "", None),
        (
            ("app", "set", "ACCESS_TOKEN_LIFETIME", "86401"),
            "",
            "ACCESS_TOKEN_LIFETIME does not fit: seconds, 10 to 864",
        ),
        (("app", "set", "ACCESS_TOKEN_LIFETIME", "timedelta(minutes=5)"), "", "seconds, 10 to 86400"),
        (("app", "set", "AUDIENCE", "shop"), "", 'AUDIENCE does not fit: a list of names or URLs: ["shop"]'),
        (("app", "set", "JTI_CLAIM", "null"), "", "a word that no standard claim"),
        (("app", "set", "REFRESH_TOKEN_LIFETIME", "60"), "", "must not live longer than the one that refreshes it"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(shell, words, typed, said):
    result = shell.run(*words, typed=typed)
    assert result.exit_code == (0 if said is None else 1), result.output
    assert said is None or said in " ".join(result.output.split())


def test_a_public_key_of_somebody_else_is_refused(shell, pair):
    shell.json("app", "set", "ALGORITHM", "RS256")
    result = shell.run("app", "set", "VERIFYING_KEY", "-", typed=pair[1])
    assert result.exit_code == 1
    assert "does not belong to the SIGNING_KEY, from which it is derived" in " ".join(result.output.split())


# Settings for Django -----------------------------------------------------------------------------

SERVICE = """
import json, sys
from django.conf import settings
names = {}
exec(sys.argv[1], names)
settings.configure(SIMPLE_JWT=names["SIMPLE_JWT"], SECRET_KEY="x" * 50, USE_TZ=True, INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
import django; django.setup()
from jwt import PyJWKClient
PyJWKClient.fetch_data = lambda self: json.loads(sys.argv[3])
from rest_framework_simplejwt.tokens import AccessToken
print(json.dumps(AccessToken(sys.argv[2]).payload))
"""


def token_of(shell):
    """An access token of Ada's and the published keys, from the same folder."""
    made = subprocess.run(
        [sys.executable, "-c", MINT, str(shell.data)], check=True, capture_output=True, text=True, cwd=os.curdir
    )
    return json.loads(made.stdout.splitlines()[-1])


MINT = """
import asyncio, json, sys
from pathlib import Path
from vestibule.app import compose
from vestibule.core.tokens.dpop import Presenter
from vestibule.kernel.origin import Origin
from vestibule.kernel.secret import Secret
from vestibule.settings import Settings
async def mint():
    running = compose(Settings.development(Path(sys.argv[1])))
    house = running.house
    app = await house.apps.only()
    pair = await house.families.sign_in(app, "ada@acme.test", Secret("correct-horse-7-battery"), Presenter("x"), Origin())
    print(json.dumps([pair.access, {"keys": await house.signing_keys.published(app)}]))
    await running.store.close()
asyncio.run(mint())
"""


@pytest.mark.parametrize("algorithm", ["ES256", "HS256"])
def test_the_library_takes_our_tokens_with_the_settings_that_are_printed(shell, algorithm):
    shell.json("user", "create", "ada@acme.test", "--password-stdin", typed="correct-horse-7-battery\n")
    if algorithm == "HS256":
        shell.json("signing-key", "set", algorithm, "--from-stdin", typed=SECRET)
    shell.json("app", "set", "ALGORITHM", algorithm)
    shell.json("app", "set", "AUDIENCE", '["orders"]')
    shell.json("app", "set", "USER_ID_CLAIM", "uid's")
    printed = shell.run("app", "django-settings").output
    token, keys = token_of(shell)
    environ = os.environ | {"SIGNING_KEY": SECRET, "VESTIBULE_API_KEY": "ak_x"}
    words = [sys.executable, "-c", SERVICE, printed, token, json.dumps(keys)]
    run = subprocess.run(words, check=False, capture_output=True, text=True, env=environ)
    assert run.returncode == 0, run.stderr
    claims = json.loads(run.stdout)
    assert claims["aud"] == "orders"
    assert claims["uid's"] == claims["sub"]
    other = subprocess.run(
        [*words[:4], token[:-6] + "AAAAAA", words[5]], check=False, capture_output=True, text=True, env=environ
    )
    assert "TokenError" in other.stderr


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028", '"'])
def test_no_name_of_an_app_is_code_in_its_settings(end):
    """Of a database from before names were checked."""
    printed = text_of(f"shop{end}import os; os.abort()", settings_for("http://localhost", asdict(Policy())))
    assert "os.abort" in printed.splitlines()[0]
    assert printed.splitlines()[0].startswith("# ")


def test_the_settings_are_those_of_our_own_class_too(shell):
    names: dict[str, dict[str, object]] = {}
    printed = shell.run("app", "django-settings").output.replace('os.environ["VESTIBULE_API_KEY"]', '"ak_x"')
    exec(printed, names)
    from vestibule.contrib.config import Config  # noqa: PLC0415 - the integrations are no part of the house

    config = Config.of(names["VESTIBULE"])
    assert config.iss == shell.json("app", "list")[0]["env_url"]
