"""A real Modbus TCP server that answers as a Lufft WS station which measures the record's weather."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from standalone.field.lufft_ws import (
    INVALID_UNSIGNED,
    RAIN_ABSOLUTE,
    RAIN_DIFFERENCE,
    RAIN_MODULUS,
    RAIN_TIMES,
    SIZE,
    words,
)
from standalone.field.record import Observation

READ_INPUT = 4
UNIT = 1
#: Holding registers: 0 is the altitude [m] by which pressure is reduced to sea level.
HOLDING_SIZE = 10


class WeatherStation:
    """Answers with the observation of the hour it was last told; `show` before each tick of the clock."""

    def __init__(self, record: Mapping[datetime, Observation], elevation: float, start: datetime) -> None:
        self._record = record
        self._elevation = elevation
        self._counts = _rain_counts(record)
        #: Quantities the registers could not hold: (hour, quantity), shown as "no value".
        self.lost: list[tuple[datetime, str]] = []
        self._words, _ = words(None)
        self._moment = start
        before = [hour for hour in self._counts if hour < start]
        self._count = self._read = self._counts[before[-1]] if before else 0
        self._server: ModbusTcpServer | None = None

    def show(self, moment: datetime) -> None:
        """Set the registers to the observation of an hour; none where the record has a hole."""
        observation = self._record.get(moment)
        self._moment = moment
        self._words, lost = words(observation)
        self.lost += [(moment, quantity) for quantity in lost]
        self._count = self._counts.get(moment, self._count)
        if observation is not None and "precipitation" in observation:
            self._words[RAIN_ABSOLUTE] = self._count % RAIN_MODULUS
            self._words[RAIN_DIFFERENCE] = (self._count - self._read) % RAIN_MODULUS

    async def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Start to listen; returns once connections are accepted."""
        coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        inputs = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        holding = [SimData(0, values=[round(self._elevation), *[0] * (HOLDING_SIZE - 1)], datatype=DataType.REGISTERS)]
        registers = [SimData(0, values=list(self._words), datatype=DataType.REGISTERS)]
        device = SimDevice(UNIT, (coils, inputs, holding, registers), action=self._answer)
        self._server = ModbusTcpServer(device, address=(host, port))
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        """Stop to listen and end all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None

    async def _answer(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by the server before it answers: put the present words where it takes them from."""
        if values is not None:
            return ExcCodes.ILLEGAL_FUNCTION  # a weather station that only measures
        if function == READ_INPUT:
            last = min(address + count, SIZE)
            registers[address - start : last - start] = self._words[address:last]
            if address <= RAIN_DIFFERENCE < last and self._words[RAIN_DIFFERENCE] != INVALID_UNSIGNED:
                self._read = self._count  # "since the last read" begins anew
                self._words[RAIN_DIFFERENCE] = 0
        return None


def _rain_counts(record: Mapping[datetime, Observation]) -> dict[datetime, int]:
    """Count of hundredths of a millimetre since the record's beginning, rounded once, so that nothing adds up wrong."""
    total, counts = 0.0, {}
    for hour, observation in sorted(record.items()):
        total += observation.get("precipitation", 0.0)
        counts[hour] = round(total * RAIN_TIMES)
    return counts
