"""Writes the generated pages of docs/: `python -m tools.docs`; with --check it only says which are stale.

A page is generated where code is the truth: a table of the program becomes a table of the page.
"""

import ast
import dataclasses
import importlib
import json
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args, get_origin

from tests.clients.simplejwt import differences
from vestibule import settings
from vestibule.adapters.store.migrate import _statements, migrations
from vestibule.app import RESERVED
from vestibule.core.apps.policy import BOUNDS, Policy
from vestibule.core.guard.limiter import LOOPBACK_FACTOR
from vestibule.core.guard.model import PASSWORD_FAILURES, RULES
from vestibule.kernel.errors import KIND, Code
from vestibule.kernel.secret import Secret

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "vestibule"
NOTE = "<!-- Written by `make docs` from {source}. Change that, not this. -->"

UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"))
SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"), (1, "byte"))

TABLES = {
    "app": "An app: one environment of a project, the tenant that every other row belongs to.",
    "app_key": "Client keys and API keys, as digests; sealed beside it where a key may be shown again.",
    "attempt": "A sign-in, sign-up or recovery under way on our pages. Never a session.",
    "bucket": "A named set of files.",
    "challenge": "Every one-time secret: links, codes, access tokens of redirects, operator links.",
    "credential": "Password hashes. Never overwritten: a new row replaces the old one.",
    "device": "One browser, known by a cookie of the hosted pages.",
    "dpop_proof": "Proofs of possession that have been seen, so that none works twice (RFC 9449).",
    "doomed_blob": "Bytes of files that are to be deleted from the disk.",
    "event": "The one log: audit, and what a risk engine will want to know. Personal parts are sealed.",
    "event_feed": "The last position of each app's log, and its epoch.",
    "failure_run": "Consecutive wrong passwords per address.",
    "file": "Files: name, owner, size; the bytes lie in the data folder.",
    "file_usage": "How much each owner stores, for quotas.",
    "identifier": "E-mail addresses and user names, in their normal form.",
    "identity": "Accounts at other providers, for social sign-in. Empty today.",
    "instance": "Facts of the installation itself.",
    "limit_hit": "What counts towards a limit: one row per hit, until its window has passed.",
    "limit_key": "One row per limited subject: its lock, and when it was last seen.",
    "limit_refusal": "How often a limit said no, per subject and minute.",
    "notice": "What a person without a verified address is told at the next sign-in.",
    "outbox": "Mails on their way, sealed; the body is erased on delivery, failure or expiry.",
    "policy": "Fields of an app's policy that differ from the default.",
    "project": "What apps belong to: a product with its environments.",
    "refresh_token": "Generations of refresh families: who got which when. The tokens themselves are derived.",
    "registration": "Sign-ups whose address is not confirmed yet. They claim nothing.",
    "session": "Signed-in browsers and programs; the token is stored as a digest.",
    "signing_key": "Keys that sign tokens: next, current, retired. The private part is sealed.",
    "user": "People of an app. `data_key` is forgotten on deletion, and with it their part of the log.",
    "user_alias": "Ids that users had in other systems: the integer keys of an imported Django project.",
}

