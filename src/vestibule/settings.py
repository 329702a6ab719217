"""What the operator decides before the start: read once, never changed while running.

A setting has one name everywhere: `smtp_host` is the field, the key in the file and, as
`VESTIBULE_SMTP_HOST`, the environment variable. The environment wins over the file, the file over the
default. A name that nobody knows is an error.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from vestibule.kernel.secret import Secret

Port = Annotated[int, Meta(ge=1, le=65_535)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]

PREFIX = "VESTIBULE_"
SETTINGS_FILE = "VESTIBULE_SETTINGS"
"""Names the settings file; the only variable with our prefix that is no setting."""


class SettingsError(Exception):
    """Settings the program does not start with: every problem, each with the way to mend it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How mail leaves the house. Development needs none: mail goes to the inbox."""

    smtp_host: str = ""
    """Name of the mail server; empty: no mail is sent."""
    smtp_port: Port = 587
    """Port of the mail server: 587 for `starttls`, 465 for `tls`, often 25 for `none`."""
    smtp_username: str = ""
    """Who signs in to the mail server; empty: nobody does."""
    smtp_password: Secret[str] = field(default=Secret(""))
    """Password of that name."""
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected; `none` only for a mail server on this machine."""
    mail_from: str = ""
    """Sender of every mail: `Name <address>` or an address."""


@dataclass(frozen=True, slots=True)
class HashSettings:
    """How much password hashing happens at once. Each hash takes about 19 MiB and 30 ms of one core."""

    hash_threads: Positive = 2
    """Password hashes made at the same time: about the number of cores."""
    hash_queue: Count = 64
    """Requests that may wait for a hash; the next is told to come back later (503)."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What a slow or greedy client may do."""

    header_timeout_s: Seconds = 15.0
    """Seconds until a request's headers must be complete."""
    body_idle_timeout_s: Seconds = 30.0
    """Seconds a request's body may stand still."""
    body_max_bytes: Positive = 1024 * 1024
    """Bytes a JSON or form body may have. Uploads have a policy of their own, `file_max_bytes`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree."""

    mode: Literal["development", "production"] = "production"
    """`production` refuses development keys and defaults; `vestibule dev` sets `development`."""
    base_url: str = ""
    """The address people and apps use, as `https://auth.example.com`; links and cookies follow from it."""
    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for every network of the machine."""
    port: Port = 8000
    """TCP port to listen on."""
    data_dir: Path = Path("vestibule-data")
    """Folder of the database, the files and, in development, the key file."""
    extra_hosts: tuple[str, ...] = ()
    """Development only: further hosts to answer to, beside localhost and loopback addresses."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of your reverse proxies; only from them `X-Forwarded-For` is believed."""
    proxy_hops: Count = 0
    """How many proxies stand between the client and the server; 0: none, forwarded headers are ignored."""
    master_key: Secret[str] | None = None
    """Keys of the key ring, newest first: `id:key[,id:key …]`. Make one with `vestibule keys new`."""
    master_key_file: Path | None = None
    """File with the same, mode 600; preferred, because `vestibule keys rotate` can write it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged, to standard error."""
    mail: MailSettings = field(default_factory=MailSettings)
    hashing: HashSettings = field(default_factory=HashSettings)
    http: HttpSettings = field(default_factory=HttpSettings)

    @classmethod
    def development(cls, data_dir: Path, port: int = 8000, extra_hosts: tuple[str, ...] = ()) -> Self:
        """What `vestibule dev` runs with: loopback, key file in the data folder, mail to the inbox."""
        return cls(
            mode="development",
            base_url=f"http://localhost:{port}",
            port=port,
            data_dir=data_dir,
            extra_hosts=extra_hosts,
        )

    @property
    def is_production(self) -> bool:
        """Whether this is `vestibule serve`."""
        return self.mode == "production"

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data_dir / "vestibule.db"

    @property
    def files_dir(self) -> Path:
        """Where uploaded bytes lie."""
        return self.data_dir / "files"

    @property
    def control_socket(self) -> Path:
        """Where a running server takes commands of this machine's administrator."""
        return self.data_dir / "control.sock"

    @property
    def key_file(self) -> Path | None:
        """The file of the key ring; None when the ring stands in the environment."""
        if self.master_key is not None:
            return None
        return self.master_key_file or self.data_dir / "master.key"


def load_from_machine(file: Path | None = None, **given: object) -> Settings:
    """The settings of this process: its environment, and the file if there is one. Raises: SettingsError."""
    file = file or (Path(name) if (name := os.environ.get(SETTINGS_FILE)) else None)
    return load(os.environ, file, **given)


def load(environ: Mapping[str, str], file: Path | None, **given: object) -> Settings:
    """Settings from `given` (the command line), else environment, else file, else default.

    Raises: SettingsError.
    """
    problems: list[str] = []
    values = {**_from_file(file, problems), **_from_environment(environ, problems)}
    values |= {name: value for name, value in given.items() if value is not None}
    typed: dict[str, object] = {}
    for name, value in values.items():
        try:
            typed[name] = _typed(value, ALL[name].type_)
        except ValueError as error:
            problems.append(f"{name}: {error}.")
    if problems:
        raise SettingsError(problems)
    settings: Settings = _tree(Settings, typed)
    return settings


# Names and types -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """One leaf of the tree."""

    name: str
    owner: type
    type_: Any  # an annotation: a class, a union, a Literal
    default: object

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()


def _leaves(tree: type) -> Iterator[Setting]:
    hints = get_type_hints(tree, include_extras=True)
    for leaf in fields(tree):
        if isinstance(hints[leaf.name], type) and hints[leaf.name] in _BRANCHES:
            yield from _leaves(hints[leaf.name])
        else:
            yield Setting(leaf.name, tree, hints[leaf.name], leaf.default)


