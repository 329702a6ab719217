"""The doctor finds each ill once, says how to mend it, and is silent about a house in health."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from vestibule.adapters.store.examine import AppFacts, DatabaseFacts
from vestibule.cli.checks import CHECKS, findings
from vestibule.cli.facts import Entry, Facts
from vestibule.cli.root import vestibule
from vestibule.cli.token_checks import check_tokens
from vestibule.core.apps.policy import Policy
from vestibule.kernel.secret import Secret
from vestibule.settings import MailSettings, Settings

NOW_MS = 1_795_000_000_000
POLICY = Policy(password_min=15, origins=("https://shop.acme.test",), redirect_url="https://shop.acme.test/r")
APP = AppFacts("a" * 24, "shop", "production", POLICY, 0)
SETTINGS = Settings(
    base_url="https://auth.acme.test",
    data_dir=Path("/srv/data"),
    master_key_file=Path(__file__),
    trusted_proxies=("127.0.0.1/32",),
    proxy_hops=1,
    mail=MailSettings(smtp_host="mail.acme.test", mail_from="no-reply@acme.test"),
)
DATABASE = DatabaseFacts(newest_event_ms=NOW_MS - 1, apps=(APP,))
HEALTHY = Facts(
    settings=SETTINGS,
    now_ms=NOW_MS,
    built_ms=NOW_MS - 1,
    folder=Entry("/srv/data", is_there=True, mode=0o700),
    free_bytes=10 * 1024**3,
    file_system="ext4",
    database_file=Entry("/srv/data/vestibule.db", is_there=True, mode=0o600),
    database=DATABASE,
    key_file=Entry("/etc/vestibule/master.key", is_there=True, mode=0o600),
)


def ill(**changes):
    return replace(HEALTHY, **changes)


def settings(**changes):
    return ill(settings=replace(SETTINGS, **changes))


def database(**changes):
    return ill(database=replace(DATABASE, **changes))


def app(**changes):
    return database(apps=(replace(APP, **changes),))


def policy(**changes):
    return app(policy=replace(POLICY, **changes))


ILLS = {
    "no mail": (settings(mail=MailSettings()), "error", "smtp_host is missing"),
    "unprotected": (settings(base_url="http://auth.acme.test"), "error", "is not protected"),
    "local": (settings(base_url="https://localhost"), "warning", "this machine only"),
    "address": (settings(base_url="https://203.0.113.9"), "warning", "bare address"),
    "another site": (policy(redirect_url="https://shop.test/r"), "advice", "not one site"),
    "open proxies": (settings(trusted_proxies=("0.0.0.0/0",)), "error", "whole internet"),
    "no proxy": (settings(trusted_proxies=(), proxy_hops=0), "warning", "proxy_hops is 0"),
    "mail server": (ill(mail_problem="timed out"), "error", "timed out"),
    "late mail": (database(waiting_mails=3, oldest_mail_ms=NOW_MS - 3_600_000), "warning", "3 mails wait"),
    "clock behind the program": (ill(built_ms=NOW_MS + 1), "error", "this program is of"),
    "clock went back": (database(newest_event_ms=NOW_MS + 120_000), "error", "the log ends at"),
    "no folder": (ill(folder=Entry("/srv/data")), "warning", "is not there"),
    "no right to write": (
        ill(folder=Entry("/srv/data", True, 0o700, is_writable=False)),
        "error",
        "not writable",
    ),
    "open folder": (ill(folder=Entry("/srv/data", True, 0o755)), "warning", "may look into"),
    "little room": (ill(free_bytes=500 * 1024**2), "warning", "500 MiB"),
    "no room": (ill(free_bytes=5 * 1024**2), "error", "5 MiB"),
    "network disk": (ill(file_system="nfs4"), "error", "nfs4"),
    "damage": (ill(database=DatabaseFacts(damage="row 7 missing")), "error", "row 7 missing"),
    "migrations": (ill(database=DatabaseFacts(pending=("0002_x",))), "warning", "0002_x"),
    "journal": (database(journal_mode="delete"), "warning", "journal mode"),
    "no key": (ill(key_problem="The key file is gone"), "error", "gone"),
    "open key": (ill(key_file=Entry("/etc/k", True, 0o644)), "error", "may read /etc/k"),
    "key beside the data": (ill(key_file=Entry("/srv/data/k", True, 0o600)), "warning", "opens itself"),
    "hashes of another system": (app(foreign_hashes=3), "advice", "hashes still in use: 3;"),
    "no secret": (app(policy=replace(POLICY, ALGORITHM="HS256"), has_secret=False), "error", "was never given"),
    "a shared secret": (policy(ALGORITHM="HS512"), "advice", "every service that verifies them can make them"),
    "spent tokens that work": (policy(BLACKLIST_AFTER_ROTATION=False), "warning", "goes on working for anybody"),
    "another issuer": (policy(ISSUER="https://id.acme.test"), "advice", "https://id.acme.test as their issuer"),
    "unverified addresses": (app(imported_unverified=17), "advice", "address is unverified: 17;"),
    "imported without a password": (app(imported_without_password=4), "advice", "without a password: 4;"),
    "short passwords": (policy(password_min=8), "advice", "NIST recommends 15"),
    "development keys": (app(development_keys=2), "warning", "2 development keys"),
    "no origins": (policy(origins=(), redirect_url=""), "warning", "no web page may call it"),
    "no redirect": (policy(redirect_url=""), "warning", "redirect_url is empty"),
    "unprotected redirect": (policy(redirect_url="http://shop.acme.test/r"), "error", "unprotected"),
    "enumeration": (policy(reveal_taken_email=True), "advice", "find out who has an account"),
}


def test_a_house_in_health():
    assert findings(HEALTHY) == []


@pytest.mark.parametrize("name", ILLS)
def test_each_ill_is_found_once_with_a_cure(name):
    facts, severity, text = ILLS[name]
    [finding] = findings(facts)
    assert (finding.severity.value, text in finding.what) == (severity, True), finding
    assert finding.mend


def test_every_check_has_an_ill():
    assert {c for c in CHECKS for facts, *_ in ILLS.values() if list(c(facts))} == set(CHECKS)


def test_a_key_in_the_environment_is_advice():
    facts = replace(settings(master_key=Secret("k"), master_key_file=None), key_file=None)
    [finding] = findings(facts)
    assert "environment" in finding.what


def test_a_shared_secret_is_no_ill_at_home():
    assert not list(check_tokens(replace(policy(ALGORITHM="HS256"), settings=Settings.development(Path("/srv/data")))))
    assert not list(check_tokens(policy(ROTATE_REFRESH_TOKENS=False, BLACKLIST_AFTER_ROTATION=False)))


def test_the_secret_is_looked_for_in_the_database(shell):
    shell.json("signing-key", "set", "HS256", "--from-stdin", typed="q9-Vn3R_7uK2yTz0LwXe5cBh8mJd1sAf6gPoIiUv")
    shell.json("app", "set", "ALGORITHM", "HS256")
    assert "never given" not in shell.run("doctor").output
    with closing(sqlite3.connect(shell.data / "vestibule.db")) as database, database:
        database.execute("UPDATE signing_key SET state = 'retired', retired_at_ms = 0")
    result = shell.run("doctor")
    assert (result.exit_code, "SIGNING_KEY was never given" in result.output) == (1, True)


def test_the_command(shell):
    output = shell.run("doctor").output
    assert "password_min 15" in output
    count = output.count("->")
    assert output.endswith(f": {count} finding{'' if count == 1 else 's'}.\n")
    result = shell.run("doctor", "--production", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [f["severity"] for f in found] == sorted(
        (f["severity"] for f in found), key=["error", "warning", "advice"].index
    )
    assert {"settings", "master key", "keys"} <= {f["check"] for f in found}


def test_a_foreign_key_and_a_broken_database(shell):
    file = shell.data / "master.key"
    file.unlink()
    CliRunner().invoke(vestibule, ["keys", "new", "--file", str(file)])
    assert "not the one of this database" in shell.run("doctor").output
    (shell.data / "vestibule.db").write_bytes(b"not a database at all" * 500)
    assert "damaged or no database" in shell.run("doctor").output


def test_the_mail_server_is_asked_only_when_told(tmp_path):
    async def greeted() -> list[bytes]:
        heard: list[bytes] = []

        async def converse(reader, writer):
            writer.write(b"220 here\r\n")
            while line := await reader.readline():
                heard.append(line)
                writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 fine\r\n")
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        environ = {
            "VESTIBULE_SMTP_HOST": "127.0.0.1",
            "VESTIBULE_SMTP_PORT": str(port),
            "VESTIBULE_SMTP_TLS": "none",
        }
        for online in ([], ["--online"]):
            words = ["doctor", "--data", str(tmp_path), *online]
            await asyncio.to_thread(CliRunner().invoke, vestibule, words, env=environ)
            heard.append(b"--")
        server.close()
        return heard

    heard = asyncio.run(greeted())
    assert heard[0] == b"--"
    assert any(line.startswith(b"EHLO") for line in heard)
    assert not any(line.startswith(b"MAIL") for line in heard)
