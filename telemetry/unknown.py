"""Why of a rule or an index nothing can be said at a place, in numbers for tables and in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from types import MappingProxyType


class Why(IntEnum):
    """Stable numbers that stand in tables and the API."""

    SENSOR = 1  # nothing measures what it needs
    READINGS = 2  # too few readings
    PROPERTY = 3  # a number that only people know was not given
    OUTSIDE = 4  # a number was given that stands outside of its limits
    UNDEFINED = 5  # its source defines nothing for what was measured
    RECORD = 6  # the record, or what was learned from it, is too short
    SELDOM = 7  # readings come too seldom for its span


_WORDS = MappingProxyType(
    {
        "vi": MappingProxyType(
            {
                Why.SENSOR: "không có máy đo {what}",
                Why.READINGS: "thiếu số liệu",
                Why.PROPERTY: "chưa khai {what}",
                Why.OUTSIDE: "khai ngoài giới hạn: {what}",
                Why.UNDEFINED: "quy định không nêu cấp chỉ theo lượng mưa này",
                Why.RECORD: "số liệu nhiều năm chưa đủ",
                Why.SELDOM: "trạm đo thưa quá",
            }
        ),
        "en": MappingProxyType(
            {
                Why.SENSOR: "nothing measures {what}",
                Why.READINGS: "too few readings",
                Why.PROPERTY: "unset: {what}",
                Why.OUTSIDE: "outside of its limits: {what}",
                Why.UNDEFINED: "not defined by rain alone",
                Why.RECORD: "the record is too short",
                Why.SELDOM: "readings come too seldom",
            }
        ),
    }
)
#: What is said besides where the most cautious reading holds meanwhile.
_HOLDS = MappingProxyType({"vi": "tạm báo theo mức chắc chắn", "en": "meanwhile what is certain holds"})


def words(why: int, what: Sequence[str], language: str, *, holds: bool = False) -> str:
    """Say why, ``what`` being the names of what lacks; a number of a newer version is said as it is."""
    try:
        text = _WORDS[language][Why(why)]
    except ValueError:
        text = f"({why})"
    said = text.format(what=", ".join(what)).strip()
    return f"{said}; {_HOLDS[language]}" if holds else said
