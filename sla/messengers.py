"""Alarms to people who look at no board: a webhook and an e-mail, each where the operator has set it."""

import asyncio
import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp

from config.clock import SHANGHAI, from_ms
from config.i18n import Translator
from config.log import Log

TRIES = (0.0, 2.0, 10.0)  # seconds before each try
TIMEOUT_S = 10.0
_LOG = Log("sla.messengers")


@dataclass(frozen=True, slots=True)
class Mail:
    """Where e-mails go: *server* is ``smtp://user:password@host:port`` or ``smtps://...``."""

    server: str
    sender: str
    to: tuple[str, ...]


class Messengers:
    """Sends a message by every way that is set; a way that fails is tried again, and then given up."""

    def __init__(
        self, *, webhook: str = "", mail: Mail | None = None, board: str = "", texts: Translator
    ) -> None:
        """*board* is the address that the message leads to; *texts* has the catalogue ``board``."""
        self._webhook, self._mail, self._board, self._t = webhook, mail, board, texts

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send; return when each way is done or given up."""
        ways = []
        if self._webhook:
            ways.append(self._insist("webhook", self._post, message))
        if self._mail:
            ways.append(self._insist("mail", self._write, message))
        await asyncio.gather(*ways)

    async def _insist(self, way: str, work: Any, message: Mapping[str, Any]) -> None:
        for wait in TRIES:
            await asyncio.sleep(wait)
            try:
                await work(message)
            except (aiohttp.ClientError, OSError, smtplib.SMTPException, TimeoutError) as error:
                _LOG.warning("alarm.not_sent", way=way, alarm=message["alarm"], error=type(error).__name__)
            else:
                return

    async def _post(self, message: Mapping[str, Any]) -> None:
        body = {**message, "text": text_of(message, self._t), "board": self._board}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self._webhook, json=body, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()

    async def _write(self, message: Mapping[str, Any]) -> None:
        if self._mail is not None:
            text = text_of(message, self._t)
            letter = EmailMessage()
            letter["Subject"] = text
            letter["From"], letter["To"] = self._mail.sender, ", ".join(self._mail.to)
            details = json.dumps(dict(message), ensure_ascii=False, indent=2)
            letter.set_content(f"{text}\n\n{self._board}\n\n{details}\n")
            await asyncio.to_thread(_deliver, self._mail, letter)


def text_of(message: Mapping[str, Any], t: Translator) -> str:
    """Return a message in one line, for people who look at no board."""
    when = from_ms(int(message["at_ms"])).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
    value, limit = (f"{message[name]:g}" for name in ("value", "limit"))
    what = t(f"board.alarm_{message['measure']}", value=value, limit=limit)
    return t(f"board.alarm_{message['state']}", what=what, when=when)


def _deliver(mail: Mail, message: EmailMessage) -> None:
    parts = urlsplit(mail.server)
    secure, host = parts.scheme == "smtps", parts.hostname or ""
    server: smtplib.SMTP
    if secure:
        context = ssl.create_default_context()
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_S)
    with server:
        if parts.username:
            if not secure:
                server.starttls(context=ssl.create_default_context())  # never a password in the clear
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
