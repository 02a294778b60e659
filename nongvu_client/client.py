"""One platform, by its address and perhaps a key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from types import TracebackType
from typing import Any, Literal, Self

import httpx
import pandas as pd

from nongvu_client.errors import error_of

When = str | datetime | pd.Timestamp
Aggregate = Literal["natural", "mean", "min", "max", "sum", "last"]
Quality = Literal["good", "usable", "suspect", "all"]
#: Longest wait that the platform may ask for before an idempotent request is tried again [s].
LONGEST_WAIT = 30.0


def _moment(when: When | None) -> str | None:
    """ISO 8601 UTC of a time; one without a zone is UTC."""
    if when is None:
        return None
    stamp = pd.Timestamp(when)
    stamp = stamp.tz_localize(UTC) if stamp.tzinfo is None else stamp.tz_convert(UTC)
    return str(stamp.isoformat())


def _listed(names: str | Sequence[str] | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


class Client:
    """A platform.

    Parameters
    ----------
    address : str
        Such as ``https://nongvu.example.org``.
    key : str, optional
        API key; without one the public's rows are seen.
    transport : httpx.BaseTransport, optional
        For tests and proxies.
    """

    def __init__(
        self,
        address: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=address.rstrip("/"), headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, method: str, path: str, *, tries: int = 3, **given: Any) -> httpx.Response:
        for left in reversed(range(tries)):
            answer = self._http.request(method, path, **given)
            if answer.is_success:
                return answer
            wait = float(answer.headers.get("retry-after", "0") or 0)
            if answer.status_code not in {429, 503} or not left or wait > LONGEST_WAIT:
                break
            time.sleep(wait or 1.0)
        try:
            document = answer.json()
        except ValueError:
            document = {"title": answer.reason_phrase, "detail": answer.text[:200]}
        raise error_of(answer.status_code, document if isinstance(document, dict) else {})

    def _items(self, path: str, **asked: Any) -> Iterator[dict[str, Any]]:
        following: str | None = path
        parameters: dict[str, Any] | None = {name: value for name, value in asked.items() if value not in (None, [])}
        while following:
            page = self._ask("GET", following, params=parameters).json()
            yield from page["items"]
            following, parameters = self._here(page["next"]), None

    def _here(self, address: str | None) -> str | None:
        """An address that the platform gave, at the host that was asked: the key goes nowhere else."""
        if address is None:
            return None
        base = self._http.base_url
        return str(httpx.URL(address).copy_with(scheme=base.scheme, host=base.host, port=base.port))

    def stations(self, *, place: str | None = None, quantity: str | None = None) -> pd.DataFrame:
        """Stations that may be seen, a row each, indexed by code."""
        rows = list(self._items("/v1/stations", place=place, quantity=quantity))
        for row in rows:
            row["commune"] = (row["commune"] or {}).get("name")
            row["datastreams"] = [entry["name"] for entry in row["datastreams"]]
        return _frame(rows, index="code")

    def latest(self, *, quantity: str | None = None) -> pd.DataFrame:
        """Newest value of every datastream that may be seen."""
        return _frame(self._items("/v1/latest", quantity=quantity), times=["time"])

    def readings(
        self,
        stations: str | Sequence[str],
        datastreams: str | Sequence[str] | None = None,
        *,
        since: When | None = None,
        until: When | None = None,
        every: str | None = None,
        aggregate: Aggregate = "natural",
        quality: Quality = "usable",
    ) -> pd.DataFrame:
        """Readings, or with ``every`` ("1h", "1d") values of a longer period; times are UTC.

        Comes as Parquet where pyarrow is installed, else as CSV; both in one request, however long the time.
        """
        asked = {
            "station": _listed(stations), "datastream": _listed(datastreams), "from": _moment(since),
            "to": _moment(until), "every": every, "aggregate": aggregate, "quality": quality,
        }  # fmt: skip
        parameters = {name: value for name, value in asked.items() if value not in (None, [])}
        if _has_pyarrow():
            answer = self._ask("GET", "/v1/readings", params=parameters | {"format": "parquet"})
            return pd.read_parquet(BytesIO(answer.content))
        answer = self._ask("GET", "/v1/readings", params=parameters | {"format": "csv"})
        return pd.read_csv(BytesIO(answer.content), parse_dates=["time"])

    def table(self, *given: Any, **asked: Any) -> pd.DataFrame:
        """Readings as a table: times down, datastreams (station, name) across."""
        rows = self.readings(*given, **asked)
        return rows.pivot_table(index="time", columns=["station", "datastream"], values="value", observed=True)

    def indices(
        self, station: str, names: str | Sequence[str] | None = None, *, since: When | None = None,
        until: When | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Index values of a station or another place."""
        path = f"/v1/stations/{station}/indices"
        asked = {"index": _listed(names), "from": _moment(since), "to": _moment(until)}
        return _frame(self._items(path, **asked), times=["time"])

    def alerts(
        self, *, state: Literal["open", "ended", "cancelled"] | None = None, place: str | None = None,
        since: When | None = None, until: When | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Alerts, newest first, indexed by id."""
        asked = {"state": state, "place": place, "from": _moment(since), "to": _moment(until)}
        rows = list(self._items("/v1/alerts", **asked))
        for row in rows:
            row["place"] = row["place"]["code"]
        return _frame(rows, index="id", times=["started", "ended"])

    def post(self, readings: pd.DataFrame) -> int:
        """Post readings (columns station, datastream, time, value) and return how many are stored.

        Sending the same again changes nothing, so a failed post may be repeated whole.
        """
        stored = 0
        for start in range(0, len(readings), 500):
            part = readings.iloc[start : start + 500]
            columns = (part[name].tolist() for name in ("station", "datastream", "time", "value"))
            rows = [
                {"station": station, "datastream": datastream, "time": _moment(when), "value": value}
                for station, datastream, when, value in zip(*columns, strict=True)
            ]
            stored += int(self._ask("POST", "/v1/readings", json={"readings": rows}).json()["stored"])
        return stored


def _frame(rows: Iterable[dict[str, Any]], *, index: str | None = None, times: Sequence[str] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows))
    for name in times:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame.set_index(index) if index and index in frame else frame


def _has_pyarrow() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec("pyarrow") is not None
