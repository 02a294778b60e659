"""Reads files of loggers (Campbell TOA5, Davis WeatherLink, CSV, Excel) into tables of raw columns with their units."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from telemetry.quantities import QUANTITIES

#: Bytes by which the encoding is told.
SAMPLE = 64 * 1024
#: Rows in one piece: one piece is one transaction and one step of the progress.
PIECE = 20_000


class LoggerFileError(ValueError):
    """A file that cannot be read as what it claims to be; never worth another try."""


@dataclass(frozen=True, slots=True)
class LoggerFile:
    """What is known before the rows are read."""

    path: Path
    kind: str
    columns: list[str]
    #: Unit of a column as the file says it; missing where it does not.
    units: dict[str, str]
    #: Column (or two, joined by a blank) of the time.
    time: tuple[str, ...]
    #: Keyword arguments of `pandas.read_csv`.
    reading: dict[str, Any] = field(default_factory=dict)

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Rows as text, a piece at a time."""
        if self.kind == "excel":
            table = _excel(self.path)
            for start in range(0, len(table), PIECE):
                yield table.iloc[start : start + PIECE]
            return
        try:
            with pd.read_csv(self.path, dtype=str, chunksize=PIECE, keep_default_na=False, names=self.columns,
                             header=None, **self.reading) as reader:  # fmt: skip
                yield from reader
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            raise LoggerFileError(f"{self.path.name}: {error}") from error


def recognise(path: Path, *, time: tuple[str, ...] = ()) -> LoggerFile:
    """Find out what a file is from its first lines; ``time`` names the time's columns in a plain CSV or Excel file."""
    if path.suffix.lower() in {".xls", ".ods"}:
        raise LoggerFileError(f"{path.name}: save it as .xlsx, or as CSV")
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        columns = [str(column) for column in _excel(path, rows=0).columns]
        return LoggerFile(path, "excel", columns, _bracketed(columns), _time_columns(columns, time, path))
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        lines = [line.rstrip("\r\n") for _, line in zip(range(12), file, strict=False)]
    if any("\0" in line for line in lines):
        raise LoggerFileError(f"{path.name} is no text file: export TOA5, WeatherLink text, CSV or .xlsx")
    if not lines:
        raise LoggerFileError(f"{path.name} is empty")
    if lines[0].lstrip('\ufeff"').startswith("TOA5"):
        return _toa5(path, lines, encoding)
    for number, line in enumerate(lines):
        if line.lstrip('\ufeff"').startswith("Date & Time"):
            return _weatherlink_csv(path, line, number, encoding)
    if "\t" in lines[0] and len(lines) > 2 and lines[1].split("\t")[:2] == ["Date", "Time"]:
        return _weatherlink_text(path, lines, encoding)
    return _plain(path, lines[0], encoding, time)


def _excel(path: Path, rows: int | None = None) -> pd.DataFrame:
    try:
        return pd.read_excel(path, dtype=str, nrows=rows, engine="openpyxl")
    except (ValueError, KeyError, BadZipFile) as error:
        raise LoggerFileError(f"{path.name} is no Excel file: {str(error)[:100]}") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < SAMPLE or error.start < SAMPLE - 4:  # no character that the sample cut in two
            return "latin-1" if b"\0" in head else "cp1252"  # WeatherLink on Windows
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


def _row(line: str, delimiter: str = ",") -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]


def _toa5(path: Path, lines: list[str], encoding: str) -> LoggerFile:
    """Campbell Scientific: line 2 names, line 3 units, line 4 how each was processed."""
    if len(lines) < 4:
        raise LoggerFileError(f"{path.name}: a TOA5 file has four header lines")
    names, units = _row(lines[1]), _row(lines[2])
    if "TIMESTAMP" not in names:
        raise LoggerFileError(f"{path.name}: no column TIMESTAMP in line 2")
    reading = {"skiprows": 4, "encoding": encoding, "na_values": ["NAN", '"NAN"', "INF", "-INF"]}
    return LoggerFile(path, "toa5", names, dict(zip(names, units, strict=False)), ("TIMESTAMP",), reading)


def _weatherlink_csv(path: Path, line: str, number: int, encoding: str) -> LoggerFile:
    """weatherlink.com: some lines about the station, then a header with units such as ``Temp - °C``."""
    names = _row(line)
    units = {name: name.rsplit(" - ", 1)[1] for name in names if " - " in name}
    return LoggerFile(path, "weatherlink", names, units, (names[0],), {"skiprows": number + 1, "encoding": encoding})


def _weatherlink_text(path: Path, lines: list[str], encoding: str) -> LoggerFile:
    """Export of the WeatherLink program: tabs, names over two lines, units as the user chose (not said)."""
    above, below = lines[0].split("\t"), lines[1].split("\t")
    above += [""] * (len(below) - len(above))
    names = [f"{first.strip()} {second.strip()}".strip() for first, second in zip(above, below, strict=False)]
    return LoggerFile(path, "weatherlink", names, {}, ("Date", "Time"),
                      {"skiprows": 2, "sep": "\t", "encoding": encoding})  # fmt: skip


