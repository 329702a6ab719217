"""SMTP against a server on this machine: what arrives, and what each refusal means."""

import asyncio
import email
import email.policy
import ipaddress
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes import START_MS
from vestibule.adapters.delivery.smtp import SmtpChannel
from vestibule.core.messages.model import Message, MessageKind
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret
from vestibule.settings import MailSettings
from vestibule.web.message import render_message

ACME = AppId("a" * 24)
LINK = f"https://auth.acme.test/e:{ACME}/_api/rest/v1/auth/verify?key=lk_{'x' * 90}"
MESSAGE = Message(
    kind=MessageKind.VERIFY,
    app_name="Acme",
    to="ada@example.com",
    subject="Confirm your address",
    preheader="Your code is 482913",
    heading="Confirm your address",
    paragraphs=("Someone signed up for Acme with this address.",),
    code="482913",
    button=("Confirm address", LINK),
)


class Handler:
    """Keeps what arrives; `answers` are given instead of 250, by command."""

    def __init__(self, **answers):
        self.answers = answers
        self.arrived = []
        self.envelopes = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd's name
        envelope.mail_from = address
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  aiosmtpd's name
        if "rcpt" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  aiosmtpd's name
        if "data" in self.answers:
            return self.answers["data"]
        self.arrived.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.envelopes.append(envelope)
        return "250 OK"


@dataclass
class Post:
    """A running server and how to reach it."""

    handler: Handler
    port: int

    def channel(self, **settings):
        mail = MailSettings(
            smtp_host="127.0.0.1",
            smtp_port=self.port,
            smtp_tls="none",
            mail_from="Acme sign-in <no-reply@acme.test>",
        )
        return SmtpChannel(replace(mail, **settings), render_message, 1.0, 2.0)

    async def deliver(self, message=MESSAGE, message_id="0190b0c0ffee", **settings):
        await self.channel(**settings).deliver(ACME, message, message_id, START_MS, START_MS + 1)


@pytest.fixture
async def post():
    """A function that starts a server with these options, whose handler gives these answers."""
    servers = []

    async def start(tls_from_the_start=None, options=None, **answers):
        handler = Handler(**answers)
        loop = asyncio.get_running_loop()
        given = {"hostname": "mx.acme.test", "enable_SMTPUTF8": True, "loop": loop, **(options or {})}
        server = await loop.create_server(lambda: SMTP(handler, **given), "127.0.0.1", ssl=tls_from_the_start)
        servers.append(server)
        return Post(handler, server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    await asyncio.sleep(0.05)


async def refusal_of(delivery):
    with pytest.raises(DomainError) as refusal:
        await delivery
    assert refusal.value.code is Code.UNAVAILABLE
    assert "@" not in refusal.value.reason
    return refusal.value


# --- What arrives -------------------------------------------------------------------------------


async def test_a_message_arrives_in_two_forms(post):
    server = await post()
    await server.deliver()
    (mail,) = server.handler.arrived
    assert mail["From"] == "Acme sign-in <no-reply@acme.test>"
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<0190b0c0ffee@acme.test>"
    assert mail["Date"].datetime.timestamp() * 1000 == START_MS
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        assert part.get_content_charset() == "utf-8"
        assert "482913" in part.get_content()
    assert LINK in text.get_content()
    (envelope,) = server.handler.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@acme.test", ["ada@example.com"])


async def test_every_line_fits_any_server(post):
    server = await post()
    await server.deliver(replace(MESSAGE, paragraphs=("Grüße 🔑 " * 400,)))
    (envelope,) = server.handler.envelopes
    assert envelope.content.isascii()
    assert max(map(len, envelope.content.split(b"\r\n"))) <= 998
    text = next(server.handler.arrived[0].iter_parts()).get_content()
    assert " ".join(text.split()).count("Grüße 🔑") == 400


async def test_every_try_has_the_same_message_id(post):
    server = await post()
    for _ in range(2):
        await server.deliver()
    first, second = server.handler.arrived
    assert first["Message-ID"] == second["Message-ID"]


async def test_an_address_with_other_letters_arrives(post):
    server = await post()
    await server.deliver(replace(MESSAGE, to="münchen@xn--bcher-kva.example"))
    assert server.handler.envelopes[0].rcpt_tos == ["münchen@xn--bcher-kva.example"]


# --- Injection ----------------------------------------------------------------------------------


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x0c", "\x85", "\0"])
async def test_no_text_makes_a_header(post, break_):
    server = await post()
    evil = f"Hello{break_}Bcc: eve@example.org{break_}{break_}<script>alert(1)</script>"
    await server.deliver(replace(MESSAGE, subject=evil, app_name=evil, heading=evil, preheader=evil))
    (mail,) = server.handler.arrived
    assert mail["Bcc"] is None
    assert len(mail.keys()) == len(set(mail.keys()))
    assert server.handler.envelopes[0].rcpt_tos == ["ada@example.com"]
    _, html = mail.iter_parts()
    assert "<script>" not in html.get_content()


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r"])
async def test_a_renderer_that_lets_a_break_through_is_refused_for_good(post, break_):
    server = await post()
    channel = replace(server.channel(), render=lambda _: (f"Hi{break_}Bcc: eve@example.org", "text", "<p>html"))
    refusal = await refusal_of(channel.deliver(ACME, MESSAGE, "id", START_MS, START_MS))
    assert refusal.fields == {"permanent": 1}
    assert server.handler.arrived == []


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.com\r\nRCPT TO:<eve@example.org>",
        "ada@example.com\nBcc: eve@example.org",
        "ada@example.com, eve@example.org",
        "ada@example.com> SIZE=1",
        "ada",
        "",
        "@",
    ],
)
async def test_a_recipient_is_one_address(post, to):
    server = await post()
    refusal = await refusal_of(server.deliver(replace(MESSAGE, to=to)))
    assert refusal.fields == {"permanent": 1}
    assert server.handler.envelopes == []


