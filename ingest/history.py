"""Imports years of readings from files, through the same checks and with the same idempotence as the wire."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingest.conversion import conversion
from ingest.file_clock import FileClock, HistoryError
from ingest.logger_file import LoggerFile, recognise, usual_quantity
from store import batch as batches
from store import history as shelf
from store import reading
from store.binary import READING
from telemetry.quantities import QUANTITIES, RAIN_SHARE, UnknownQuantity, quantity, record_rain
from telemetry.reading import LEVEL

#: As store.flag: good, in doubt, failed, outside what the quantity can be, or what is believed unasked.
GOOD, SUSPECT, FAIL, PHYSICAL_RANGE, LOCAL_RANGE = 1, 3, 4, 1 << 8, 1 << 9
#: Earlier than any instrument's record; a time before it is a misread one.
EARLIEST = np.datetime64("1850-01-01", "us")


class Column(BaseModel):
    """One column of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    quantity: str
    level: str = ""
    unit: str | None = None
    #: What the logger writes where it has no value.
    missing: list[float] = Field(default_factory=list)


class ColumnMap(BaseModel):
    """What a file's columns are: a TOML file beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    station: str | None = None
    #: Column of the time; of the date and of the hour, where they have one each.
    time: tuple[str, ...] = ()
    time_format: str | None = None
    time_zone: str = "Asia/Ho_Chi_Minh"
    columns: list[Column] = Field(default_factory=list)

    @field_validator("time", mode="before")
    @classmethod
    def _one_or_two(cls, time: Any) -> Any:
        return (time,) if isinstance(time, str) else time

    @field_validator("columns", mode="before")
    @classmethod
    def _by_name(cls, columns: Any) -> Any:
        """``[columns]`` with ``T = "air_temperature"`` says the same as ``[[columns]]`` in less."""
        if not isinstance(columns, dict):
            return columns
        said = ((name, told if isinstance(told, dict) else {"quantity": told}) for name, told in columns.items())
        return [{"column": name} | told for name, told in said]


@dataclass(slots=True)
class Tally:
    """What was found in a column."""

    datastream: str
    unit: str
    rows: int = 0
    missing: int = 0
    outside: int = 0
    least: float = np.inf
    most: float = -np.inf


@dataclass(slots=True)
class Summary:
    """What an import did, or would do."""

    file: str
    kind: str
    station: str
    first: datetime | None = None
    last: datetime | None = None
    rows: int = 0
    wrong_times: int = 0
    #: The first of them as it stands in the file.
    wrong_time: str = ""
    stored: int = 0
    repeated: int = 0
    conflicts: int = 0
    skipped_pieces: int = 0
    created: list[str] = field(default_factory=list)
    columns: dict[str, Tally] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def read_map(path: Path | None) -> ColumnMap:
    """Column map of a TOML file; the usual names where there is none."""
    if path is None:
        return ColumnMap()
    try:
        return ColumnMap.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise HistoryError(f"{path.name}: {'; '.join(wrong)}") from error
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise HistoryError(f"{path.name}: {error}") from error


def _nothing_known(file: LoggerFile) -> str:
    """What to write so that columns nobody can guess become known."""
    names = [name for name in file.columns if name not in file.time]
    rows = "\n".join(f'"{name}" = "…"' for name in names[:12])
    return (
        f"{file.path.name}: no column is known by its name. Save this as a file, say what each column is (a quantity of"
        f" docs/quantities.md; leave out the others), and give it with --map:\n\n[columns]\n{rows}"
    )


@dataclass(slots=True)
class Import:
    """One file into one station."""

    path: Path
    map: ColumnMap
    station: str
    now: datetime

    def __post_init__(self) -> None:
        """Look at the head of the file."""
        self.file = recognise(self.path, time=self.map.time)
        self.columns = _columns(self.file, self.map)
        if not self.columns:
            raise HistoryError(_nothing_known(self.file))
        self.summary = Summary(self.path.name, self.file.kind, self.station)
        read = {column.column for column in self.columns} | {*self.file.time}
        self.summary.ignored = [name for name in self.file.columns if name not in read]
        self._clock = FileClock(
            self.path.name, self.file.kind, self.file.time, self.map.time_format, self.map.time_zone
        )
        self._conversions = {c.column: conversion(_unit(c, self.file), c.quantity) for c in self.columns}

    file: LoggerFile = field(init=False)
    columns: list[Column] = field(init=False)
    summary: Summary = field(init=False)
    _clock: FileClock = field(init=False)
    _conversions: dict[str, tuple[float, float]] = field(init=False)

    def pieces(self) -> Iterator[list[tuple[str, str, npt.NDArray[Any]]]]:
        """Piece after piece: (quantity, level, rows of `READING` without ids)."""
        for piece in self.file.pieces():
            text = self._clock.text(piece)
            times = self._clock.moments(text)
            good = (
                ~np.isnat(times) & (times >= EARLIEST) & (times <= np.datetime64(self.now.replace(tzinfo=None), "us"))
            )
            self.summary.rows += len(piece)
            if not good.all():
                self.summary.wrong_times += int((~good).sum())
                self.summary.wrong_time = self.summary.wrong_time or str(text[~good].iloc[0])
            if good.any():
                first, last = reading.moments(np.array([times[good].min(), times[good].max()]))
                self.summary.first = min(self.summary.first or first, first)
                self.summary.last = max(self.summary.last or last, last)
                self._one_row_a_time(piece[good], text[good])
            yield [(c.quantity, c.level, self._rows(piece, c, times, good)) for c in self.columns]

    def _one_row_a_time(self, piece: pd.DataFrame, text: pd.Series[str]) -> None:
        """Refuse a file in which many rows have one time and other values: which of them is true, it does not say."""
        told = piece[[column.column for column in self.columns]].assign(_time=text).drop_duplicates()
        other = told["_time"].duplicated(keep=False)
        if other.sum() > max(2, len(told) // 10):
            names = ", ".join(f'"{name}"' for name in [*self.file.time, "hour"][:2])
            raise HistoryError(
                f"{self.path.name}: {other.sum():,} rows have another's time and other values, the first is"
                f" {told['_time'][other].iloc[0]!r}: give a file of one station; where the hour has a column of its"
                f" own, name both in the column map: time = [{names}]"
            )

    def _rows(
        self, piece: pd.DataFrame, column: Column, times: npt.NDArray[np.datetime64], good: npt.NDArray[np.bool_]
    ) -> npt.NDArray[Any]:
        raw = piece[column.column].astype(str).str.strip()
        if raw.str.fullmatch(r"-?\d+,\d+").any():  # a decimal comma, as Vietnamese Excel writes it
            raw = raw.str.replace(",", ".", regex=False)
        read = pd.to_numeric(raw, errors="coerce").to_numpy(np.float64)  # pandas' own array: never to be written to
        number = np.where(np.isin(read, column.missing), np.nan, read)
        factor, offset = self._conversions[column.column]
        value = number * factor + offset if (factor, offset) != (1.0, 0.0) else number
        keep = good & np.isfinite(value)
        limits = QUANTITIES[column.quantity]
        rows = np.zeros(int(keep.sum()), READING.dtype)
        rows["phenomenon_time"], rows["result"] = times[keep], value[keep]
        most = _record_rain(rows["phenomenon_time"]) if column.quantity == "precipitation" else limits.maximum
        outside = (rows["result"] < limits.minimum) | (rows["result"] > most)
        rows["flag"] = np.where(outside, FAIL | PHYSICAL_RANGE, GOOD)
        if column.quantity == "precipitation":
            rows["flag"][~outside & (rows["result"] > RAIN_SHARE * most)] = SUSPECT | LOCAL_RANGE
        self._count(column, rows, int((good & ~np.isfinite(value)).sum()), int(outside.sum()))
        return rows

    def _count(self, column: Column, rows: npt.NDArray[Any], missing: int, outside: int) -> None:
        name = f"{column.quantity}/{column.level}" if column.level else column.quantity
        tally = self.summary.columns.setdefault(column.column, Tally(name, QUANTITIES[column.quantity].unit))
        tally.rows += len(rows)
        tally.missing += missing
        tally.outside += outside
        if len(rows):
            tally.least = min(tally.least, float(rows["result"].min()))
            tally.most = max(tally.most, float(rows["result"].max()))


def _record_rain(times: npt.NDArray[np.datetime64]) -> float:
    """Most rain that a value can be, by the usual distance of the file's rows; a day's where there is none."""
    apart = np.diff(np.unique(times)).astype("timedelta64[s]").astype(np.float64)
    return float(record_rain(np.median(apart) if apart.size else 86_400.0))


def _columns(file: LoggerFile, wanted: ColumnMap) -> list[Column]:
    if not wanted.columns:
        found = [(name, usual_quantity(file, name)) for name in file.columns]
        return [Column(column=name, quantity=quantity) for name, quantity in found if quantity]
    for column in wanted.columns:
        if column.column not in file.columns:
            raise HistoryError(
                f"{file.path.name} has no column {column.column!r}: it has {', '.join(file.columns[:30])}"
            )
        try:
            quantity(column.quantity)
        except UnknownQuantity as error:
            raise HistoryError(str(error)) from error
        if column.level and not LEVEL.match(column.level):
            raise HistoryError(f"{column.level!r} is no level: write -0.30m, 2m or a word")
    return wanted.columns


def _unit(column: Column, file: LoggerFile) -> str:
    return column.unit if column.unit is not None else file.units.get(column.column, "")


async def store(
    work: Import, connection: psycopg.AsyncConnection[Any], *, create: bool, progress: Callable[[int], None]
) -> Summary:
    """Write a file, a piece a transaction; pieces of a former, broken-off import of the same file are passed over."""
    station = await shelf.station(connection, work.station)
    if station is None:
        raise HistoryError(f"no station {work.station!r}: nongvu place add {work.station} station …")
    names = [(column.quantity, column.level) for column in work.columns]
    ids = await shelf.datastreams(connection, station.id, names, create=create)
    missing = [f"{quantity}/{level}".rstrip("/") for quantity, level in names if (quantity, level) not in ids.known]
    if missing:
        raise HistoryError(f"{work.station} has no datastream {', '.join(missing)}: give --create to make them")
    work.summary.created = ids.created
    await connection.commit()
    await reading.prepare(connection)
    digest = hashlib.sha256(work.path.read_bytes() + repr(work.columns).encode() + work.station.encode()).hexdigest()
    water = reading.HighWater()
    for number, piece in enumerate(work.pieces()):
        label = batches.Batch(station.gateway, f"import-{digest[:32]}", "import", number, datetime.now(UTC),
                              sum(len(rows) for _, _, rows in piece))  # fmt: skip
        await _write(connection, work, piece, ids.known, label, water)
        progress(work.summary.rows)
    return work.summary


def useless(summary: Summary) -> str | None:
    """What a person has to mend where a file gave nothing at all; None where it gave something."""
    if summary.rows and summary.wrong_times == summary.rows:
        return (
            f"{summary.file}: no row has a usable time; the first is {summary.wrong_time!r}."
            ' Say how to read it in the column map: time_format = "%d/%m/%Y %H:%M"'
        )
    return None if summary.rows else f"{summary.file}: no rows below its head"


async def _write(
    connection: psycopg.AsyncConnection[Any],
    work: Import,
    piece: list[tuple[str, str, npt.NDArray[Any]]],
    ids: dict[tuple[str, str], int],
    label: batches.Batch,
    water: reading.HighWater,
) -> None:
    async with connection.transaction():
        (batch,) = await batches.record(connection, [label])
        if batch is None:
            work.summary.skipped_pieces += 1
            return
        rows = np.concatenate([rows for _, _, rows in piece])
        rows["batch_id"] = batch
        rows["datastream_id"] = np.repeat([ids[quantity, level] for quantity, level, _ in piece],
                                          [len(rows) for _, _, rows in piece])  # fmt: skip
        written = await reading.write(connection, rows, water, backlog=True)
        counts = np.bincount(written.outcome, minlength=3)
        await batches.set_aside(connection, _conflicts(work, rows, written, label))
    reading.risen(rows, water, backlog=True)
    work.summary.stored += int(counts[reading.STORED])
    work.summary.repeated += int(counts[reading.REPEATED])
    work.summary.conflicts += int(counts[reading.CONFLICT])


def _conflicts(
    work: Import, rows: npt.NDArray[Any], written: reading.Written, label: batches.Batch
) -> list[batches.Aside]:
    return [
        batches.Aside(
            "import", label.boot, "import", label.sequence, index, "conflict",
            f"{work.path.name}: {float(rows['result'][index])!r} came where {present!r} is stored", work.station,
            "text/csv", repr(rows[index].tolist()[:3]).encode(), label.received_at,
        )
        for index, present in written.present.items()
    ]  # fmt: skip