POLICY_WORDS = {
    "password_max": "Characters.",
    "sign_up_open": "Whether strangers may sign up.",
    "confirm_email": "Whether an address must be confirmed before its user exists.",
    "session_absolute_ms": "A session ends this long after sign-in, whatever happens.",
    "session_idle_ms": "A session ends when it was not used for this long.",
    "code_ms": "How long a code of a mail works.",
    "magic_link_ms": "How long a sign-in link works.",
    "reset_ms": "How long a link to choose a new password works.",
    "confirm_ms": "How long a link to confirm an address works, and how long a registration waits.",
    "grant_ms": "How long the `access_token` of a redirect works.",
    "code_tries": "Wrong tries until a code is dead.",
    "file_max_bytes": "The largest file.",
    "user_quota_bytes": "What one user may store.",
    "user_quota_files": "How many files one user may store.",
    "app_quota_bytes": "What all users of the app together may store.",
    "anonymous_upload": "Whether a file may be stored without a session.",
    "image_max_pixels": "Width times height of the largest picture that is decoded.",
    "event_retention_ms": "How long the log is kept.",
    "ACCESS_TOKEN_LIFETIME": "How long an access token works.",
    "REFRESH_TOKEN_LIFETIME": "How long a refresh token works; never longer than its session.",
    "UPDATE_LAST_LOGIN": "Whether signing in through this door counts as the user's last sign-in.",
    "AUDIENCE": "`aud` of tokens; none: they have no `aud`.",
    "AUTH_HEADER_TYPES": "Words before the token in the header.",
    "AUTH_HEADER_NAME": "The header of the access token, as Django names it.",
    "USER_ID_CLAIM": "The claim that holds the user's id.",
    "TOKEN_TYPE_CLAIM": "The claim that holds the type of a token.",
    "JTI_CLAIM": "The claim that holds the id of a token.",
    "SLIDING_TOKEN_REFRESH_EXP_CLAIM": "The claim that holds the end of a sliding token's refresh period.",
    "SLIDING_TOKEN_LIFETIME": "How long a sliding token works.",
    "SLIDING_TOKEN_REFRESH_LIFETIME": "How long a sliding token can be refreshed.",
    "REVOKE_TOKEN_CLAIM": "The claim that names the password.",
}


def settings_page() -> str:
    """docs/settings.md."""
    texts = attribute_docs("settings.py")
    rows = [
        (f"`{s.name}`", f"`{s.variable}`", type_text(s.type_), default_text(s.default), texts[s.owner.__name__, s.name])
        for s in settings.ALL.values()
    ]
    return page(
        "Settings",
        "src/vestibule/settings.py",
        "What the operator decides before the start; read once. Each has one name: the key in the settings file"
        " (TOML) and, with `VESTIBULE_` in front and in capitals, the environment variable. The command line wins"
        " over the environment, the environment over the file. A name that is not in this table is an error.\n\n"
        "`vestibule serve --settings FILE` or `VESTIBULE_SETTINGS=FILE` names the file. `vestibule dev` needs no"
        " setting and reads none. What may change while the server runs is the [policy](policy.md) of an app.\n\n"
        "```toml\n"
        'base_url = "https://auth.your-domain"\n'
        'data_dir = "/var/lib/vestibule"\n'
        'master_key_file = "/etc/vestibule/master.key"   # vestibule keys new --file …\n'
        'smtp_host = "mail.your-domain"\n'
        'mail_from = "Your product <no-reply@your-domain>"\n'
        'trusted_proxies = ["127.0.0.1/32"]\n'
        "proxy_hops = 1\n"
        "```\n\n" + table(("key", "environment variable", "value", "default", "meaning"), rows),
    )


def policy_page() -> str:
    """docs/policy.md."""
    documented = attribute_docs("core/apps/policy.py") | attribute_docs("core/apps/token_policy.py")
    texts = {name: text for (_, name), text in documented.items()}
    rows = [
        (
            f"`{f.name}`",
            type_text(type_of_default(f)),
            amount(f.name, getattr(Policy(), f.name)),
            " to ".join(amount(f.name, bound) for bound in BOUNDS.get(f.name, ())),
            texts.get(f.name) or POLICY_WORDS[f.name],
        )
        for f in sorted(dataclasses.fields(Policy), key=lambda f: f.name.isupper())
    ]
    return page(
        "Policy",
        "src/vestibule/core/apps/policy.py and token_policy.py",
        "What the owner of a product may change for one app while the server runs. Values are JSON; names that end"
        " in `_ms` are milliseconds. Names in capitals are those of SimpleJWT's settings, with seconds for times;"
        " `SIGNING_KEY` and `VERIFYING_KEY` are told in [signing keys](signing-keys.md).\n\n"
        "```sh\nvestibule app show\nvestibule app set password_min 15\n"
        "vestibule app set origins '[\"https://your-app\"]'\n"
        "vestibule app set password_min --default\n```\n\n"
        + table(("field", "value", "default", "from and to", "meaning"), rows),
    )


