"""File clock: the times of a file, as people and loggers write them, in UTC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Day and month, or month and day, before a year.
_PARTS = r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}"


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
            text = text + " " + piece[other].astype(str)
        return text

    def moments(self, text: pd.Series[str]) -> npt.NDArray[np.datetime64]:
        """UTC; NaT where it is no time, or one that the place's clock skipped or showed twice."""
        if self.kind == "weatherlink":  # 12-hour clock with a bare a or p
            text = text.str.replace(r"(?i)(\d)\s*([ap])m?$", r"\1 \2m", regex=True)
        day_first = self.time_format is None and self._is_day_first(text)
        year_first = text.str.match(_YEAR_FIRST, na=False).to_numpy(np.bool_)
        moments = np.full(len(text), np.datetime64("NaT"), "M8[us]")
        for rows, first in ((year_first, False), (~year_first, day_first)):  # pandas would lay dayfirst on both
            if rows.any():
                moments[rows] = self._utc(text[rows], day_first=first)
        return moments

    def _utc(self, text: pd.Series[str], *, day_first: bool) -> npt.NDArray[np.datetime64]:
        layout = self.time_format or "mixed"
        parsed = pd.to_datetime(text, format=layout, errors="coerce", dayfirst=day_first, utc=False)
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
