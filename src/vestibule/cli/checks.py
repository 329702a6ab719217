"""What the doctor looks at. Each check reads the facts and says what is wrong, and how to mend it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from vestibule.adapters.store.examine import AppFacts
from vestibule.cli.facts import Check, Facts, Finding, Severity
from vestibule.cli.token_checks import check_imported, check_tokens
from vestibule.kernel.clock import MINUTE_MS, minute_text
from vestibule.settings import is_loopback, problems_of

GIB = 1024**3
MIB = 1024**2
RECOMMENDED_PASSWORD_MIN = 15
"""Where the password is the only factor. Source: NIST SP 800-63B-4 section 3.1.1.2."""
LATE_MAIL_MS = 10 * MINUTE_MS
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph"}


_E, _W, _A = Severity


def check_settings(facts: Facts) -> Iterator[Finding]:
    """Whether the program would start with these."""
    for problem in problems_of(facts.settings):
        what, _, mend = problem.partition(": ")
        mend = f"{mend[:1].upper()}{mend[1:]}" or "See docs/settings.md."
        yield Finding(_E, "settings", what.rstrip("."), mend)


def check_base_url(facts: Facts) -> Iterator[Finding]:
    """Whether people reach it, and whether cookies will hold there."""
    host = urlsplit(facts.settings.base_url).hostname or ""
    if not facts.settings.is_production or not host:
        return
    if is_loopback(host):
        what = f"base_url {facts.settings.base_url} is this machine only: links in mails lead nowhere"
        yield Finding(_W, "base URL", what, "Set base_url to the address people use.")
    elif _is_address(host):
        what = "base_url is a bare address: certificates and passkeys want a name"
        yield Finding(_W, "base URL", what, "Give the machine a name in the DNS and set base_url to it.")


def check_cookie_site(facts: Facts) -> Iterator[Finding]:
    """Whether the hosted pages and the app are one site to a browser."""
    host = urlsplit(facts.settings.base_url).hostname or ""
    here = _site(host)
    is_named = bool(host) and not is_loopback(host) and not _is_address(host)
    for app in facts.apps if facts.settings.is_production and is_named else ():
        there = urlsplit(app.policy.redirect_url).hostname
        if there and _site(there) != here:
            what = f"app {app.name}: {there} and the hosted pages ({here}) are not one site"
            mend = "Fine while the app uses tokens, as npm altogic does. For cookies, use one domain."
            yield Finding(_A, "cookie site", what, mend)


def check_proxies(facts: Facts) -> Iterator[Finding]:
    """Whether the client's address is believed from the right ones only."""
    settings = facts.settings
    for text in settings.trusted_proxies:
        if text.endswith("/0"):
            what = f"trusted_proxies {text} is the whole internet: anyone can claim any address"
            yield Finding(_E, "proxies", what, "Name only the networks of your own proxies.")
    is_behind = settings.base_url.startswith("https://") and settings.proxy_hops == 0
    if settings.is_production and is_behind:
        what = "base_url is https, so a proxy stands in front, but proxy_hops is 0: all clients share its limits"
        mend = "Set trusted_proxies to its network (127.0.0.1/32 on the same machine) and proxy_hops to 1."
        yield Finding(_W, "proxies", what, mend)


def check_mail(facts: Facts) -> Iterator[Finding]:
    """Whether mail leaves."""
    if facts.mail_problem:
        what = f"The mail server does not take us: {facts.mail_problem}"
        yield Finding(_E, "mail", what, "Check smtp_host, smtp_port, smtp_tls, smtp_username and smtp_password.")
    database = facts.database
    if database and database.waiting_mails and facts.now_ms - database.oldest_mail_ms > LATE_MAIL_MS:
        what = f"{database.waiting_mails} mails wait, the oldest since {minute_text(database.oldest_mail_ms)}"
        yield Finding(_W, "mail", what, "See the log for `not_delivered`; try `vestibule doctor --online`.")


def check_clock(facts: Facts) -> Iterator[Finding]:
    """Whether the clock has gone back."""
    mend = "Set the clock (timedatectl), and keep it right with NTP: expiry and limits hang on it."
    if facts.now_ms < facts.built_ms:
        what = f"The clock says {minute_text(facts.now_ms)}; this program is of {minute_text(facts.built_ms)}"
        yield Finding(_E, "clock", what, mend)
    newest_ms = facts.database.newest_event_ms if facts.database else 0
    if facts.now_ms < newest_ms - MINUTE_MS:
        what = f"The clock says {minute_text(facts.now_ms)}, but the log ends at {minute_text(newest_ms)}"
        yield Finding(_E, "clock", what, mend)


def check_disk(facts: Facts) -> Iterator[Finding]:
    """Whether there is room, and whether nobody else may look in."""
    folder = facts.folder
    if not folder.is_there:
        what = f"The data folder {folder.name} is not there"
        yield Finding(_W, "disk", what, "The first start makes it; or set data_dir to the right one.")
        return
    if not folder.is_writable:
        yield Finding(
            _E,
            "disk",
            f"{folder.name} is not writable",
            f"Let the server's user own it: chown -R … {folder.name}",
        )
    if folder.mode & 0o077:
        yield Finding(_W, "disk", f"Others may look into {folder.name}", f"chmod 700 {folder.name}")
    if facts.database_file.is_there and facts.database_file.mode & 0o077 and folder.mode & 0o077:
        name = facts.database_file.name
        yield Finding(_E, "disk", f"Others may read the database {name}", f"chmod 600 {name}")
    if facts.free_bytes < GIB:
        severity = _E if facts.free_bytes < 100 * MIB else _W
        what = f"Only {facts.free_bytes // MIB} MiB are free beside the database"
        yield Finding(severity, "disk", what, "Make room: a full disk refuses every write.")
    if facts.file_system in NETWORK_FILE_SYSTEMS:
        what = f"The data folder lies on a network ({facts.file_system}), where SQLite's locks do not hold"
        yield Finding(_E, "disk", what, "Move data_dir to a disk of this machine.")