_BRANCHES = (MailSettings, HashSettings, HttpSettings)
ALL: dict[str, Setting] = {setting.name: setting for setting in _leaves(Settings)}
"""Every setting by its name."""


def _tree(tree: Any, values: Mapping[str, object]) -> Any:  # noqa: ANN401  a class of the tree, and its instance
    hints = get_type_hints(tree, include_extras=True)

    def value(leaf: Field[Any]) -> Iterator[tuple[str, object]]:
        if hints[leaf.name] in _BRANCHES:
            yield leaf.name, _tree(hints[leaf.name], values)
        elif leaf.name in values:
            yield leaf.name, values[leaf.name]

    return tree(**{name: found for leaf in fields(tree) for name, found in value(leaf)})


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == SETTINGS_FILE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in ALL:
            values[name] = text
        else:
            problems.append(f"{variable} is no setting: see docs/settings.md for the names, or unset it.")
    return values


def _from_file(file: Path | None, problems: list[str]) -> dict[str, object]:
    if file is None:
        return {}
    try:
        values = tomllib.loads(file.read_text())
    except OSError as error:
        problems.append(f"{file} cannot be read ({error.strerror}): check the path and who may read it.")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file} is not TOML: {error}.")
        return {}
    problems += [f"{name} in {file} is no setting: see docs/settings.md." for name in values if name not in ALL]
    return {name: value for name, value in values.items() if name in ALL}


def _typed(value: object, wanted: Any) -> object:  # noqa: ANN401  an annotation
    """A text or a TOML value in its setting's type. Raises ValueError that says what is wanted."""
    if isinstance(value, str) and get_origin(wanted) is tuple:
        value = [item.strip() for item in value.split(",") if item.strip()]
    return msgspec.convert(value, wanted, strict=False, dec_hook=_made)


def _made(wanted: Any, value: object) -> object:  # noqa: ANN401  an annotation
    """A value of a type msgspec does not know: Path or Secret."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise TypeError("a text is wanted")
    return Path(value).expanduser() if wanted is Path else Secret(value.strip())


# What does not start -------------------------------------------------------------------------------


def problems_of(settings: Settings) -> list[str]:
    """Why the program should not start with these, each with the way to mend it."""
    problems = [f"trusted_proxies: {text} is no network; write it as 10.0.0.0/8." for text in _no_networks(settings)]
    if settings.proxy_hops and not settings.trusted_proxies:
        problems.append("proxy_hops is set but trusted_proxies is empty: name the networks of your proxies.")
    return problems + (_production_problems(settings) if settings.is_production else [])


def refuse_unfit(settings: Settings) -> Settings:
    """The settings, if the program may start with them. Raises: SettingsError."""
    problems = problems_of(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


_EXAMPLES = ("example.com", "example.org", "example.net", "example", "your-domain")
_GUESSES = {"password", "changeme", "change-me", "secret", "admin", "smtp", "test", "example"}


def _production_problems(settings: Settings) -> list[str]:
    problems = [*_base_url_problems(settings.base_url), *_mail_problems(settings.mail)]
    if settings.extra_hosts:
        problems.append("extra_hosts belongs to development: in production base_url alone says the host. Unset it.")
    if settings.master_key is not None and settings.master_key_file is not None:
        problems.append("master_key and master_key_file are both set: keep one, the file if you can.")
    if settings.master_key is None and settings.master_key_file is None:
        problems.append(
            "There is no master key: run `vestibule keys new --file FILE`, keep a copy of FILE away from this"
            " machine, and set master_key_file to it."
        )
    elif settings.master_key_file is not None and not settings.master_key_file.exists():
        problems.append(f"master_key_file {settings.master_key_file} does not exist: `vestibule keys new --file` it.")
    return problems


def _base_url_problems(base_url: str) -> list[str]:
    if not base_url:
        return ["base_url is missing: set it to the address people use, as https://auth.your-domain."]
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    problems = []
    if parts.scheme not in ("http", "https") or not host:
        problems.append(f"base_url {base_url} is no web address: write it as https://auth.your-domain.")
    elif parts.scheme == "http" and not is_loopback(host):
        problems.append(f"base_url {base_url} is not protected: use https; http is for this machine alone.")
    if parts.path or parts.query or parts.fragment or parts.username:
        problems.append("base_url has no path, no `/` at its end, no query and no user: only https://host[:port].")
    if _is_example(host):
        problems.append(f"base_url {base_url} is the example: set your own address.")
    return problems


def _mail_problems(mail: MailSettings) -> list[str]:
    if not mail.smtp_host:
        return ["smtp_host is missing: without mail nobody can confirm an address or reset a password."]
    problems = []
    sender = mail.mail_from.rpartition("@")[2].strip("> ")
    if "@" not in mail.mail_from or not sender:
        problems.append("mail_from is missing or no address: write it as `Name <no-reply@your-domain>`.")
    elif _is_example(sender):
        problems.append(f"mail_from {mail.mail_from} is the example: set an address your mail server may send for.")
    if mail.smtp_username and not mail.smtp_password:
        problems.append("smtp_username is set but smtp_password is not: set both, or neither.")
    if mail.smtp_password.reveal().casefold() in _GUESSES:
        problems.append("smtp_password is a default or an example: set a real one.")
    if mail.smtp_tls == "none" and not is_loopback(mail.smtp_host):
        problems.append("smtp_tls is none but the mail server is another machine: use starttls or tls.")
    return problems


def _is_example(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in _EXAMPLES)


def _no_networks(settings: Settings) -> Iterator[str]:
    for text in settings.trusted_proxies:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            yield text
