"""Settings that cannot work are refused at the start, by name."""

import pytest

from tests.contrib.issuer import API_KEY
from vestibule.contrib.config import Config

URL = "https://auth.example/e:0123456789abcdef01234567"
GOOD = {"url": URL, "api_key": API_KEY}
OFF = {"url": URL, "feed": False}


@pytest.mark.parametrize(
    "options",
    [
        GOOD,
        OFF,
        {**GOOD, "feed": "poll"},
        {**GOOD, "url": f"{URL}/"},
        {**OFF, "url": "http://localhost:8000/e:1"},
        {**OFF, "url": "http://app.localhost"},
        {**OFF, "url": "http://127.0.0.2:1"},
        {**OFF, "url": "http://[::1]:8000"},
        {**OFF, "url": "http://auth:8000", "allow_http": True},
        {**OFF, "algorithm": "HS256", "signing_key": "s" * 32},
        {**OFF, "leeway": 60, "when_stale": "accept"},
    ],
)
def test_settings_that_work(options):
    assert Config.of({name.upper(): value for name, value in options.items()}).address == options["url"].rstrip("/")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "url"),
        ({"url": URL}, "api_key"),
        ({"url": URL, "api_key": "ck_0123456789abcdef01234567_x"}, "api_key"),
        ({"url": URL, "api_key": f"{API_KEY}\n"}, "api_key"),
        ({**OFF, "url": "http://auth.example"}, "allow_http"),
        ({**OFF, "url": "http://127.0.0.1.example"}, "allow_http"),
        ({**OFF, "url": "http://localhost.example"}, "allow_http"),
        ({**OFF, "url": "ftp://auth.example"}, "url"),
        ({**OFF, "url": "file:///etc/passwd"}, "url"),
        ({**OFF, "url": "auth.example"}, "url"),
        ({**OFF, "url": "https://"}, "url"),
        ({**OFF, "url": "https://user:pass@auth.example"}, "url"),
        ({**OFF, "url": "https://auth.example?x=1"}, "url"),
        ({**OFF, "url": "https://auth.example#x"}, "url"),
        ({**OFF, "url": "https://auth.example/a b"}, "url"),
        ({**OFF, "url": "https://auth.example:99999"}, "url"),
        ({**OFF, "algorithm": "HS256"}, "signing_key"),
        ({**OFF, "signing_key": "s" * 32}, "signing_key"),
        ({**OFF, "algorithm": "ES256", "signing_key": "s" * 32}, "signing_key"),
        ({**OFF, "algorithm": "HS256", "signing_key": "s" * 31}, "32 bytes"),
        ({**OFF, "algorithm": "none"}, "algorithm"),
        ({**OFF, "leeway": 61}, "leeway"),
        ({**OFF, "leeway": -1}, "leeway"),
        ({**OFF, "max_staleness": 5}, "max_staleness"),
        ({**OFF, "poll_interval": 0.01}, "poll_interval"),
        ({**OFF, "first_wait": 60}, "first_wait"),
        ({**OFF, "when_stale": "maybe"}, "when_stale"),
        ({**OFF, "feed": "yes"}, "feed"),
        ({**OFF, "max_stalenes": 5}, "max_stalenes"),
    ],
)
def test_settings_that_do_not(options, name):
    with pytest.raises(ValueError, match=name):
        Config.of(options)


def test_secrets_are_not_shown():
    shown = repr(Config(url=URL, api_key=API_KEY, algorithm="HS256", signing_key="s" * 32))
    assert API_KEY not in shown
    assert "ssss" not in shown
