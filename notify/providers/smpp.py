"""A session with an SMSC by SMPP 3.4: window, receipts, throttling, reconnection; a lost answer is a doubt."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

from notify.provider import Doubt, Elsewhere, Hear, Heard, Kind, Later, Message, Receipt, Sent
from notify.providers.smpp_pdu import (
    ANSWER,
    BUSY,
    ELSEWHERE,
    HEADER,
    LONGEST,
    PERSON,
    TRY_AGAIN,
    Command,
    Pdu,
    Sender,
    bind,
    decoded,
    message_id,
    said_as_data,
    same_name,
    submits,
)
from notify.providers.smpp_pdu import said as pdu_said

CONTENT_TYPE = "application/smpp"
KINDS: frozenset[Kind] = frozenset({"phone"})
#: Tries of a later part of a message whose first parts were taken, while the SMSC is busy.
PART_TRIES = 20

_log = structlog.get_logger()


class SmppOptions(BaseModel):
    """Table of an ``smpp`` route."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str
    port: int = Field(2775, ge=1, le=65535)
    system_id: str = Field(max_length=15)
    password: str = Field(max_length=8, repr=False)
    system_type: str = Field("", max_length=12)
    sender: str = Field(
        max_length=20,
        pattern=r"^[\x20-\x7e]+$",
        description="brand name of at most 11 plain letters, short code or number",
    )
    #: How the SMSC names a message in its answer; its receipts name it in the other way where this is a number.
    ids: Literal["as sent", "hex", "decimal"] = "as sent"
    tls: bool = False
    timeout: float = Field(15.0, gt=0)  # seconds that an answer may take
    keep_alive: float = Field(30.0, gt=0)
    pause: float = Field(1.0, gt=0)  # seconds that a throttling SMSC is left alone


class LostError(Exception):
    """The connection went."""


