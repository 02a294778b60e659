"""Parameters that many routes share: codes, times, durations, quality, page size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from api.protocol.problems import Problem
from store.flag import QUALITY_MASK, Check, Quality

CODE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
Code = Annotated[str, Path(pattern=CODE, description="code of the station", examples=["huu-lung-1"])]


def _believable(moment: datetime) -> datetime:
    if not 1800 <= moment.year <= 2200:
        message = "give a time between the years 1800 and 2200"
        raise ValueError(message)
    return moment


def _written_out(value: object) -> object:
    """Times are ISO 8601 text; a bare number could be seconds or milliseconds and is refused."""
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO.match(value)):
        return value
    message = "write the time as 2026-01-31T00:00:00Z"
    raise ValueError(message)


_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_believable)]
From = Annotated[
    Moment | None, Query(alias="from", description="first time, inclusive", examples=["2026-01-31T00:00:00Z"])
]
To = Annotated[Moment | None, Query(alias="to", description="last time, exclusive", examples=["2026-02-01T00:00:00Z"])]
Limit = Annotated[int, Query(ge=1, le=10_000, description="items on a page")]
CursorText = Annotated[str | None, Query(alias="cursor", max_length=500, description="from the link to the next page")]
OfPlace = Annotated[
    str | None,
    Query(pattern=CODE, description="code of a place: itself and all below it", examples=["lang-son"]),
]

#: A number in a body: neither true nor "8.4" is one.
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]

_EVERY = re.compile(r"([1-9][0-9]{0,4})(min|h|d)\Z")
_UNIT = {"min": "minutes", "h": "hours", "d": "days"}


def _duration(text: str) -> str:
    if not _EVERY.match(text):
        message = "write it as 15min, 1h or 1d"
        raise ValueError(message)
    return text


Every = Annotated[
    str | None,
    Query(description="length of a bucket: 15min, 1h, 1d, …", examples=["1h"], pattern=r"^[1-9][0-9]{0,4}(min|h|d)$"),
    AfterValidator(lambda text: text if text is None else _duration(text)),
]


def every_as_timedelta(text: str) -> timedelta:
    """Length of a bucket."""
    match = _EVERY.match(text)
    if match is None:  # the parameter's validator has seen it
        raise Problem(422, "every: write it as 15min, 1h or 1d")
    return timedelta(**{_UNIT[match[2]]: int(match[1])})


#: What ``quality=`` can ask for, and the QARTOD values behind it.
QUALITIES: dict[str, tuple[int, ...]] = {
    "good": (Quality.GOOD,),
    "usable": (Quality.GOOD, Quality.NOT_EVALUATED),
    "suspect": (Quality.GOOD, Quality.NOT_EVALUATED, Quality.SUSPECT),
    "all": tuple(Quality),
}
QUALITY_NAMES = {int(quality): quality.name.lower() for quality in Quality}


def qualities(name: str) -> list[int]:
    """QARTOD values that a name asks for."""
    return [int(value) for value in QUALITIES[name]]


def checks(flag: int) -> list[str]:
    """Names of the checks whose bits are set in a flag."""
    if flag <= QUALITY_MASK:
        return []
    return [check.name.lower() for check in Check if flag & check and check.name]


def datastream_name(row: Mapping[str, object]) -> str:
    """Name as on the wire."""
    return f"{row['quantity']}/{row['level']}" if row["level"] else str(row["quantity"])


Names = Annotated[
    list[Annotated[str, Field(max_length=96)]],
    Query(
        max_length=200,
        description="names of datastreams: quantity or quantity/level; all if absent",
        examples=[["air_temperature"]],
    ),
]


def period(first: datetime | None, last: datetime | None, now: datetime, usual: timedelta) -> tuple[datetime, datetime]:
    """Time asked for; the newest ``usual`` where nothing was said."""
    end = last or (now + timedelta(minutes=10) if first is None or first <= now else first + usual)
    start = first or end - usual
    if start >= end:
        raise Problem(422, "'from' must be before 'to'")
    return start, end
