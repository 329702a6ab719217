"""SMTP against a server on this machine: what arrives, and what each refusal means."""

import asyncio
import email
import email.policy
import socket
import ssl
from dataclasses import dataclass, replace

import pytest
from aiosmtpd.smtp import SMTP as Server

from tests.fakes import START_MS
from vestibule.adapters.delivery.smtp import SmtpChannel
from vestibule.core.messages.model import Message, MessageKind
from vestibule.kernel.errors import Code, DomainError
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret
from vestibule.settings import MailSettings
from vestibule.web.message import render_message

ACME = AppId("a" * 24)
MESSAGE = Message(
    kind=MessageKind.VERIFY,
    app_name="Acme",
    to="ada@example.com",
    subject="Confirm your address",
    preheader="Your code is 482913",
    heading="Confirm your address",
    paragraphs=("Someone signed up for Acme with this address.",),
    code="482913",
    button=("Confirm address", f"https://auth.acme.test/e:{ACME}/_api/rest/v1/auth/verify?key=lk_{'x' * 90}"),
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
    """A function that starts a server whose handler has these answers."""
    servers = []

    async def start(factory=Server, **answers):
        handler = Handler(**answers)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: factory(handler, hostname="mx.acme.test", enable_SMTPUTF8=True, loop=loop), "127.0.0.1"
        )
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
    assert MESSAGE.button[1] in text.get_content()
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


@pytest.mark.parametrize("greeting", [b"", b"220 mx.acme.test\r\n"])
async def test_a_server_that_hangs_is_left(greeting):
    async def hang(reader, writer):
        writer.write(greeting)
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1") as server:
        begin = asyncio.get_running_loop().time()
        refusal = await refusal_of(Post(Handler(), server.sockets[0].getsockname()[1]).deliver())
        assert refusal.fields == {}
        assert asyncio.get_running_loop().time() - begin < 2.5


async def test_a_server_that_drips_is_left():
    async def drip(reader, writer):
        with pytest.raises((ConnectionError, asyncio.CancelledError)):
            while True:
                writer.write(b"220-still here\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)

    async with await asyncio.start_server(drip, "127.0.0.1") as server:
        begin = asyncio.get_running_loop().time()
        refusal = await refusal_of(Post(Handler(), server.sockets[0].getsockname()[1]).deliver())
        assert refusal.reason in {"TimeoutError", "SMTPReadTimeoutError", "SMTPConnectTimeoutError"}
        assert asyncio.get_running_loop().time() - begin < 3


@pytest.mark.parametrize("answer", [b"hello\r\n", b"\xff\xfe\0\r\n", b"220" + b"x" * 100_000 + b"\r\n", b"554 no\r\n"])
async def test_a_server_that_speaks_nonsense_is_asked_again(answer):
    async def babble(reader, writer):
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1") as server:
        refusal = await refusal_of(Post(Handler(), server.sockets[0].getsockname()[1]).deliver())
        assert refusal.fields == {}


# --- Protection ---------------------------------------------------------------------------------


async def test_starttls_is_not_optional(post):
    """A server, or someone in between, that offers no TLS gets neither password nor message."""
    server = await post()
    refusal = await refusal_of(
        server.deliver(smtp_tls="starttls", smtp_username="acme", smtp_password=Secret("hunter2-hunter2"))
    )
    assert refusal.fields == {}
    assert server.handler.arrived == []


async def test_a_certificate_nobody_vouches_for_is_refused(post, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def with_tls(*args, **options):
        return Server(*args, tls_context=context, **options)

    server = await post(with_tls)
    await refusal_of(server.deliver(smtp_tls="starttls"))
    assert server.handler.arrived == []


async def test_a_wrong_password_can_be_mended(post):
    def with_sign_in(*args, **options):
        return Server(*args, authenticator=lambda *_: _refused(), auth_require_tls=False, **options)

    server = await post(with_sign_in)
    refusal = await refusal_of(server.deliver(smtp_username="acme", smtp_password=Secret("hunter2-hunter2")))
    assert refusal.fields == {}
    assert "SMTPAuthenticationError" in refusal.reason
    assert "hunter2" not in refusal.reason + repr(refusal)


@pytest.mark.parametrize("host", ["mail.acme.test", "192.0.2.1", "localhost.acme.test", "10.0.0.1", ""])
def test_without_tls_only_on_this_machine(host):
    with pytest.raises(ValueError, match="without TLS"):
        SmtpChannel(MailSettings(smtp_host=host, smtp_tls="none", mail_from="a@acme.test"), render_message)


@pytest.mark.parametrize("sender", ["", "Acme", "Acme <>", "Acme <no-reply>"])
def test_a_sender_has_an_address(sender):
    with pytest.raises(ValueError, match="sender"):
        SmtpChannel(MailSettings(smtp_host="mail.acme.test", mail_from=sender), render_message)


def _refused():
    from aiosmtpd.smtp import AuthResult  # noqa: PLC0415  loaded where it is needed

    return AuthResult(success=False, handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A key and a certificate signed by itself, in one file."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415  only this fixture makes certificates

    from cryptography import x509  # noqa: PLC0415  only this fixture makes certificates
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  as above

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
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
