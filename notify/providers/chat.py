"""Telegram and a hundred other chats through apprise; a subscriber's address is an apprise URL."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from notify.provider import Doubt, Heard, Kind, Later, Message, Never, Receipt, Sent

KINDS: frozenset[Kind] = frozenset({"chat"})
#: Schemes that lead to this machine or to any address that a subscriber names: never by a subscriber's word.
REFUSED = frozenset({"dbus", "kde", "glib", "qt", "gnome", "macosx", "windows", "syslog", "rsyslog", "file", "exec"})
REFUSED_WEB = frozenset({"json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises"})


class ChatOptions(BaseModel):
    """Table of a ``chat`` route."""

    model_config = ConfigDict(extra="forbid")

    schemes: tuple[str, ...] = ("tgram",)  # of apprise; tgram is Telegram


@dataclass(slots=True)
class ChatProvider:
    """Asks apprise, and listens to its log for what went wrong, since its answer is yes or no."""

    options: ChatOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[False] = False

    async def open(self) -> None:
        """Nothing is held between messages."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, message: Message) -> Sent:
        """Hand over to the service that the address names."""
        import apprise  # noqa: PLC0415 — slow to import, and few installations chat

        scheme = message.address.split("://", 1)[0].lower()
        if scheme not in self.options.schemes or scheme in REFUSED | REFUSED_WEB:
            reason = f"the route does not allow {scheme}://; add it to its schemes"
            raise Never(reason)
        service = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=True, app_id="Nông Vụ"))
        if not service.add(message.address):
            reason = "apprise does not understand this address"
            raise Never(reason)
        with _Heeding("apprise") as heard:
            done = await service.async_notify(body=message.full, title=message.title)
        if done:
            return Sent()
        return self._failed(heard.lines)

    async def find(self, reference: str) -> bool | None:
        """Say nothing: apprise cannot be asked."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Refuse: apprise hears nothing."""
        message = f"chat has no callback ({content_type}, {len(payload)} octets)"
        raise ValueError(message)

    def _failed(self, lines: list[str]) -> Sent:
        """Answered with an error: not sent. No answer: a doubt."""
        said = " ".join(line for line in lines if "error=" in line)
        if said:
            raise Later(said[:300], person=True)  # it answered: a chat that was left, a bot that was blocked
        reason = "the chat service gave no answer"
        raise Doubt(reason)


class _Heeding(logging.Handler):
    """Lines that a logger writes meanwhile."""

    def __init__(self, name: str) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._logger = logging.getLogger(name)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
