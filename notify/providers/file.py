"""One file a message, for demonstrations, tests, and programs that take messages from a folder."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from notify.provider import Heard, Kind, Later, Message, Receipt, Sent

KINDS: frozenset[Kind] = frozenset({"phone", "email", "webhook", "chat"})


class FileOptions(BaseModel):
    """Table of a ``file`` route."""

    model_config = ConfigDict(extra="forbid")

    folder: Path
    durable: bool = True


@dataclass(slots=True)
class FileProvider:
    """Writes ``<reference>.txt``: complete or not there at all, and the same file however often it is written."""

    options: FileOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[True] = True

    async def open(self) -> None:
        """Make the folder."""
        self.options.folder.mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, message: Message) -> Sent:
        """Write the file."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            wait = 60.0 if error.errno == errno.ENOSPC else None
            reason = f"cannot write to {self.options.folder}: {error.strerror}; make room or give write access"
            raise Later(reason, wait) from error
        return Sent((message.reference,), message.segments)

    async def find(self, reference: str) -> bool:
        """Whether the file is there."""
        return self._path(reference).exists()

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Take ``<number><newline><text>`` as a message from a person, for tries by hand."""
        sender, _, text = payload.decode("utf-8").partition("\n")
        if not text:
            message = f"write the number, a new line and the text ({content_type or 'no content type'})"
            raise ValueError(message)
        return [Heard(sender.strip(), text.strip())]

    def _path(self, reference: str) -> Path:
        return self.options.folder / f"{reference}.txt"

    def _write(self, message: Message) -> None:
        path = self._path(message.reference)
        part = path.with_suffix(f".part-{os.getpid()}")
        with part.open("w", encoding="utf-8") as file:
            file.write(_rendered(message))
            if self.options.durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)


def _rendered(message: Message) -> str:
    head = {
        "To": message.address,
        "Time": message.at.isoformat(),
        "Reference": message.reference,
        "Place": message.place,
        "Hazard": f"{message.hazard} {message.level}".strip() if message.hazard else "",
        "Language": message.language,
        "Title": message.title if message.kind != "phone" else "",
        "Coding": f"{message.coding}, {message.segments} segment{'s' if message.segments != 1 else ''}",
    }
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    return "\n".join(lines) + f"\n\n{message.text if message.kind == 'phone' else message.full}\n"
