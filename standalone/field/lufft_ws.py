"""What a Lufft WS weather station answers for an observation (the family's Modbus input registers)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from standalone.field.record import Observation

#: Number of input registers the device answers for.
SIZE = 100
#: "The station has no such sensor, or no value": Lufft WS manuals, Modbus chapter.
INVALID_SIGNED, INVALID_UNSIGNED = 32767, 65535


@dataclass(frozen=True, slots=True)
class Register:
    """One input register: the quantity's value × `times`, rounded, as 16 bits."""

    address: int
    times: int
    signed: bool

    def word(self, value: float | None) -> int | None:
        """Word for a value; the invalid word without one; None where the register cannot hold it."""
        if value is None:
            return INVALID_SIGNED if self.signed else INVALID_UNSIGNED
        raw = round(value * self.times)
        lowest, highest = (-32768, INVALID_SIGNED - 1) if self.signed else (0, INVALID_UNSIGNED - 1)
        return raw & 0xFFFF if lowest <= raw <= highest else None


#: Lufft WS501 manual p. 92, WS700 p. 121, WSx00 pp. 137–146. Resolution is 1 / times.
REGISTERS: Mapping[str, Register] = MappingProxyType(
    {
        "relative_humidity": Register(10, 10, signed=True),  # %
        "air_pressure": Register(14, 10, signed=True),  # hPa, relative
        "wind_direction": Register(18, 10, signed=True),  # °
        "global_radiation": Register(27, 10, signed=True),  # W/m²
        "air_temperature": Register(31, 10, signed=True),  # °C
        "dew_point": Register(35, 10, signed=True),  # °C
        "wind_speed": Register(83, 100, signed=False),  # km/h
        "wind_gust": Register(85, 100, signed=False),  # km/h, the maximum
    }
)
RAIN_ABSOLUTE, RAIN_DIFFERENCE = 48, 49
#: Rain registers count hundredths of a millimetre and begin again at 0 after 65535.
RAIN_TIMES, RAIN_MODULUS = 100, 65536
#: Identification: type in the high byte, software in the low one. The list of types is not public: 6 is our choice.
IDENTIFICATION = 0x0601


def words(observation: Observation | None) -> tuple[list[int], list[str]]:
    """Input registers of an observation (None: nothing was recorded), and quantities they cannot hold.

    The rain registers stand at their invalid word; the device itself counts rain.
    """
    answer = [INVALID_SIGNED] * SIZE
    answer[0] = IDENTIFICATION
    answer[1:8] = [0] * 7  # status of the device and of its sensors: no error
    answer[RAIN_ABSOLUTE] = answer[RAIN_DIFFERENCE] = INVALID_UNSIGNED
    lost = []
    for quantity, register in REGISTERS.items():
        word = register.word((observation or {}).get(quantity))
        if word is None:
            lost.append(quantity)
            word = register.word(None)
        answer[register.address] = word or 0
    return answer, lost


def shown(quantity: str, value: float) -> float | None:
    """Value as the register shows it, in its own resolution; None where it cannot hold it."""
    register = REGISTERS[quantity]
    word = register.word(value)
    if word is None:
        return None
    raw = word - 65536 if register.signed and word > 32767 else word
    return raw / register.times