def errors_page() -> str:
    """docs/errors.md."""
    doors = sorted(path.parent.name for path in PACKAGE.glob("protocols/*/errors.py"))
    wires = [importlib.import_module(f"vestibule.protocols.{door}.errors").WIRE for door in doors]
    rows = [
        (f"`{code.value}`", KIND[code].value, *(f"{wire[code][0]} `{wire[code][1]}`" for wire in wires))
        for code in Code
    ]
    return page(
        "Errors",
        "src/vestibule/kernel/errors.py and src/vestibule/protocols/*/errors.py",
        "Every reason to say no, and how each protocol says it (status and code). Codes are added, never renamed."
        " What must look alike to a stranger *is* alike: an unknown user and a wrong password are one code.\n\n"
        + table(("code", "kind", *doors), rows),
    )


def data_page() -> str:
    """docs/data.md. A table without a description is an error here."""
    database = sqlite3.connect(":memory:")
    for _, text in migrations():
        for statement in _statements(text):
            database.execute(statement)
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    missing = set(names) ^ set(TABLES)
    if missing:
        raise SystemExit(f"tools/docs.py: TABLES and the migrations differ in {sorted(missing)}")
    rows = []
    for name in names:
        columns = database.execute(f'PRAGMA table_info("{name}")').fetchall()
        key = [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]]
        others = [column[1] for column in columns if not column[5]]
        rows.append((f"`{name}`", TABLES[name], code_list(key), code_list(others)))
    database.close()
    return page(
        "Data",
        "src/vestibule/adapters/store/migrations/ and tools/docs.py",
        "The tables of the database. `app_id` leads every primary key and unique index; ids are 24 hex characters"
        " that sort by time and grant nothing. Types are `TEXT` and `BIGINT`; instants (`…_at_ms`) are milliseconds"
        " UTC; JSON is text. `digest` is what is stored of a token, `sealed` is encrypted under the"
        " [key ring](security.md#the-key-ring).\n\n"
        + table(("table", "what it holds", "primary key", "other columns"), rows),
    )


def paths_page() -> str:
    """docs/paths.md."""
    rows = [(f"`{prefix.path}`", prefix.door, prefix.purpose) for prefix in RESERVED]
    return page(
        "Paths",
        "`RESERVED` in src/vestibule/app.py",
        "Who answers what, below `/` and below `/e:{envId}`. Everything else is the Altogic door's, 404s included."
        " Every URL the house itself makes carries `/e:{envId}`. A request without it belongs to the app of its"
        " client key, else to the only app, else it is a 404.\n\n" + table(("prefix", "door", "purpose"), rows),
    )


def differences_page() -> str:
    """docs/simplejwt-differences.md."""
    return page(
        "Differences to SimpleJWT",
        "tests/clients/simplejwt/differences.py",
        "The same requests are sent to a live Django server with REST framework and SimpleJWT and to Vestibule, and the"
        " answers are compared: status, body, headers, claims. This is all that differs, on purpose; a row that no"
        " request needs any more fails the test. What stays the same and how the reuse window works:"
        " [SimpleJWT](simplejwt.md).\n\n" + differences.table(),
    )