async def test_a_message_id_makes_no_header(post):
    server = await post()
    await refusal_of(server.deliver(message_id="x>\r\nBcc: eve@example.org"))
    assert server.handler.arrived == []


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "fields", "reason"),
    [
        ({"rcpt": "550 5.1.1 no <ada@example.com> here"}, {"permanent": 1}, "SMTPRecipientRefused 550 5.1.1"),
        ({"rcpt": "450 4.2.1 ada@example.com is busy"}, {}, "SMTPRecipientRefused 450 4.2.1"),
        ({"data": "554 5.7.1 smells of spam"}, {"permanent": 1}, "SMTPDataError 554 5.7.1"),
        ({"data": "451 try later"}, {}, "SMTPDataError 451"),
        ({"mail": "550 5.7.1 no-reply@acme.test may not"}, {}, "SMTPSenderRefused 550 5.7.1"),
        ({"mail": "421 4.3.2 closing"}, {}, "SMTPSenderRefused 421 4.3.2"),
    ],
)
async def test_only_what_concerns_this_message_is_permanent(post, answers, fields, reason):
    server = await post(**answers)
    refusal = await refusal_of(server.deliver())
    assert (refusal.fields, refusal.reason) == (fields, reason)


async def test_no_server_is_asked_again():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refusal = await refusal_of(Post(Handler(), port).deliver())
    assert refusal.fields == {}


@asynccontextmanager
async def impostor(*lines, ends):
    """Something that is no mail server: it says these lines, over and over unless it ends."""
    over = asyncio.Event()

    async def speak(reader, writer):
        with suppress(ConnectionError):
            while not over.is_set():
                writer.writelines(lines)
                await writer.drain()
                if ends:
                    break
                await asyncio.sleep(0.1)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(speak, "127.0.0.1")
    yield Post(Handler(), server.sockets[0].getsockname()[1])
    over.set()
    server.close()
    await asyncio.sleep(0.15)


@pytest.mark.parametrize("lines", [(), (b"220-still here\r\n",), (b"220 mx.acme.test\r\n", b"250-mx\r\n")])
async def test_a_server_that_never_comes_to_an_end_is_left(lines):
    async with impostor(*lines, ends=False) as server:
        begin = asyncio.get_running_loop().time()
        refusal = await refusal_of(server.deliver())
        assert refusal.fields == {}
        assert asyncio.get_running_loop().time() - begin < 3


@pytest.mark.parametrize("line", [b"", b"hello\r\n", b"\xff\xfe\0\r\n", b"220" + b"x" * 100_000, b"554 no\r\n"])
async def test_a_server_that_speaks_nonsense_is_asked_again(line):
    async with impostor(line, ends=True) as server:
        assert (await refusal_of(server.deliver())).fields == {}


# --- Protection ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_tls_is_not_optional(post, tls):
    """A server, or someone in between, that offers none gets no message."""
    server = await post()
    assert (await refusal_of(server.deliver(smtp_tls=tls))).fields == {}
    assert server.handler.arrived == []


async def test_a_certificate_nobody_vouches_for_is_refused(post, certificate):
    server = await post(options={"tls_context": _serving(certificate)})
    await refusal_of(server.deliver(smtp_tls="starttls"))
    assert server.handler.arrived == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("is_right", [True, False])
async def test_the_password_goes_through_tls(post, certificate, monkeypatch, tls, is_right):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context, seen = _serving(certificate), []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=is_right, handled=False)

    options = {"authenticator": authenticate, "auth_require_tls": tls == "starttls"}
    is_starttls = tls == "starttls"
    server = await post(None if is_starttls else context, options | ({"tls_context": context} if is_starttls else {}))
    sending = server.deliver(smtp_tls=tls, smtp_username="acme", smtp_password=Secret("hunter2-hunter2"))
    if is_right:
        await sending
        assert len(server.handler.arrived) == 1
    else:
        refusal = await refusal_of(sending)
        assert refusal.fields == {}  # a password can be mended, and the message waits for it
        assert refusal.reason.startswith("SMTPAuthenticationError 535")
        assert "hunter2" not in refusal.reason + repr(refusal)
    assert seen[0] == (b"acme", b"hunter2-hunter2")


@pytest.mark.parametrize("host", ["mail.acme.test", "192.0.2.1", "localhost.acme.test", "10.0.0.1", ""])
def test_without_tls_only_on_this_machine(host):
    with pytest.raises(ValueError, match="without TLS"):
        SmtpChannel(MailSettings(smtp_host=host, smtp_tls="none", mail_from="a@acme.test"), render_message)


@pytest.mark.parametrize("sender", ["", "Acme", "Acme <>", "Acme <no-reply>"])
def test_a_sender_has_an_address(sender):
    with pytest.raises(ValueError, match="sender"):
        SmtpChannel(MailSettings(smtp_host="mail.acme.test", mail_from=sender), render_message)


def _serving(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
