"""What the tables know of a commune now, before and ahead: the facts that texts are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notify.texts.message_text import wording
from store import commune_weather
from store.bulletin import Commune
from store.commune_weather import Crop, Foretold, OpenAlert
from store.pool import Connection
from store.reply import NamedPlace

#: Daily indices that bulletins speak of.
INDICES = (
    "air_temperature_minimum", "air_temperature_maximum", "air_temperature_mean", "relative_humidity_mean",
    "precipitation_sum", "wind_gust_maximum", "reference_evapotranspiration", "soil_moisture_mean",
)  # fmt: skip
SUMS = ("precipitation_sum", "reference_evapotranspiration")


@dataclass(frozen=True, slots=True)
class Facts:
    """Values of a commune; what is unknown is absent."""

    commune: str
    day: date
    stations: list[str]
    own: bool  # False: the nearest station stands in
    now: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    mean: Mapping[str, float] = field(default_factory=dict)
    total: Mapping[str, float] = field(default_factory=dict)
    rain_days: int = 0
    ahead: Mapping[str, Foretold] = field(default_factory=dict)
    alerts: Sequence[OpenAlert] = field(default_factory=list)
    crops: Sequence[Crop] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.now or self.mean or self.ahead or self.alerts)

    def document(self) -> dict[str, object]:
        """Facts as they are kept beside the texts."""
        return asdict(self)


async def facts(connection: Connection, commune: Commune | NamedPlace, now: datetime, days: int = 1) -> Facts:
    """Facts of a commune or another place: the last ``days`` whole local days, the present, as many days ahead."""
    zone = ZoneInfo(commune.time_zone)
    today = now.astimezone(zone).date()
    window = (datetime.combine(today - timedelta(days=days), time(), zone), datetime.combine(today, time(), zone))
    sources = await commune_weather.sources(connection, commune.id)
    places = [source.id for source in sources]
    values = await commune_weather.extremes(connection, places, INDICES, *window)
    sums = await commune_weather.totals(connection, places, SUMS, *window)
    latest = await commune_weather.latest(connection, places, now)
    ahead = await commune_weather.forecast(connection, [*places, commune.id], now, now + timedelta(days=days))
    return Facts(
        commune=commune.name,
        day=today,
        stations=[source.name for source in sources],
        own=all(source.own for source in sources),
        now={row.quantity: row.value for row in latest},
        least={row.index: row.least for row in values},
        most={row.index: row.most for row in values},
        mean={row.index: row.mean for row in values},
        total={row.index: row.total for row in sums},
        rain_days=next((row.days for row in sums if row.index == "precipitation_sum"), 0),
        ahead={row["quantity"]: row for row in ahead},
        alerts=await commune_weather.open_alerts(connection, commune.id),
        crops=await commune_weather.crops(connection, commune.id, today, now),
    )


def advice(found: Facts, language: str) -> list[str]:
    """What to do: of each open alert, what is for the crops that grow here, else what is for everybody."""
    crops = [name for row in found.crops for name in (row["crop"], row.get("audience")) if name]
    said: list[str] = []
    for alert in found.alerts:
        by_audience = wording(alert["texts"], language).get("advice", {})
        chosen = [by_audience[name] for name in (*crops, "cattle", "farmer") if name in by_audience]
        said += chosen or list(by_audience.values())[:1]
    return list(dict.fromkeys(said))