@dataclass(slots=True)
class Session:
    """One bound connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    hear: Hear | None
    timeout: float
    pending: dict[int, asyncio.Future[Pdu]] = field(default_factory=dict)
    sequence: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(1, 0x7FFFFFFF)))
    lost: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    #: Deliveries that wait to be kept; a full one keeps the SMSC waiting.
    delivered: asyncio.Queue[Pdu] = field(default_factory=lambda: asyncio.Queue(1000))

    async def ask(self, command: Command, body: bytes = b"") -> Pdu:
        """Write a PDU and wait for its answer; `LostError` if none comes."""
        number = next(self.sequence)
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self.pending[number] = answer
        try:
            self.writer.write(Pdu(command, 0, number, body).encoded())
            await self.writer.drain()
            async with asyncio.timeout(self.timeout):
                return await answer
        except (TimeoutError, OSError) as error:
            message = "no answer" if isinstance(error, TimeoutError) else str(error)
            raise LostError(message) from error
        finally:
            self.pending.pop(number, None)

    async def read(self) -> None:
        """Take what comes until the connection ends; whoever still waits learns that it ended."""
        keeping = asyncio.create_task(self.keep(), name="smpp keep")
        try:
            while True:
                await self._take(await self._next())
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            _log.warning("the SMSC's connection ended", reason=type(error).__name__)
        finally:
            self.lost = True
            keeping.cancel()
            for answer in self.pending.values():
                if not answer.done():
                    answer.set_exception(LostError("the connection ended before the answer"))
            self.writer.close()

    async def keep_alive(self, seconds: float) -> None:
        """Ask now and then whether anybody is there."""
        while not self.lost:
            await asyncio.sleep(seconds)
            try:
                await self.ask(Command.ENQUIRE_LINK)
            except LostError:
                self.writer.close()
                return

    async def _next(self) -> Pdu:
        head = await self.reader.readexactly(HEADER.size)
        length = HEADER.unpack(head)[0]
        if not HEADER.size <= length <= LONGEST:
            message = f"a PDU of {length} octets"
            raise ValueError(message)
        return decoded(head + await self.reader.readexactly(length - HEADER.size))

    async def _take(self, pdu: Pdu) -> None:
        if pdu.command & ANSWER:
            answer = self.pending.get(pdu.sequence)
            if answer is not None and not answer.done():
                answer.set_result(pdu)
        elif pdu.command in {Command.DELIVER_SM, Command.DATA_SM}:
            await self.delivered.put(pdu)
        elif pdu.command == Command.ENQUIRE_LINK:
            await self._answer(pdu, 0)
        elif pdu.command == Command.UNBIND:
            await self._answer(pdu, 0)
            message = "the SMSC unbound"
            raise ValueError(message)
        else:
            self.writer.write(Pdu(Command.GENERIC_NACK, 0x03, pdu.sequence).encoded())

    async def keep(self) -> None:
        """Keep what is delivered, all that waits at once, while answers to submits are read on; then say so."""
        with contextlib.suppress(OSError):
            while True:
                pdus = [await self.delivered.get()]
                while not self.delivered.empty():
                    pdus.append(self.delivered.get_nowait())
                status = await self._keep(pdus)
                for pdu in pdus:
                    await self._answer(pdu, status, b"\0")

    async def _keep(self, pdus: list[Pdu]) -> int:
        """Keep deliveries, and return the status to answer; what cannot be kept is to be delivered again."""
        if self.hear is None:
            return TRY_AGAIN
        try:
            await self.hear(CONTENT_TYPE, [pdu.encoded() for pdu in pdus])
        except Exception as error:
            _log.warning("a delivery of the SMSC could not be kept", error=type(error).__name__)
            return TRY_AGAIN
        return 0

    async def _answer(self, pdu: Pdu, status: int, body: bytes = b"") -> None:
        self.writer.write(Pdu(pdu.command | ANSWER, status, pdu.sequence, body).encoded())
        await self.writer.drain()

    async def close(self) -> None:
        """Unbind politely and end."""
        if not self.lost:
            with contextlib.suppress(LostError):
                await self.ask(Command.UNBIND)
        self.writer.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@dataclass(slots=True)
class SmppProvider:
    """Hands messages to an SMSC over one session, which it makes anew when it is lost."""

    options: SmppOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[False] = False
    _hear: Hear | None = None
    _session: Session | None = None
    _binding: asyncio.Lock = field(default_factory=asyncio.Lock)
    _references: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(256)))

    def listen(self, hear: Hear) -> None:
        """Hand receipts and people's messages to ``hear``."""
        self._hear = hear

    async def open(self) -> None:
        """Bind, so that receipts come; an SMSC that is away is tried again at the first message."""
        try:
            await self._bound()
        except Later as error:
            _log.warning("the SMSC is away", reason=str(error))

    async def close(self) -> None:
        """Unbind."""
        if self._session is not None:
            await self._session.close()

    async def send(self, message: Message) -> Sent:
        """Submit every part; parts after the first are tried again while the SMSC is busy."""
        session = await self._bound()
        ids: list[str] = []
        bodies = submits(message, Sender(self.options.sender), next(self._references))
        for body in bodies:
            ids.append(await self._submit(session, body, len(ids), len(bodies)))
        return Sent(tuple(ids), len(bodies))

    async def find(self, reference: str) -> bool | None:
        """Say nothing: SMPP knows messages by its own ids only."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Read a deliver_sm that was kept."""
        if content_type != CONTENT_TYPE:
            message = f"{content_type} is not what an SMPP session keeps"
            raise ValueError(message)
        pdu = decoded(payload)
        heard = said_as_data(pdu.body) if pdu.command == Command.DATA_SM else pdu_said(pdu.body)
        if isinstance(heard, Heard):
            return [heard]
        names = [same_name(name, self.options.ids, receipt=True) for name in (heard.provider_id, *heard.also)]
        return [replace(heard, provider_id=names[0], also=(*names[1:], heard.provider_id))]

    async def _submit(self, session: Session, body: bytes, taken: int, total: int) -> str:
        if session.lost and not taken:
            reason = "the SMSC's connection is gone; nothing was written"
            raise Later(reason, 0.1)
        for _ in range(PART_TRIES if taken else 1):
            try:
                answer = await session.ask(Command.SUBMIT_SM, body)
            except LostError as error:
                message = f"{error}: part {taken + 1} of {total} may have been taken"
                raise Doubt(message) from error
            if answer.status == 0:
                return self._named(answer.body, taken, total)
            if answer.status not in BUSY or not taken:
                break
            await asyncio.sleep(self.options.pause)
        reason = f"the SMSC refused part {taken + 1} of {total} with status 0x{answer.status:02X}"
        if taken:
            raise Doubt(reason)
        if answer.status in ELSEWHERE:
            raise Elsewhere(reason)
        raise Later(reason, self.options.pause if answer.status in BUSY else None, person=answer.status in PERSON)

    def _named(self, body: bytes, taken: int, total: int) -> str:
        known_as = message_id(body)
        if not known_as:
            _log.warning(
                "the SMSC took a part and gave it no id: its receipt cannot be known", part=taken + 1, of=total
            )
        return same_name(known_as, self.options.ids, receipt=False)

    async def _bound(self) -> Session:
        async with self._binding:
            if self._session is not None and not self._session.lost:
                return self._session
            self._session = await self._bind()
            return self._session

    async def _bind(self) -> Session:
        options = self.options
        try:
            async with asyncio.timeout(options.timeout):
                context = ssl.create_default_context() if options.tls else None
                reader, writer = await asyncio.open_connection(options.host, options.port, ssl=context)
        except (OSError, TimeoutError) as error:
            message = f"no connection to the SMSC {options.host}:{options.port}: {error}"
            raise Later(message) from error
        session = Session(reader, writer, self._hear, options.timeout)
        session.tasks.append(asyncio.create_task(session.read(), name="smpp read"))
        try:
            answer = await session.ask(
                Command.BIND_TRANSCEIVER, bind(options.system_id, options.password, options.system_type)
            )
        except LostError as error:
            message = f"the SMSC does not answer the bind: {error}"
            raise Later(message) from error
        if answer.status:
            await session.close()
            message = f"the SMSC refused the bind with status 0x{answer.status:02X}: check system_id and password"
            raise Later(message, 60.0)
        session.tasks.append(asyncio.create_task(session.keep_alive(options.keep_alive), name="smpp keep alive"))
        return session