def check_database(facts: Facts) -> Iterator[Finding]:
    """Whether the database is whole and of this version."""
    database = facts.database
    if database is None:
        return
    if database.damage:
        what = f"The database is damaged or no database: {database.damage}"
        yield Finding(_E, "database", what, "Stop the server and restore the last good copy of the data folder.")
    if database.pending:
        what = f"Migrations are missing: {', '.join(database.pending)}"
        yield Finding(_W, "database", what, "Copy the data folder, then run `vestibule migrate` or start the server.")
    if database.journal_mode != "wal":
        what = f"The journal mode is {database.journal_mode}; acknowledged writes need wal and synchronous=FULL"
        yield Finding(_W, "database", what, "Start the server once: it sets both.")


def check_keys(facts: Facts) -> Iterator[Finding]:
    """Whether the master keys are there, fit, and readable by the server alone."""
    if facts.key_problem:
        mend = "Bring the key file of this house back; for a new house: `vestibule keys new --file FILE`."
        yield Finding(_E, "master key", facts.key_problem, mend)
    key_file = facts.key_file
    if key_file is None:
        if facts.settings.master_key is not None:
            what = "The master key stands in the environment, where every child process can read it"
            yield Finding(_A, "master key", what, "Put it into a file of mode 600 and set master_key_file.")
        return
    if key_file.is_there and key_file.mode & 0o077:
        yield Finding(_E, "master key", f"Others may read {key_file.name}", f"chmod 600 {key_file.name}")
    if facts.settings.is_production and key_file.is_there and key_file.name.startswith(f"{facts.folder.name}/"):
        what = "The key file lies in the data folder: a copy of the folder opens itself"
        yield Finding(_W, "master key", what, "Move it elsewhere and set master_key_file to it.")


def check_hashes(facts: Facts) -> Iterator[Finding]:
    """Whether passwords of imported users still cost what they cost elsewhere."""
    for app in facts.apps:
        if app.foreign_hashes:
            what = (
                f"app {app.name}: imported password hashes still in use: {app.foreign_hashes}; the time that they take"
            )
            mend = "Each is made anew at the first sign-in; see docs/import-django.md, Passwords."
            yield Finding(_A, "hashes", f"{what} tells these users from unknown ones", mend)


def check_apps(facts: Facts) -> Iterator[Finding]:
    """Whether each app's policy is what production should have."""
    for app in facts.apps:
        yield from _policy_of(app, is_production=facts.settings.is_production)


def _policy_of(app: AppFacts, *, is_production: bool) -> Iterator[Finding]:
    here, change = f"app {app.name}", f"vestibule app set --app {app.id}"
    if app.policy.password_min < RECOMMENDED_PASSWORD_MIN:
        what = f"{here}: passwords may have {app.policy.password_min} characters; NIST recommends 15"
        yield Finding(_A, "passwords", what, f"{change} password_min {RECOMMENDED_PASSWORD_MIN}")
    if not is_production:
        return
    if app.development_keys:
        what = f"{here}: {app.development_keys} development keys are in the database; `serve` refuses them"
        yield Finding(_W, "keys", what, f"Revoke them: vestibule key list --app {app.id}, vestibule key revoke …")
    if app.environment == "development":
        return
    redirect = urlsplit(app.policy.redirect_url)
    if not redirect.hostname and not app.policy.origins:
        what = f"{here}: redirect_url and origins are empty: mail links lead nowhere, and no web page may call it"
        yield Finding(_W, "origins", what, f"{change} redirect_url https://your-app/auth-redirect")
    elif not redirect.hostname:
        what = f"{here}: redirect_url is empty, so mail links lead nowhere"
        yield Finding(_W, "redirect", what, f"{change} redirect_url https://your-app/auth-redirect")
    elif redirect.scheme == "http" and not is_loopback(redirect.hostname):
        what = f"{here}: mail links lead to {app.policy.redirect_url}, unprotected, with a token in the address"
        yield Finding(_E, "redirect", what, f"{change} redirect_url https://…")
    if app.policy.reveal_taken_email:
        what = f"{here}: reveal_taken_email is on: anybody can find out who has an account"
        yield Finding(_A, "enumeration", what, f"{change} reveal_taken_email false")


CHECKS: tuple[Check, ...] = (
    check_settings,
    check_base_url,
    check_cookie_site,
    check_proxies,
    check_mail,
    check_clock,
    check_disk,
    check_database,
    check_keys,
    check_hashes,
    check_imported,
    check_tokens,
    check_apps,
)


def findings(facts: Facts) -> list[Finding]:
    """All findings, the gravest first."""
    order = list(Severity)
    found = [finding for check in CHECKS for finding in check(facts)]
    return sorted(found, key=lambda finding: order.index(finding.severity))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _site(host: str) -> str:
    """The last two labels: near enough for a hint."""
    return ".".join(host.split(".")[-2:])
