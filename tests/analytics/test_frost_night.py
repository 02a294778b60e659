"""Tonight's frost: gate by gate, told once a night before dusk, as an independent scan of the same winter tells it."""

import math
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, scalar, settle, station

from analytics.grid import HOUR as SECONDS
from analytics.grid import local_days, of_values
from analytics.index import Places, Window, evaluate
from analytics.indices import frost_night
from analytics.indices.frost_night import LEAN, forecast_error
from analytics.indices.psychrometrics import dew_point
from analytics.level import evaluate as codes_of
from analytics.rule import ALWAYS, Dated, Measure, own_terms
from analytics.rules.crop import FROST_TONIGHT

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
QUANTITIES = ("air_temperature", "relative_humidity", "wind_speed", "precipitation")
LOOKS = ("before_dusk", "forecast")


def humidity(temperature, dew):
    """Relative humidity by the Magnus formula, as the project takes it: checked against its inverse below."""
    vapour = [math.exp(17.62 * one / (243.12 + one)) for one in (temperature, dew)]
    return 100.0 * vapour[1] / vapour[0]


def winter(falls, warm=14.0, wind=1.0, deficit=8.0, **evenings):
    """Quantity → hourly values of a day more than there are nights: warmest at 15 h, coldest at 6 h after the fall.

    ``evenings`` has, by number of the evening, what of ``warm``, ``wind``, ``deficit``, ``rain`` is otherwise on it.
    """
    hours = 24 * (len(falls) + 1)
    own = {"warm": warm, "wind": wind, "deficit": deficit, "rain": 0.0}
    nights = [own | evenings.get(f"e{n}", {}) | {"fall": fall} for n, fall in enumerate(falls)]
    air = np.empty(hours)
    for hour in range(hours):
        n, clock = divmod(hour - 15, 24)
        n = min(n, len(nights) - 1)
        here = nights[max(n, 0)]
        following = nights[min(n + 1, len(nights) - 1)]["warm"]
        low = here["warm"] - here["fall"]
        air[hour] = (here["warm"] - here["fall"] * math.sqrt(clock / 15.0) if clock <= 15
                     else low + (following - low) * (clock - 15) / 9.0)  # fmt: skip
    of = [nights[min(max((hour - 12) // 24, 0), len(nights) - 1)] for hour in range(hours)]
    air = np.round(air, 2)
    # from evening to evening without a step: the same from noon to midnight
    knots = [24 * n + clock for n in range(len(nights)) for clock in (13, 23)]
    even = {name: np.interp(np.arange(hours), knots, np.repeat([one[name] for one in nights], 2))
            for name in ("deficit", "wind")}  # fmt: skip
    noise = np.array([hour * 7 % 5 * 0.1 for hour in range(hours)])  # what stands still is taken for stuck
    return {
        "air_temperature": air,
        "relative_humidity": np.array(
            [round(humidity(t, t - max(gap, 0.05)), 2) for t, gap in zip(air, even["deficit"] + noise, strict=True)]
        ),
        "wind_speed": even["wind"] + 2 * noise,
        "precipitation": np.array([one["rain"] * (1 + hour % 3) for hour, one in enumerate(of)]),
    }  # fmt: skip


def looked(weather, without=()):
    """Index → values of the days of a winter."""
    days = len(weather["air_temperature"]) // 24
    first = START.astimezone(ZONE).date()
    grid = local_days(first, first + timedelta(days=days - 1), ["Asia/Ho_Chi_Minh"], SECONDS)
    readings = {name: of_values(values[None, :]) for name, values in weather.items() if name not in without}
    places = Places(*(np.array([one]) for one in (21.8, 106.8, 260.0, np.nan)))
    return {
        name: found.value[0] for name, found in evaluate(frost_night.INDICES, Window(grid, places, readings)).items()
    }


def decision(found, evening, look="forecast"):
    error = "error" if look == "forecast" else "before_dusk_error"
    return found[f"frost_night_minimum_{look}"][evening] - LEAN * found[f"frost_night_minimum_{error}"][evening]


#: Nights of every kind: calm and dry ones that fall by 8 or so, others by less.
TAUGHT = [8.0, 7.6, 8.3, 8.0, 7.8, 8.4, 8.1, 7.7, 8.2, 8.0, 7.9, 8.3]
LAST = len(TAUGHT)


def last_evening(**changed):
    return looked(winter([*TAUGHT, 8.0], **{f"e{LAST}": {"warm": 12.5} | changed}))


@pytest.mark.parametrize("look", LOOKS)
def test_a_calm_dry_evening_is_told(look):
    assert decision(last_evening(), LAST, look) < 4.0


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("gate", [{"wind": 6.0}, {"rain": 0.6}, {"deficit": 0.3}], ids=["wind", "rain", "dew"])
def test_each_gate_shuts_it(gate, look):
    """Of such evenings the station knows none: half the fall of the calm ones is its guess."""
    found = last_evening(**gate)
    assert decision(found, LAST, look) > 5.0
    open_one = decision(last_evening(), LAST, look)
    assert decision(found, LAST, look) > open_one + 1.5


@pytest.mark.parametrize(("wind", "told"), [(2.9, True), (3.0, False), (3.1, False)])
def test_the_gate_of_the_wind_shuts_at_3_metres_a_second(wind, told):
    weather = winter([*TAUGHT, 8.0], **{f"e{LAST}": {"warm": 12.5}})
    weather["wind_speed"][24 * LAST + 12 :] = wind
    found = looked(weather)
    assert bool(decision(found, LAST) < 4.0) is told


def test_wind_is_that_of_2_metres():
    """3.9 m/s on a mast of 10 m are less than 3 m/s at 2 m (FAO-56, Eq. 47)."""
    weather = winter([*TAUGHT, 8.0], **{f"e{LAST}": {"warm": 12.5}})
    weather["wind_speed"][24 * LAST + 12 :] = 3.9
    first = START.astimezone(ZONE).date()
    grid = local_days(first, first + timedelta(days=LAST + 1), ["Asia/Ho_Chi_Minh"], SECONDS)
    readings = {name: of_values(values[None, :]) for name, values in weather.items()}
    value = {}
    for height in (2.0, 10.0):
        places = Places(*(np.array([one]) for one in (21.8, 106.8, 260.0, height)))
        found = evaluate(frost_night.INDICES, Window(grid, places, readings))
        value[height] = found["frost_night_minimum_forecast"].value[0, LAST]
    assert value[10.0] < value[2.0] - 1.0


def test_windy_nights_that_fall_as_far_open_the_gate_again():
    falls = [*TAUGHT, *[8.0] * 30]
    windy = {f"e{n}": {"wind": 6.0} for n in range(LAST, LAST + 30)}
    value = looked(winter(falls, **windy))["frost_night_minimum_forecast"]
    assert value[LAST] > value[LAST + 29] + 1.5
    assert abs(value[LAST + 29] - 6.0) < 0.5


@pytest.mark.parametrize("missing", QUANTITIES[1:])
def test_what_is_not_measured_leaves_its_gate_open_and_the_error_wider(missing):
    weather = winter([*TAUGHT, 8.0], **{f"e{LAST}": {"warm": 12.5}})
    whole, less = looked(weather), looked(weather, (missing,))
    assert np.isfinite(less["frost_night_minimum_forecast"][LAST])
    assert less["frost_night_minimum_error"][LAST] > whole["frost_night_minimum_error"][LAST]
    assert abs(less["frost_night_minimum_forecast"][LAST] - whole["frost_night_minimum_forecast"][LAST]) < 1.0


def test_ten_nights_are_needed():
    value = looked(winter([*TAUGHT, 8.0]))["frost_night_minimum_forecast"]
    assert not np.isfinite(value[:10]).any()
    assert np.isfinite(value[10:]).all()


def test_the_error_is_of_forecasts_that_did_not_know_their_night():
    """Every third night cold air drains in before dawn, as nothing of its evening foretold."""
    weather = winter([8.0] * 60)
    for night in range(0, 60, 3):
        weather["air_temperature"][24 * night + 26 : 24 * night + 31] -= 4.0
    found = looked(weather)
    came = np.append(found["frost_night_minimum"][1:], np.nan)
    off = (found["frost_night_minimum_forecast"] - came)[30:60]
    rmse = float(np.sqrt(np.nanmean(off**2)))
    assert rmse > 1.0
    assert found["frost_night_minimum_error"][59] == pytest.approx(rmse, rel=0.25)


@pytest.mark.parametrize(("value", "entered"), [(4.0, 1), (4.58, 1), (4.61, 0), (3.99, 1), (0.59, 2), (0.6, 1)])
def test_a_level_is_entered_below_the_threshold_less_its_share_of_the_error(value, entered):
    begins = np.array([[np.datetime64("2026-01-10T10", "s")]])
    measure = Measure(np.array([[value]]), error=np.array([[2.0]]), unasked=np.array([[False]]))
    codes = codes_of(FROST_TONIGHT, measure, begins, [[Dated(ALWAYS, own_terms(FROST_TONIGHT))]])
    assert codes[0, 0] & 15 == entered


def test_between_nights_no_level_holds_and_nothing_is_unknown():
    begins = np.array([[np.datetime64("2026-01-10T10", "s")]])
    measure = Measure(np.array([[np.nan]]), unasked=np.array([[True]]))
    assert codes_of(FROST_TONIGHT, measure, begins, [[Dated(ALWAYS, own_terms(FROST_TONIGHT))]])[0, 0] == 0


# --- the engine beside a plain scan of the same winter ---

GUESS = (0.3, 0.0, 0.0, None, None)


def sunset_hour(day):
    """Local hour of sunset at 21.8° N, 106.8° E by NOAA's short equations, good to a few minutes."""
    angle = 2 * math.pi / 365 * (day.timetuple().tm_yday - 1 + 0.25)
    time = 229.18 * (0.000075 + 0.001868 * math.cos(angle) - 0.032077 * math.sin(angle)
                     - 0.014615 * math.cos(2 * angle) - 0.040849 * math.sin(2 * angle))  # fmt: skip
    lean = (0.006918 - 0.399912 * math.cos(angle) + 0.070257 * math.sin(angle)
            - 0.006758 * math.cos(2 * angle) + 0.000907 * math.sin(2 * angle))  # fmt: skip
    latitude = math.radians(21.8)
    half = math.degrees(math.acos(math.cos(math.radians(90.833)) / (math.cos(latitude) * math.cos(lean))
                                  - math.tan(latitude) * math.tan(lean)))  # fmt: skip
    return (720 - 4 * 106.8 - time + 4 * half + 420) / 60


def dew(temperature, wet):
    """Dew point by the inverse of `humidity`."""
    log = math.log(wet / 100.0) + 17.62 * temperature / (243.12 + temperature)
    return 243.12 * log / (17.62 - log)


def plain_scan(weather):
    """[(evening, look, value, error)] in plain steps: least squares with the first guess as further observations."""
    air, wet, wind, rain = (weather[name] for name in QUANTITIES)
    days = len(air) // 24
    lows = [float(min(air[24 * d + 19 : 24 * d + 32])) if 24 * d + 32 <= len(air) else None for d in range(days)]
    said = []
    for look, off, saturated, cool in (("before", -2, 3.0, 24.0), ("after", 2, 1.5, 20.0)):
        nights, errors = [], []
        for d in range(days):
            hour = 24 * d + math.ceil(sunset_hour((START.astimezone(ZONE) + timedelta(days=d)).date()) + off)
            if hour > len(air):
                continue
            t = float(air[hour - 1])
            gap = t - dew(t, float(wet[hour - 1]))
            morning = lows[d - 1] if d else None
            x = [gap, None if morning is None else t - morning, t, float(np.mean(wind[hour - 3 : hour]) >= 3.0),
                 float(sum(rain[hour - 6 : hour]) > 0 or gap < saturated)]  # fmt: skip
            middle = [float(np.mean([row[k] for row, _ in nights])) if nights else 0.0 for k in range(5)]
            unseen = [one is None for one in x]
            x = [m if one is None else one for one, m in zip(x, middle, strict=True)]
            value = None
            if len(nights) >= 10:
                mean = float(np.mean([fall for _, fall in nights]))
                guess = [-0.5 * max(mean, 0.0) if one is None else one for one in GUESS]
                rows = [[one - m for one, m in zip(row, middle, strict=True)] for row, _ in nights]
                right = [fall - mean for _, fall in nights]
                for k in range(5):
                    rows.append([math.sqrt(5.0) if j == k else 0.0 for j in range(5)])
                    right.append(math.sqrt(5.0) * guess[k])
                matrix = np.array(rows)
                slopes = np.linalg.lstsq(matrix, np.array(right), rcond=None)[0]
                away = np.array(x) - middle
                value = t - max(mean + float(slopes @ away), 0.0)
                spread = 1 / len(nights) + float(away @ np.linalg.inv(matrix.T @ matrix) @ away)
                base = (sum(errors) + 5 * 2.5**2) / (len(errors) + 5)
                assert not any(unseen)
                said.append((d, look, value, math.sqrt(base * (1 + min(spread, 1.0)))))
            low = lows[d]
            if low is not None and t < cool:
                nights.append((x, t - low))
                if value is not None:
                    errors.append((value - low) ** 2)
    return sorted(said)


def messages(said):
    """[(evening, look, level)]: told once a night, and after dark what is worse."""
    found = []
    for d in sorted({evening for evening, *_ in said}):
        told = 0
        for _, look, value, error in sorted((one for one in said if one[0] == d), key=lambda one: one[1] != "before"):
            level = (value - 0.3 * error < 4.0) + (value - 0.3 * error < 0.0)
            if level > told:
                found.append((d, look, level))
                told = level
    return found


def a_winter(nights=26):
    """A winter of every kind of evening, drawn."""
    chance = np.random.default_rng(7)
    falls, evenings = [], {}
    for n in range(nights):
        windy, wet = chance.random() < 0.2, chance.random() < 0.2
        warm = 16.0 if n < 10 else float(np.round(chance.uniform(5.0, 15.0), 1))
        falls.append(float(np.round(chance.normal(8.0, 1.5) * (0.45 if windy or wet else 1.0), 1)))
        evenings[f"e{n}"] = {
            "warm": warm, "wind": 5.0 if windy else 1.0, "rain": 0.4 if wet else 0.0,
            "deficit": float(np.round(chance.uniform(4, 9), 1)),
        }  # fmt: skip
    weather = winter(falls, **evenings)
    for night in range(13, nights, 4):  # cold air comes at nightfall, as no afternoon foretold
        for hour in range(17, 36):  # by no more than 1 K an hour: a step would be doubted
            weather["air_temperature"][24 * night + hour] -= min(hour - 16, 3, (36 - hour) * 0.6)
    return weather


def store(database, streams, weather, first, last):
    for name, stream in streams.items():
        deliver(database, stream, [(START + HOUR * h, float(weather[name][h])) for h in range(first, last)])


def told(database):
    """Steps that people hear, and those that they do not."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT step.kind, step.level, step.known_at, step.stale, step.texts->'vi'->>'short', step.texts->'vi'->>'long',"
            " step.texts->'vi'->'advice' FROM alert_step AS step JOIN alert ON alert.id = step.alert"
            " WHERE rule = 'frost_tonight' ORDER BY step.known_at, step.id"
        ).fetchall()
    return [row for row in rows if not row[3]], [row for row in rows if row[3]]


async def replay(database, weather, days):
    """Hear the hours of some days at the moments that matter, the days before in one piece."""
    place, streams = station(database, quantities=QUANTITIES)
    total = len(weather["air_temperature"])
    begin = total - 24 * days
    store(database, streams, weather, 0, begin)
    await settle(database, START + HOUR * begin)
    heard = begin
    for day in range(begin // 24, total // 24):
        for clock in (8, 15, 16, 17, 20, 22):
            hour = 24 * day + clock
            store(database, streams, weather, heard, hour + 1)
            heard = hour + 1
            await settle(database, START + HOUR * hour + timedelta(minutes=5))
    return place, streams


async def test_a_winter_is_told_as_a_plain_scan_tells_it(database):
    weather = a_winter()
    await replay(database, weather, 14)
    heard, unheard = told(database)
    first = len(weather["air_temperature"]) // 24 - 14
    with psycopg.connect(database) as connection:
        stored = connection.execute(
            "SELECT index, time, value FROM indexed WHERE index LIKE 'frost_night_minimum%%' AND time >= %s",
            [START + HOUR * 24 * first],
        ).fetchall()
    names = {"before": ("frost_night_minimum_before_dusk", "frost_night_minimum_before_dusk_error"),
             "after": ("frost_night_minimum_forecast", "frost_night_minimum_error")}  # fmt: skip
    values = {(name, round((time - START) / HOUR / 24)): value for name, time, value in stored}
    for evening, look, value, error in plain_scan(weather):
        if evening >= first:
            assert values[names[look][0], evening] == pytest.approx(value, abs=0.02)
            assert values[names[look][1], evening] == pytest.approx(error, abs=0.02)
    expected = [one for one in messages(plain_scan(weather)) if one[0] >= first]
    assert len(expected) >= 6
    assert scalar(database, "SELECT count(*) FROM verdict") == 0, "a doubted reading is none, and the scan doubts none"
    assert {look for _, look, _ in expected} == {"before", "after"}
    # what was before is history, and the night that went on was told at the start
    heard, unheard = ([row for row in rows if row[2] > START + HOUR * (24 * first + 8)] for rows in (heard, unheard))
    assert {row[0] for row in unheard} <= {"end"}, "the end of a night is no message"
    found = []
    for kind, level, known, *_ in heard:
        moment = known.astimezone(ZONE)
        assert kind in {"open", "raise"}
        day = (moment.date() - START.astimezone(ZONE).date()).days
        found.append((day, "before" if moment.hour < 18 else "after", level))
    assert found == expected
    evenings = {evening for evening, *_ in expected}
    alerts = "SELECT count(*) FROM alert WHERE rule = 'frost_tonight' AND started > %s"
    assert scalar(database, alerts, START + HOUR * 24 * first) == len(evenings)
    for row in heard:
        sunset = sunset_hour(row[2].astimezone(ZONE).date())
        moment = row[2].astimezone(ZONE)
        if moment.hour + moment.minute / 60 > sunset:
            assert "trước khi tối" not in row[4] + row[5] + str(row[6])
        assert "có thể xuống" in row[4], row[4]
        assert "Che" in row[4], row[4]
        assert len(row[4]) <= 160


async def test_every_cold_night_is_told_on_its_own_evening(database):
    """Four frosty nights in a row: four messages, each before dusk, none of them of an end."""
    weather = winter([8.0 + n % 3 * 0.2 for n in range(16)], **{f"e{n}": {"warm": 9.0} for n in range(12, 16)})
    await replay(database, weather, 5)
    heard, _ = told(database)
    days = [known.astimezone(ZONE).day for _, _, known, *_ in heard]
    first = START.astimezone(ZONE) + timedelta(days=12)
    assert days[:4] == [(first + timedelta(days=n)).day for n in range(4)]
    assert all(known.astimezone(ZONE) < datetime(*known.astimezone(ZONE).timetuple()[:3], 17, 30, tzinfo=ZONE)
               for _, _, known, *_ in heard)  # fmt: skip


async def test_what_is_not_measured_is_said(database):
    _, streams = station(database, quantities=("air_temperature", "relative_humidity"))
    weather = winter([8.0 + n % 3 * 0.2 for n in range(14)], **{f"e{n}": {"warm": 9.0} for n in range(12, 14)})
    store(database, streams, weather, 0, 24 * 12 + 17)
    await settle(database, START + HOUR * (24 * 12 + 16) + timedelta(minutes=5))
    (row,) = [row for row in told(database)[0] if row[2] > START + HOUR * 24 * 12]
    assert "Trạm không đo tốc độ gió, lượng mưa nên dự báo kém chắc hơn." in row[5], row[5]


def test_kernels_agree_on_the_dew_point():
    assert dew_point(10.0, humidity(10.0, 2.0)) == pytest.approx(2.0, abs=0.05)
    assert forecast_error(0.0, 0.0, 0.0, 0.0) == 2.5
