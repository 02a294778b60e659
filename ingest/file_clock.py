"""Reads the times of a file, as people and loggers write them, in UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Day and month, or month and day, before a year; before or behind the hour.
_PARTS = r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}"
#: A day, month and year in any order; for what is missing pandas would take today, the year 1, the first of the month.
_DATED = (
    r"(?<!\d)(?:\d{1,4}[/.\s-]\d{1,2}[/.\s-]\d{1,4}|\d{8}(?:\d{4}(?:\d\d)?)?(?!\d)"
    r"|\d{1,2}\W*[^\W\d_]{3,}\W*\d{2,4})|[^\W\d_]{3,}\W*\d{1,2}\W+\d{4}"
)
#: The midnight that a spreadsheet hands over with a date.
_MIDNIGHT = r"\s+00:00(?::00(?:\.0+)?)?$"
#: The end of a day behind its date.
_24 = r"\s+24:00(?::00)?$"
#: An hour by itself, and the one that ends its day.
_HOUR, _DAYS_END = r"(?i)^(\d{1,2})\s*(?:h|giờ)?$", r"(?i)^24(?:\s*(?:h|giờ)|h?00|:00(?::00)?)?$"


#: A year before month and day: no question of their order, whatever other dates of the file are like.
_YEAR_FIRST = r"^\s*\d{4}\D?\d"


class HistoryError(ValueError):
    """A file, or its map, that cannot be imported; never worth another try."""


@dataclass(slots=True)
class FileClock:
    """Reads the times of one file, piece after piece, all in the same way."""

    file: str
    kind: str
    columns: tuple[str, ...]
    time_format: str | None
    time_zone: str
    day_first: bool | None = None

    def text(self, piece: pd.DataFrame) -> pd.Series[str]:
        """Times as they stand in the file; where date and time have columns of their own, both."""
        text = piece[self.columns[0]].astype(str)
        for other in self.columns[1:]:
            text = _together(text, piece[other].astype(str))
        return text

    def moments(self, text: pd.Series[str]) -> npt.NDArray[np.datetime64]:
        """UTC; NaT where it is no time, or one that the place's clock skipped or showed twice."""
        if self.kind == "weatherlink":  # 12-hour clock with a bare a or p
            text = text.str.replace(r"(?i)(\d)\s*([ap])m?$", r"\1 \2m", regex=True)
        if self.time_format is None:
            text = _in_figures(text)
        day_first = self.time_format is None and self._is_day_first(text)
        year_first = text.str.match(_YEAR_FIRST, na=False).to_numpy(np.bool_)
        moments = np.full(len(text), np.datetime64("NaT"), "M8[us]")
        for rows, first in ((year_first, False), (~year_first, day_first)):  # pandas would lay dayfirst on both
            if rows.any():
                moments[rows] = self._utc(text[rows], day_first=first)
        return moments

    def _utc(self, text: pd.Series[str], *, day_first: bool) -> npt.NDArray[np.datetime64]:
        layout = self.time_format or "mixed"
        ends = text.str.contains(_24, regex=True, na=False) if self.time_format is None else None
        if ends is not None and ends.any():
            text = text.mask(ends, text.str.replace(_24, " 00:00", regex=True))
        parsed = pd.to_datetime(text, format=layout, errors="coerce", dayfirst=day_first, utc=False)
        if ends is not None and ends.any():
            parsed = parsed.mask(ends, parsed + pd.Timedelta(days=1))
        if getattr(parsed.dtype, "tz", None) is None:
            parsed = pd.to_datetime(parsed).dt.tz_localize(self.time_zone, ambiguous="NaT", nonexistent="NaT")
        naive: npt.NDArray[np.datetime64] = parsed.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("M8[us]")
        return naive

    def _is_day_first(self, text: pd.Series[str]) -> bool:
        """Whether 1/2 is the first of February: told by what else is in the file, never guessed.

        Raises
        ------
        HistoryError
            The file does not tell, or says both.
        """
        parts = text.str.extract(_PARTS).dropna().astype(int)
        if parts.empty:
            return False
        days, months = bool((parts[0] > 12).any()), bool((parts[1] > 12).any())
        says = days if days != months else None
        if (days and months) or (says is not None and self.day_first not in (None, says)):
            raise HistoryError(f"{self.file}: some dates have the day first, others the month: mend the file")
        self.day_first = says if self.day_first is None else self.day_first
        if self.day_first is None and self.kind != "weatherlink":  # an American program
            raise HistoryError(
                f"{self.file}: is {text.iloc[0]!r} day/month or month/day? Say so in the column map:"
                ' time_format = "%d/%m/%Y %H:%M"'
            )
        return bool(self.day_first)


def _together(date: pd.Series[str], hour: pd.Series[str]) -> pd.Series[str]:
    """A date and the hour beside it; one of them alone where that says both."""
    hour = hour.str.strip()
    full = hour.str.contains(_DATED, regex=True, na=False)
    date = date.str.strip().str.replace(_MIDNIGHT, "", regex=True)
    clocked = date.str.contains(":", regex=False, na=False)
    both = date + " " + hour.str.replace(_HOUR, r"\1:00", regex=True)
    ends = hour.str.match(_DAYS_END, na=False)
    return both.mask(ends, date + " 24:00").mask(clocked, date).mask(full, hour)


def _in_figures(text: pd.Series[str]) -> pd.Series[str]:
    """Vietnamese halves of the day in English, and nothing where no day is named."""
    text = text.str.replace(r"(?i)(\d)\s*SA$", r"\1 am", regex=True).str.replace(
        r"(?i)(\d)\s*CH$", r"\1 pm", regex=True
    )
    text = text.str.replace(r"(?i)\b(\d{1,2})\s*giờ\b", r"\1h", regex=True)
    return text.where(text.str.contains(_DATED, regex=True, na=False))
