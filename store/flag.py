"""How far a reading can be trusted: QARTOD's value in the low byte, a bit for each failed check above it."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Quality(IntEnum):
    """QARTOD primary flags (IOOS QARTOD manual, flag scheme)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class Check(IntFlag):
    """Checks that can fail a reading; bits 8 and up of a flag."""

    PHYSICAL_RANGE = 1 << 8  # outside what the quantity can be
    LOCAL_RANGE = 1 << 9  # outside what the place has
    PACK_AGREEMENT = 1 << 10  # contradicts another reading of its pack
    STEP = 1 << 11
    SPIKE = 1 << 12
    PERSISTENCE = 1 << 13
    CONSISTENCY = 1 << 14
    SPATIAL = 1 << 15
    RAIN_OCCURRENCE = 1 << 16
    CLOGGED = 1 << 17
    DRIFT = 1 << 18
    CLEAR_SKY = 1 << 19
    PERSON = 1 << 20  # somebody said so
    REDATED = 1 << 21  # dated after the clock was set; not a failure by itself
    ESTIMATED = 1 << 22  # derived by the sensor, not measured


#: The low byte.
QUALITY_MASK = 0xFF
