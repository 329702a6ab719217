"""What others wrote never becomes markup or a header of a mail. Source: OWASP ASVS 1.2.1, 1.3.11."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checks import refused
from tests.web.html import Page
from tests.world import ORIGIN, World
from vestibule.adapters.agents import AgentParser
from vestibule.adapters.delivery.smtp import SmtpChannel
from vestibule.core.messages.model import Message
from vestibule.core.signin.model import Purpose
from vestibule.kernel.errors import Code
from vestibule.kernel.origin import Agent, Version
from vestibule.settings import MailSettings
from vestibule.web.message import render_message

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>x</b>',
    "'><svg/onload=1>",
    "</title><h1>x",
    "&lt;b&gt;",
    "x\r\nBcc: eve@evil.test",
    "x\nSubject: evil",
    "x\r\n\r\n<html>",
    "{{7*7}}",
    "${7*7}",
    "{% raw %}",
    "https://evil.test",
    "\x00\x1b[31m",
    "=?utf-8?q?evil?=",
    "\u202etxet",
    "javascript:alert(1)",
    "a" * 5000,
]


def _sent(message: Message) -> tuple[str, str, str]:
    """The mail as SMTP carries it, with its decoded text and HTML."""
    channel = SmtpChannel(MailSettings(mail_from="Acme <no-reply@acme.test>"), render_message)
    mail = channel._mail(message, "0" * 24, 1_795_264_320_000)
    parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
    return mail.as_bytes().decode("ascii", "replace"), parts["text/plain"], parts["text/html"]


def _is_clean(message: Message, to: str) -> None:
    raw, _, html = _sent(message)
    head = raw.partition("\r\n\r\n")[0]
    names = [line.partition(":")[0].lower() for line in head.split("\r\n") if line[:1] not in {" ", "\t"}]
    assert len(names) == len(set(names))
    assert "bcc" not in names
    assert "cc" not in names
    assert [line for line in head.split("\r\n") if line.lower().startswith("to:")] == [f"To: {to}"]
    page = Page(html)
    tags = {each.tag for each in page.elements}
    assert not tags & {"script", "svg", "iframe", "form", "object", "embed", "base"}
    assert not [name for each in page.elements for name in each.attributes if name.startswith("on")]
    hosts = [each["href"] or "" for each in page.all("a")]
    assert not [href for href in hosts if not href.startswith("http://localhost:8000/")]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("purpose", [Purpose.EMAIL_CONFIRM, Purpose.MAGIC_LINK])
async def test_a_user_agent_is_only_text(world: World, payload, purpose):
    agent = Agent(Version(payload), Version(payload), Version(payload))
    origin = replace(ORIGIN, user_agent=payload, agent=agent)
    await world.user("ada@acme.test")
    await world.house.links.send(world.app, purpose, "ada@acme.test", origin)
    [*_, mail] = await world.deliver()
    _is_clean(mail, "ada@acme.test")


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_user_agent_as_it_is_really_parsed_is_only_text(world: World, payload):
    origin = replace(ORIGIN, agent=await AgentParser().parse(f"Mozilla/5.0 ({payload}) {payload}/1.0"))
    await world.house.links.send(world.app, Purpose.MAGIC_LINK, "ada@acme.test", origin)
    _is_clean((await world.deliver())[-1], "ada@acme.test")


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_the_name_of_a_user_is_only_text(world: World, payload):
    if "\x00" in payload or len(payload) > 2000:
        with refused(Code.FIELD_INVALID):
            await world.sign_up("ada@acme.test", name=payload)
        return
    await world.sign_up("ada@acme.test", name=payload)
    _is_clean((await world.deliver())[-1], "ada@acme.test")


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_the_name_of_an_app_is_only_text(world: World, payload):
    world.app = replace(world.app, name=payload)
    await world.sign_up("ada@acme.test")
    _is_clean((await world.deliver())[-1], "ada@acme.test")


RECIPIENTS = [
    "a@x.test,b@y.test",
    "a@x.test;b@y.test",
    "a@x.test b@y.test",
    "a@x.test\r\nBcc: eve@evil.test",
    "a@x.test\nb@y.test",
    '"a@e.test"@x.test',
    "a@e.test@x.test",
    "<a@x.test>",
    "A <a@x.test>",
    "a@x.test>",
    "a@[127.0.0.1]",
    "a@x.test\x00",
    "a@",
    "@x.test",
    "a",
    "",
    "a@x..test",
    ".a@x.test",
    "a.@x.test",
    "a..b@x.test",
    "a@-x.test",
    "a@x.test.",
    "a@localhost",
    "a(b)@x.test",
    "a@x.test (b)",
    "a\u200b@x.test",
    "a@x\u2028.test",
    "a\uff20e.test@x.test",
    "a\ufe6be.test@x.test",
    f"a@{'x' * 250}.test",
    "a%b@c@x.test",
    "a@x.test%0a",
    "=?utf-8?q?a?=@x.test@evil.test",
    "a@x_y.test",
    "mailto:a@x.test",
]


@pytest.mark.parametrize("recipient", RECIPIENTS)
async def test_a_recipient_is_one_address(world: World, recipient):
    """Source: OWASP ASVS 1.3.11: one @ after NFKC, no list, no comment, no line break."""
    with refused(Code.EMAIL_INVALID):
        await world.house.links.send(world.app, Purpose.MAGIC_LINK, recipient, ORIGIN)
    assert await world.deliver() == []
