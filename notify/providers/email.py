"""Mail through an SMTP server, step by step, so that it is known whether a failure came before the handing over."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from notify.provider import Doubt, Heard, Kind, Later, Message, Never, Receipt, Sent

KINDS: frozenset[Kind] = frozenset({"email"})
#: Replies of 500 and above are for good (RFC 5321 §4.2.1).
PERMANENT = 500
TAKEN = 250


class EmailOptions(BaseModel):
    """Table of an ``email`` route."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str
    port: int = Field(587, ge=1, le=65535)
    sender: str
    user: str = ""
    password: str = Field("", repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"
    timeout: float = Field(20.0, gt=0)


@dataclass(slots=True)
class EmailProvider:
    """One connection a message: servers close idle ones, and alerts are rare."""

    options: EmailOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[False] = False

    async def open(self) -> None:
        """Nothing is held between messages."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, message: Message) -> Sent:
        """Hand over to the server."""
        return await asyncio.to_thread(self._send, message)

    async def find(self, reference: str) -> bool | None:
        """Say nothing: SMTP cannot be asked."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Refuse: bounces come as mail to the sender's address."""
        message = f"e-mail has no callback ({content_type}, {len(payload)} octets)"
        raise ValueError(message)

    def _send(self, message: Message) -> Sent:
        written = self._written(message)
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            reason = f"the mail server does not let us in: {type(error).__name__}"
            raise Later(reason) from error
        try:
            self._taken_from_us(*server.mail(self.options.sender))
            self._accepted(*server.rcpt(message.address), person=True)
            self._handed_over(server, written.as_bytes())
        except smtplib.SMTPServerDisconnected as error:
            reason = "the mail server hung up before the message"
            raise Later(reason) from error
        finally:
            server.close()
        return Sent((written["Message-ID"],))

    def _connected(self) -> smtplib.SMTP:
        options = self.options
        if options.security == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                options.host, options.port, timeout=options.timeout, context=context
            )
        else:
            server = smtplib.SMTP(options.host, options.port, timeout=options.timeout)
        if options.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        if options.user:
            server.login(options.user, options.password)
        return server

    def _taken_from_us(self, code: int, said: bytes) -> None:
        """Whether the server lets our sender write at all: that it does not says nothing of the person."""
        if code not in {250, 251}:
            reason = (
                f"the mail server refuses our sender: {code} {said.decode('ascii', 'replace')}; check user and sender"
            )
            raise Later(reason)

    def _accepted(self, code: int, said: bytes, *, person: bool = False) -> None:
        if code >= PERMANENT:
            reason = f"the mail server refused for good: {code} {said.decode('ascii', 'replace')}"
            raise Never(reason)
        if code not in {250, 251}:
            reason = f"the mail server refused for now: {code} {said.decode('ascii', 'replace')}"
            raise Later(reason, person=person)

    def _handed_over(self, server: smtplib.SMTP, content: bytes) -> None:
        """After the final dot a lost answer is a doubt (RFC 1047)."""
        try:
            code, said = server.data(content)
        except smtplib.SMTPDataError as error:
            self._accepted(error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"")
            raise
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            reason = f"the mail server gave no answer to the message: {type(error).__name__}"
            raise Doubt(reason) from error
        self._accepted(code, said)

    def _written(self, message: Message) -> EmailMessage:
        written = EmailMessage()
        written["From"] = self.options.sender
        written["To"] = message.address
        written["Subject"] = message.title or message.text.split("\n")[0][:120]
        written["Date"] = format_datetime(message.at)
        written["Message-ID"] = f"<{message.reference}@{self.options.sender.rpartition('@')[2].rstrip('>')}>"
        written["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
        written["Content-Language"] = message.language
        written.set_content(message.full)
        return written
