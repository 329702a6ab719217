"""Settings: one name everywhere, unknown ones refused, and nothing unfit starts."""

from pathlib import Path

import pytest

from vestibule.kernel.secret import Secret
from vestibule.settings import ALL, MailSettings, Settings, SettingsError, load, problems_of, refuse_unfit

FIT = {
    "VESTIBULE_BASE_URL": "https://auth.acme.test",
    "VESTIBULE_MASTER_KEY": "k001:vBq3Yb5T1kPz0wq4mDq0q7hJcXr2s9uLfNe6gW8aHcE",
    "VESTIBULE_SMTP_HOST": "mail.acme.test",
    "VESTIBULE_MAIL_FROM": "Acme <no-reply@acme.test>",
}


def problems(**changes: str) -> str:
    environ = {**FIT, **{f"VESTIBULE_{name.upper()}": value for name, value in changes.items()}}
    return "\n".join(problems_of(load(environ, None)))


def test_names_are_unique_and_speak_of_their_unit():
    assert len(ALL) == len({setting.variable for setting in ALL.values()})
    units = ("_s", "_bytes", "_port", "_hops", "_threads", "_queue", "port")
    numbers = [s.name for s in ALL.values() if isinstance(s.default, (int, float)) and not isinstance(s.default, bool)]
    assert [name for name in numbers if not name.endswith(units)] == []


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\ntrusted_proxies = ["10.0.0.0/8"]\nsmtp_host = "a"')
    settings = load({"VESTIBULE_PORT": "2", "VESTIBULE_HOST": "10.0.0.2"}, file, host="10.0.0.3", data_dir=None)
    assert (settings.port, settings.host, settings.mail.smtp_host) == (2, "10.0.0.3", "a")
    assert settings.trusted_proxies == ("10.0.0.0/8",)


def test_values_get_their_type():
    settings = load(
        {
            "VESTIBULE_SMTP_PASSWORD": " geheim ",
            "VESTIBULE_EXTRA_HOSTS": "a, b,",
            "VESTIBULE_DATA_DIR": "~/x",
            "VESTIBULE_HEADER_TIMEOUT_S": "2.5",
        },
        None,
    )
    assert settings.mail.smtp_password == Secret("geheim")
    assert settings.extra_hosts == ("a", "b")
    assert settings.data_dir == Path.home() / "x"
    assert settings.http.header_timeout_s == 2.5
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"VESTIBULE_SMPT_HOST": "x"}, "VESTIBULE_SMPT_HOST is no setting"),
        ({"VESTIBULE_PORT": "80a"}, "port:"),
        ({"VESTIBULE_PORT": "0"}, "port:"),
        ({"VESTIBULE_SMTP_TLS": "yes"}, "smtp_tls:"),
        ({"VESTIBULE_LOG_LEVEL": "loud"}, "log_level:"),
    ],
)
def test_what_cannot_be_read_is_named(environ, text):
    with pytest.raises(SettingsError) as refusal:
        load(environ, None)
    assert refusal.value.problems[0].startswith(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [("prot = 1", "prot in"), ("port = ", "is not TOML"), ("port = [1]", "port:"), ("host = 1", "host:")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, content, text):
    file = tmp_path / "settings.toml"
    file.write_text(content)
    with pytest.raises(SettingsError) as refusal:
        load({}, file)
    assert text in refusal.value.problems[0]


def test_a_missing_file_and_all_problems_at_once(tmp_path):
    with pytest.raises(SettingsError) as refusal:
        load({"VESTIBULE_PORT": "x", "VESTIBULE_NOPE": "1"}, tmp_path / "none.toml")
    assert len(refusal.value.problems) == 3


def test_fit_settings_start():
    assert problems() == ""
    assert problems_of(Settings.development(Path("x"))) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"base_url": ""}, "base_url is missing"),
        ({"base_url": "http://auth.acme.test"}, "is not protected"),
        ({"base_url": "https://auth.example.com"}, "is the example"),
        ({"base_url": "https://auth.acme.test/"}, "has no path"),
        ({"base_url": "auth.acme.test"}, "is no web address"),
        ({"smtp_host": ""}, "smtp_host is missing"),
        ({"smtp_password": "ChangeMe"}, "smtp_password is a default"),
        ({"smtp_tls": "none"}, "smtp_tls is none"),
        ({"mail_from": "Acme"}, "mail_from is missing"),
        ({"mail_from": "a@example.com"}, "mail_from a@example.com is the example"),
        ({"master_key": ""}, ""),
        ({"master_key_file": "/nowhere/master.key"}, "are both set"),
        ({"extra_hosts": "a"}, "extra_hosts belongs to development"),
        ({"trusted_proxies": "10.0.0.1/8"}, "is no network"),
        ({"proxy_hops": "1"}, "trusted_proxies is empty"),
    ],
)
def test_production_refuses(change, text):
    assert text in problems(**change)


def test_production_needs_a_master_key(tmp_path):
    environ = {name: value for name, value in FIT.items() if name != "VESTIBULE_MASTER_KEY"}
    assert "There is no master key" in problems_of(load(environ, None))[0]
    gone = load(environ, None, master_key_file=tmp_path / "gone")
    assert "does not exist" in problems_of(gone)[0]


def test_loopback_may_be_unprotected():
    assert problems(base_url="http://localhost:8000", smtp_host="127.0.0.1", smtp_tls="none") == ""


def test_refusing():
    settings = Settings(mail=MailSettings())
    with pytest.raises(SettingsError):
        refuse_unfit(settings)
