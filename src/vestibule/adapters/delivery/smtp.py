"""Mail over SMTP. Implements core.messages.ports.Channel."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Literal, Protocol

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from vestibule.core.messages.model import Message
from vestibule.kernel.errors import Code, DomainError, refuse
from vestibule.kernel.ids import AppId
from vestibule.kernel.secret import Secret

Renderer = Callable[[Message], tuple[str, str, str]]
"""A message as subject, text and HTML."""

_ENHANCED_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


class MailServer(Protocol):
    """Which server takes our mail, and as whom: the mail part of the settings."""

    @property
    def smtp_host(self) -> str: ...
    @property
    def smtp_port(self) -> int: ...
    @property
    def smtp_username(self) -> str: ...
    @property
    def smtp_password(self) -> Secret[str]: ...
    @property
    def smtp_tls(self) -> Literal["starttls", "tls", "none"]: ...
    @property
    def mail_from(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """A connection per message: a few hundred a minute, and none to keep alive."""

    server: MailServer
    render: Renderer
    step_timeout_s: float = 15.0
    """How long the server may be silent."""
    total_timeout_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse secrets in the clear on a network, and a sender nobody can answer."""
        if self.server.smtp_tls == "none" and not _is_loopback(self.server.smtp_host):
            raise ValueError("mail without TLS is for a server on this machine only")
        if not self._domain:
            raise ValueError("the sender has no address")

    async def deliver(self, app_id: AppId, message: Message, message_id: str, now_ms: int, expires_at_ms: int) -> None:
        """Hand it over. `message_id` is the same at every try, so that a receiver can drop a copy.

        Raises: unavailable; with the field `permanent` when this message will never be taken.
        """
        mail = self._mail(message, message_id, now_ms)
        server = self.server
        try:
            async with asyncio.timeout(self.total_timeout_s):
                await aiosmtplib.send(
                    mail,
                    hostname=server.smtp_host,
                    port=server.smtp_port,
                    username=server.smtp_username or None,
                    password=server.smtp_password.reveal() or None,
                    use_tls=server.smtp_tls == "tls",
                    start_tls=server.smtp_tls == "starttls",
                    # Else the library asks the DNS for this machine's name, on the event loop.
                    local_hostname=self._domain,
                    timeout=self.step_timeout_s,
                )
        except (SMTPException, OSError, TimeoutError) as error:
            raise _refusal(error) from error

    @property
    def _domain(self) -> str:
        return parseaddr(self.server.mail_from)[1].partition("@")[2]

    def _mail(self, message: Message, message_id: str, now_ms: int) -> EmailMessage:
        subject, text, html = self.render(message)
        mail = EmailMessage(policy=SMTP)
        try:
            mail["From"] = self.server.mail_from
            mail["To"] = message.to
            mail["Subject"] = subject
            mail["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1_000, UTC))
            mail["Message-ID"] = f"<{message_id}@{self._domain}>"
            mail["Auto-Submitted"] = "auto-generated"
        except ValueError as error:
            raise refuse(Code.UNAVAILABLE, "a header cannot be written", permanent=1) from error
        if not _is_one_address(mail, message.to):
            raise refuse(Code.UNAVAILABLE, "the recipient is not one address", permanent=1)
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
        return mail


def _refusal(error: Exception) -> DomainError:
    """What went wrong, without the server's sentences: they quote addresses.

    Permanent is only what the server holds against this recipient or this text: a refused sender, password or
    TLS is the operator's to mend, and the message can wait for it.
    """
    answer = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
    reason = type(answer).__name__
    if not isinstance(answer, SMTPResponseException):
        return refuse(Code.UNAVAILABLE, reason)
    status = _ENHANCED_STATUS.search(answer.message)
    reason = f"{reason} {answer.code} {status[0] if status else ''}".rstrip()
    if isinstance(answer, (SMTPRecipientRefused, SMTPDataError)) and answer.code >= 500:
        return refuse(Code.UNAVAILABLE, reason, permanent=1)
    return refuse(Code.UNAVAILABLE, reason)


def _is_one_address(mail: EmailMessage, recipient: str) -> bool:
    read = [address.addr_spec for address in mail["To"].addresses]
    return read == [recipient] and all(recipient.partition("@"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
