"""Asks devices on one Modbus line, one request at a time; the only file that knows pymodbus."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from edge.bus_settings import SerialBus, TcpBus
from edge.rtu_frame import answer_start

# Its own messages repeat, without fields, what the errors below say.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

T = TypeVar("T")

#: The client's own limits are out of the way: budgets, retries and reconnection are decided here.
_NEVER = 3600.0
#: Requests in a row without any answer after which a TCP line is opened anew: the other end may have forgotten the
#: connection without a word (a device server switched off and on, a router in between).
_SILENT = 3


class BusError(Exception):
    """A request that brought no words."""


class LineDownError(BusError):
    """The line itself is not there: no such port, connection refused or lost. Again later."""


class NoAnswerError(BusError):
    """The device said nothing, or nothing whole, within its time budget. Again later."""


class TooLateError(BusError):
    """The line was busy until it was too late; nothing was asked."""


class RefusedError(BusError):
    """The device answered with an exception code."""

    #: Illegal function, address or value: asking again is of no use; busy or failed: again later.
    NEVER = frozenset({1, 2, 3})

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"exception code {code}")

    @property
    def lasting(self) -> bool:
        """Whether asking again is of no use."""
        return self.code in self.NEVER


class WrongAnswerError(BusError):
    """An answer came, but to another question: too short, or of another function. Again later."""


class Bus(Protocol):
    """What can be asked of a line."""

    async def read(self, unit: int, function: int, address: int, count: int, budget: float) -> list[int]:
        """Words of registers."""

    async def write_coil(
        self, unit: int, address: int, *, on: bool, budget: float, not_after: float = math.inf
    ) -> None:
        """Switch a relay, if the line is free before ``not_after`` [monotonic s]."""

    async def read_coil(self, unit: int, address: int, budget: float) -> bool:
        """How a relay stands."""

    async def close(self) -> None:
        """Let go of the line."""


class ModbusBus:
    """A line to which requests go one at a time, with the silence between them that it needs."""

    def __init__(
        self, connect: Callable[[], AsyncModbusTcpClient | AsyncModbusSerialClient], gap: float,
        away: Callable[[], str], *, numbered: bool = False,
    ) -> None:  # fmt: skip
        self._make, self._away, self._numbered = connect, away, numbered
        #: Units that may still answer a former question, which, and until when; frames of RTU bear no number.
        self._owed: dict[int, tuple[tuple[int, ...], float]] = {}
        self._silent = 0
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._gap = gap
        self._lock = asyncio.Lock()
        self._last = 0.0

    async def read(self, unit: int, function: int, address: int, count: int, budget: float) -> list[int]:
        """Words of ``count`` holding (3) or input (4) registers."""

        async def ask(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> ModbusPDU:
            method = client.read_holding_registers if function == 3 else client.read_input_registers
            return await method(address, count=count, device_id=unit)

        answer = await self._ask(ask, budget, unit, (function, address, count))
        if answer.function_code != function or len(answer.registers) != count:
            raise WrongAnswerError(f"asked for {count} words, got {len(answer.registers)}")
        return list(answer.registers)

    async def write_coil(
        self, unit: int, address: int, *, on: bool, budget: float, not_after: float = math.inf
    ) -> None:
        """Switch a coil (a relay), if the line is free before ``not_after`` [monotonic s]."""

        async def ask(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> ModbusPDU:
            return await client.write_coil(address, on, device_id=unit)

        answer = await self._ask(ask, budget, unit, (5, address, int(on)), not_after)
        if answer.function_code != 5:
            raise WrongAnswerError(f"asked function 5, got {answer.function_code}")

    async def read_coil(self, unit: int, address: int, budget: float) -> bool:
        """How a coil (a relay) stands."""

        async def ask(client: AsyncModbusTcpClient | AsyncModbusSerialClient) -> ModbusPDU:
            return await client.read_coils(address, count=1, device_id=unit)

        answer = await self._ask(ask, budget, unit, (1, address, 1))
        if answer.function_code != 1 or not answer.bits:
            raise WrongAnswerError("asked for a coil, got none")
        return bool(answer.bits[0])

    async def close(self) -> None:
        """Let go of the line."""
        async with self._lock:
            self._drop()

    async def _ask(
        self, ask: Callable[[AsyncModbusTcpClient | AsyncModbusSerialClient], Awaitable[ModbusPDU]], budget: float,
        unit: int, question: tuple[int, ...], not_after: float = math.inf,
    ) -> ModbusPDU:  # fmt: skip
        async with self._lock:
            client = await self._connected(budget)
            if (rest := max(self._last + self._gap, self._free(unit, question)) - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            if time.monotonic() > not_after:
                raise TooLateError("the line was not free in time")
            try:
                async with asyncio.timeout(budget):
                    answer = await ask(client)
            except TimeoutError:
                self._unanswered(unit, question, budget)
                raise NoAnswerError(f"no answer within {budget:g} s") from None
            except ConnectionException as error:
                self._drop()
                raise LineDownError(str(error)) from error
            except ModbusException as error:
                self._silent = 0
                self._owes(unit, question, budget)  # what was not understood may have been noise before the answer
                raise WrongAnswerError(str(error)) from error
            except OSError as error:
                self._drop()
                raise LineDownError(str(error)) from error
            finally:
                self._last = time.monotonic()
            self._silent = 0
        if isinstance(answer, ExceptionResponse):
            raise RefusedError(answer.exception_code)
        if answer.isError():
            raise WrongAnswerError(str(answer))
        return answer

    def _free(self, unit: int, question: tuple[int, ...]) -> float:
        """Monotonic time from which no late answer of a unit can be taken for the answer to this question."""
        former, until = self._owed.get(unit, (question, 0.0))
        return until if former != question else 0.0

    def _unanswered(self, unit: int, question: tuple[int, ...], budget: float) -> None:
        self._owes(unit, question, 2 * budget)  # asked twice it may answer twice
        self._silent += 1
        if self._silent >= _SILENT and isinstance(self._client, AsyncModbusTcpClient):
            self._drop()

    def _owes(self, unit: int, question: tuple[int, ...], seconds: float) -> None:
        if not self._numbered:
            self._owed[unit] = (question, time.monotonic() + seconds)

    async def _connected(self, budget: float) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self._client is not None and self._client.connected:
            return self._client
        self._drop()
        client = self._make()
        client.set_max_no_responses(1_000_000)  # one dead device must not reset the line of its neighbours
        _guard(client, numbered=self._numbered)
        try:
            async with asyncio.timeout(max(budget, 1.0)):
                connected = await client.connect()
        except (TimeoutError, OSError) as error:
            client.close()
            raise LineDownError(str(error) or "no connection in time") from error
        if not connected:
            client.close()
            raise LineDownError(self._away())
        self._client = client
        return client

    def _drop(self) -> None:
        self._silent = 0
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.close()
            self._client = None


def _guard(client: AsyncModbusTcpClient | AsyncModbusSerialClient, *, numbered: bool) -> None:
    """Pass over noise before an answer of RTU; a frame that cannot be decoded is a wrong answer.

    Left to itself pymodbus takes noise for the frame, and ends the line, with a traceback, where it cannot decode one.
    """
    context = client.ctx
    take = context.callback_data

    def guarded(data: bytes, addr: Any = None) -> int:
        unit, start = context.request_dev_id, 0
        if not numbered and unit and data[:1] != bytes([unit]):
            found = answer_start(data, unit)
            if found is None:
                return 0  # the rest may still come
            start = found
        try:
            return start + take(data[start:], addr)
        except Exception as error:  # ModbusException, and what short frames raise in its decoders
            if not context.response_future.done():
                context.response_future.set_exception(ModbusIOException(str(error)))
            return len(data)

    context.callback_data = guarded  # type: ignore[method-assign]


def tcp_bus(settings: TcpBus) -> ModbusBus:
    """Line over TCP, framed as Modbus TCP or as RTU."""
    framer = FramerType.SOCKET if settings.kind == "modbus_tcp" else FramerType.RTU
    gap = settings.gap if settings.gap is not None else (0.0 if settings.kind == "modbus_tcp" else 0.02)

    def connect() -> AsyncModbusTcpClient:
        return AsyncModbusTcpClient(
            settings.host, port=settings.port, framer=framer, retries=0, timeout=_NEVER, reconnect_delay=0
        )

    away = f"nobody takes connections on {settings.host} port {settings.port}"
    return ModbusBus(connect, gap, lambda: away, numbered=settings.kind == "modbus_tcp")


def serial_bus(settings: SerialBus) -> ModbusBus:
    """Serial line; silence of 3.5 characters of 11 bits, 1.75 ms above 19,200 baud (MODBUS over serial line V1.02)."""
    gap = settings.gap if settings.gap is not None else max(3.5 * 11 / settings.baud_rate, 0.00175)

    def connect() -> AsyncModbusSerialClient:
        return AsyncModbusSerialClient(
            settings.device, baudrate=settings.baud_rate, parity=settings.parity, stopbits=settings.stop_bits,
            framer=FramerType.RTU, retries=0, timeout=_NEVER, reconnect_delay=0,
        )  # fmt: skip

    return ModbusBus(connect, gap, lambda: _away(Path(settings.device)))


def _away(port: Path) -> str:
    """Why a serial port does not open, which pymodbus keeps to itself."""
    if not port.exists():
        there = ", ".join(str(path) for path in sorted(Path("/dev").glob("tty[UA]*"))) or "none"
        return f"no such port; there are {there}"
    if not os.access(port, os.R_OK | os.W_OK):
        return "the user may not open it: sudo usermod -aG dialout USER, then sign in anew"
    return "it does not open: does another program have it?"