def limits_page() -> str:
    """docs/limits.md."""
    by = {
        "address": "network address (IPv6: its /64)",
        "destination": "mail address, any spelling; of `refresh` and `step-up`: the session, the user",
        "purpose": "mail address and purpose",
        "app": "app",
    }
    rows = [(f"`{rule.name}`", str(rule.limit), duration(rule.window_ms), by[rule.by]) for rule in RULES]
    run = PASSWORD_FAILURES
    return page(
        "Limits",
        "src/vestibule/core/guard/model.py",
        "Counted before anything is verified, in the database, so that no burst passes and no restart forgets. The"
        " answer over a limit is the same for known and unknown addresses. Windows slide.\n\n"
        + table(("rule", "at most", "in", "per"), rows)
        + f"\n\n**Wrong passwords.** After {run.burst} in a row for one address within {duration(run.window_ms)}, the"
        f" next try has to wait {duration(run.first_delay_ms)}, then twice as long each time, up to"
        f" {duration(run.longest_delay_ms)}; after {run.hard_cap} in a row the password is refused until it is reset."
        " A success begins a new run. A browser that has been signed in before has a run of its own, so that a"
        " stranger cannot lock the owner out there.\n\n"
        "A limit is policy: `vestibule app set limits '{\"sign-up/address/hour\": 50}'`. `vestibule dev` multiplies"
        f" the limits per network address by {LOOPBACK_FACTOR:,} for loopback, and says so; `vestibule serve` never"
        " does.",
    )


PAGES = {
    "settings.md": settings_page,
    "policy.md": policy_page,
    "errors.md": errors_page,
    "data.md": data_page,
    "paths.md": paths_page,
    "limits.md": limits_page,
    "simplejwt-differences.md": differences_page,
}


# Pieces ------------------------------------------------------------------------------------------


def page(title: str, source: str, text: str) -> str:
    return f"{NOTE.format(source=source)}\n\n# {title}\n\n{text}\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def code_list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def attribute_docs(path: str) -> dict[tuple[str, str], str]:
    """(class, field) -> the string that stands below the field."""
    found = {}
    for node in ast.parse((PACKAGE / path).read_text()).body:
        if isinstance(node, ast.ClassDef):
            for first, second in zip(node.body, node.body[1:], strict=False):
                match first, second:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[node.name, name] = " ".join(text.split())
    return found


def type_of_default(field: dataclasses.Field) -> object:
    return type(getattr(Policy(), field.name))


def type_text(type_: object) -> str:
    args = get_args(type_)
    if get_origin(type_) is Literal:
        return ", ".join(f"`{choice}`" for choice in args)
    if hasattr(type_, "__metadata__"):
        return type_text(args[0])
    if type(None) in args:
        return type_text(args[0])
    names: dict[object, str] = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "`true`, `false`",
        Path: "path",
        tuple: "list of texts",
        dict: "object",
    }
    return "secret" if get_origin(type_) is Secret or type_ is Secret else names[get_origin(type_) or type_]


def default_text(value: object) -> str:
    if value is None or value in ("", ()) or isinstance(value, Secret) or value is dataclasses.MISSING:
        return "–"
    return f"`{value}`"


def amount(name: str, value) -> str:
    if isinstance(value, bool | str | tuple | dict):
        return f"`{json.dumps(value)}`"
    if name.isupper() and isinstance(value, int) and value > 0:
        return f"`{value}` ({duration(value * 1_000)})"
    if name.endswith("_ms"):
        return f"`{value}` ({duration(value)})"
    return f"`{value}` ({in_units(value, SIZES, '')})" if name.endswith("_bytes") else f"`{value}`"


def duration(ms: int) -> str:
    return in_units(ms, UNITS, "s")


def in_units(value: int, units: tuple[tuple[int, str], ...], plural: str) -> str:
    size, name = next(unit for unit in units if value % unit[0] == 0)
    count = value // size
    return f"{count} {name}{plural if count != 1 else ''}"


def stale() -> list[str]:
    """Pages that are not what the code says."""
    folder = ROOT / "docs"
    return [
        name for name, make in PAGES.items() if not (folder / name).exists() or (folder / name).read_text() != make()
    ]


def main() -> None:
    names = stale()
    if "--check" in sys.argv:
        raise SystemExit(f"stale: {', '.join(names)}; run make docs" if names else 0)
    for name in names:
        (ROOT / "docs" / name).write_text(PAGES[name]())
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