def _plain(path: Path, line: str, encoding: str, time: tuple[str, ...]) -> LoggerFile:
    delimiter = max(",;\t", key=line.count)
    names = _row(line.lstrip("\ufeff"), delimiter)
    return LoggerFile(path, "csv", names, _bracketed(names), _time_columns(names, time, path),
                      {"skiprows": 1, "sep": delimiter, "encoding": encoding})  # fmt: skip


def _bracketed(names: list[str]) -> dict[str, str]:
    """Units in brackets at the end of a name, as agronomists write them: ``Mưa (mm)``, ``T [°C]``."""
    found = {}
    for name in names:
        for opening, closing in ("()", "[]"):
            if name.endswith(closing) and opening in name:
                found[name] = name[name.rindex(opening) + 1 : -1]
    return found


def _time_columns(names: list[str], wanted: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """The column of the time, or those of the date and of the hour."""
    for one in wanted:
        if one not in names:
            raise LoggerFileError(f"{path.name} has no column {one!r}: it has {', '.join(names[:20])}")
    if wanted:
        return wanted
    plain = {_without_unit(name): name for name in reversed(names)}
    moments, dates, hours = ([plain[name] for name in known if name in plain] for known in (MOMENTS, DATES, HOURS))
    if dates and hours:
        return dates[0], hours[0]
    if found := [*moments, *dates, *(plain[name] for name in EITHER if name in plain)]:
        return (found[0],)
    raise LoggerFileError(f"{path.name}: which column is the time? say so in the column map")


#: Names above a column: of a moment; of a date, beside which the hour may have a column of its own; of an hour.
MOMENTS = ("timestamp", "datetime", "date_time", "date time", "phenomenon_time", "ngày giờ")
DATES = ("date", "ngày", "ngày tháng", "ngày đo", "ngày tháng năm")
HOURS = ("time", "hour", "giờ", "giờ đo", "giờ quan trắc", "thời gian", "thời điểm")
#: What is a moment where no date stands beside it.
EITHER = ("time", "thời gian")


def _without_unit(name: str) -> str:
    return name.lower().split("(")[0].split("[")[0].strip()


#: Columns of Davis stations → quantity; the unit stands in the header, or is asked for.
WEATHERLINK = {
    "Temp Out": "air_temperature", "Temp": "air_temperature", "Out Hum": "relative_humidity",
    "Hum": "relative_humidity",
    "Dew Pt.": "dew_point", "Dew Point": "dew_point", "Wind Speed": "wind_speed", "Avg Wind Speed": "wind_speed",
    "Hi Speed": "wind_gust", "High Wind Speed": "wind_gust", "Bar": "air_pressure", "Barometer": "air_pressure",
    "Rain": "precipitation", "Solar Rad.": "global_radiation", "Solar Rad": "global_radiation",
}  # fmt: skip
#: Names that Campbell's program builder gives → quantity.
TOA5 = {
    "AirTC_Avg": "air_temperature", "AirTC": "air_temperature", "AirT_C_Avg": "air_temperature",
    "RH": "relative_humidity",
    "RH_Avg": "relative_humidity", "WS_ms_Avg": "wind_speed", "WS_ms_S_WVT": "wind_speed", "WS_ms_Max": "wind_gust",
    "WindDir_D1_WVT": "wind_direction", "WindDir": "wind_direction", "Rain_mm_Tot": "precipitation",
    "SlrW_Avg": "global_radiation", "BP_mbar_Avg": "air_pressure", "BP_mbar": "air_pressure",
    "BattV_Min": "battery_voltage",
    "BattV_Avg": "battery_voltage", "BattV": "battery_voltage", "VWC_Avg": "soil_moisture", "VWC": "soil_moisture",
}  # fmt: skip


#: Names that agronomists write above a column, without the unit → quantity.
VIETNAMESE = {
    "nhiệt độ": "air_temperature", "nhiệt độ không khí": "air_temperature", "độ ẩm không khí": "relative_humidity",
    "mưa": "precipitation", "lượng mưa": "precipitation", "tốc độ gió": "wind_speed", "hướng gió": "wind_direction",
    "khí áp": "air_pressure", "nhiệt độ đất": "soil_temperature", "độ ẩm đất": "soil_moisture",
}  # fmt: skip


def usual_quantity(file: LoggerFile, column: str) -> str | None:
    """Quantity of a column by the names that these makers use."""
    if file.kind == "toa5":
        return TOA5.get(column)
    if file.kind == "weatherlink":
        return WEATHERLINK.get(column.rsplit(" - ", 1)[0])
    plain = _without_unit(column)
    return VIETNAMESE.get(plain) or (plain if plain in QUANTITIES else None)
