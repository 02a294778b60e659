"""Water of a flooded rice field and the rules of irrigation: balance, regimes, what is entered, who is asked how long."""

from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grid import local_days, of_values
from analytics.index import Places, Result, Window, evaluate
from analytics.indices import SEASON_INDICES
from analytics.indices.crops import flooded, seasons
from analytics.indices.paddy import DEEPEST, days_left, reflooding, stored, water_level, water_margin
from analytics.rule import Facts
from analytics.rules import BY_NAME
from telemetry.unknown import Why
from tests.analytics.field import HOUR, START, deliver, settle, station

SOWN = date(2026, 3, 1)
FIELD = {"transplanting": 0}


def season(days, crop="rice_spring", properties=FIELD, rain=0.0, use=5.0, sown=SOWN, **readings):
    """A season's window whose weather is given: rain and crop evapotranspiration of each day [mm], hourly readings."""
    grid = local_days(SOWN, SOWN + timedelta(days=days - 1), ["Asia/Ho_Chi_Minh"], 3600)
    spread = np.broadcast_to(np.asarray(rain, float), (days,)).repeat(24)[None, :] / 24
    given_of = {"precipitation": of_values(spread)} | {
        name: of_values(np.asarray(value, float)[None, :]) for name, value in readings.items()
    }
    numbers = seasons([crop], np.array([sown], "datetime64[D]"), np.array(["NaT"], "datetime64[D]"), [properties])
    window = Window(grid, Places(*[np.array([one]) for one in (21.8, 106.8, 260.0, 2.0)]), given_of, season=numbers)
    whole = np.ones(window.shape)
    for name, value in (
        ("reference_evapotranspiration", use), ("crop_evapotranspiration", use), ("precipitation_sum", rain),
        ("soil_moisture_mean", np.nan),
    ):  # fmt: skip
        window.values[name] = Result(whole * value, whole)
    evaluate([one for one in SEASON_INDICES if one.name not in window.values and "dual" not in one.name], window)
    return window


def hourly(days, at):
    """(hours,) of a quantity: {(day, hour): value}, NaN else."""
    found = np.full(days * 24, np.nan)
    for (day, hour), value in at.items():
        found[day * 24 + hour] = value
    return found


def of(window, name):
    return window.values[name].value[0]


def asked(window, name, now=None):
    """Value, and where nothing is asked, of a rule over the window's days."""
    end = window.grid.day_starts[0, -1] + np.timedelta64(1, "D") if now is None else now
    values = {key: found.value for key, found in window.values.items() if found.value.shape == window.shape}
    never = np.array(["NaT"], "datetime64[s]")
    present = np.ones((1, window.grid.steps), bool)
    facts = Facts(window, end.astype("datetime64[s]"), never, present, np.array([3600.0]), values)
    with np.errstate(invalid="ignore"):
        measure = BY_NAME[name].condition(facts)
    return measure.value[0], measure.unasked[0]


def test_fifty_millimetres_last_six_days():
    window = season(9)
    assert of(window, "paddy_water_level")[:6].tolist() == [42, 34, 26, 18, 10, 2]
    assert (of(window, "paddy_water_margin")[:6] > 0).all()
    assert of(window, "paddy_water_margin")[6] == -6
    assert of(window, "paddy_irrigation_requirement").tolist()[:8] == [0, 0, 0, 0, 0, 0, 56, 64]
    assert of(window, "paddy_days_to_irrigation").tolist()[:7] == [5, 4, 3, 2, 1, 0, 0]
    value, nothing = asked(window, "irrigate_paddy")
    assert np.flatnonzero(value <= 0)[0] == 6
    assert not nothing.any()


def test_no_balance_of_the_root_zone_is_made_of_rice_that_stands_in_water():
    window = season(40)
    for name in ("root_zone_depletion", "irrigation_requirement", "days_to_irrigation", "irrigation_days_asked"):
        assert np.isnan(of(window, name)).all(), name
    dry = season(40, properties={"flooded": 0})
    assert np.isfinite(of(dry, "days_to_irrigation")).any(), "upland rice has roots in a soil as any other crop"
    assert np.isnan(of(dry, "paddy_water_level")).all()
    assert np.isnan(of(season(40, "maize", {"water_regime": 2}), "paddy_water_level")).all(), (
        "the field's word is of its rice"
    )
    assert np.isfinite(of(season(9, "nep_cai", {"flooded": 1, **FIELD}), "paddy_water_level")).all()
    found = [
        flooded(*one) for one in (("rice_summer", {}), ("maize", {}), ("rice_summer", {"flooded": 0}), ("nep", {}))
    ]
    assert found == [True, False, False, False]


LEVELS = st.floats(DEEPEST, 400.0)
WATERS = st.floats(0.0, 300.0)


@given(LEVELS, WATERS, WATERS, st.floats(0, 12), st.floats(0, 20), st.floats(0, 300), st.floats(0.02, 0.5))
def test_the_balance_closes(before, rain, irrigation, use, percolation, bund, porosity):
    level, spill, lost = water_level(before, rain, irrigation, use, percolation, bund, porosity)
    change = stored(level, porosity) - stored(before, porosity)
    assert change == pytest.approx(rain + irrigation - spill - lost, abs=1e-9)
    assert spill >= 0
    assert level <= max(bund, 0) + 1e-9
    assert level >= DEEPEST - 1e-9
    assert lost <= use + percolation + 1e-9
    if level > DEEPEST + 1e-6:
        assert lost == pytest.approx(use + percolation, abs=1e-9)


@given(LEVELS, st.sampled_from([0.0, -150.0]), st.floats(0.02, 0.5))
def test_what_is_wanted_brings_the_field_to_five_centimetres(level, threshold, porosity):
    wanted = reflooding(level, threshold, 50.0, porosity)
    if water_margin(level, threshold, porosity) > 0:
        assert wanted == 0
    else:
        assert water_level(level, 0.0, float(wanted), 0.0, 0.0, 100.0, porosity)[0] == pytest.approx(50.0)


@pytest.mark.parametrize(("level", "threshold", "due"), [
    (0.1, 0.0, False), (0.0, 0.0, True), (-0.1, 0.0, True),
    (-149.9, -150.0, False), (-150.0, -150.0, True), (-150.1, -150.0, True),
])  # fmt: skip
def test_it_is_time_at_the_threshold(level, threshold, due):
    assert (water_margin(level, threshold, 0.2) <= 0) == due
    assert (reflooding(level, threshold, 50.0, 0.2) > 0) == due


def test_days_left_are_whole_and_at_most_sixty():
    assert days_left(np.array([-3.0, 7.9, 8.0, 16.1, 1e4]), 8.0).tolist() == [0, 0, 1, 2, 60]


def test_rain_over_the_bund_runs_off():
    window = season(3, properties={**FIELD, "bund_height": 80}, rain=[0, 200, 0], use=4.0)
    assert of(window, "paddy_water_level").tolist() == [43, 80, 73]
    assert of(season(1, properties={**FIELD, "bund_height": 30}), "paddy_water_level")[0] == 22, "never over its bund"


def test_percolation_is_the_fields_own():
    assert of(season(1, properties={**FIELD, "percolation": 6}), "paddy_water_level")[0] == 39


def test_safe_alternate_wetting_and_drying():
    water = {**FIELD, "water_regime": 2, "drainable_porosity": 0.2}
    wet = hourly(40, {(5, 8): 50.0, (11, 8): 50.0})
    window = season(40, properties={**water, "area": 1000}, water_volume=wet)
    level, margin = of(window, "paddy_water_level"), of(window, "paddy_water_margin")
    first = int(np.flatnonzero(margin <= 0)[0])
    assert first >= 14, "not let dry in the two weeks after transplanting"
    assert level[first] <= -150 < level[first - 1]
    assert of(window, "paddy_irrigation_requirement")[first] >= 80


def test_a_field_is_kept_flooded_around_flowering():
    water = {**FIELD, "water_regime": 2, "flowering": 60}
    window = season(90, properties=water, rain=8.0)  # as much as it loses: 50 mm all the time
    level = np.full(90, -20.0)
    from analytics.indices.paddy import Field

    threshold = Field.of(window).threshold(np.arange(90.0)[None, :])[0]
    assert set(np.flatnonzero(threshold == 0)) == set(range(14)) | set(range(53, 68))
    assert (water_margin(level, threshold, 0.2) <= 0)[53:68].all()
    assert (of(window, "paddy_water_level") == 50).all()


def test_nothing_is_asked_before_transplanting_nor_after_draining():
    window = season(150, properties={})
    level = of(window, "paddy_water_level")
    assert np.isnan(level[:20]).all(), "seedlings stand in the nursery"
    assert level[20] == 42, "flooded to five centimetres for transplanting"
    value, nothing = asked(window, "irrigate_paddy")
    assert nothing[:20].all()
    assert np.flatnonzero(value <= 0)[0] == 26
    assert np.isnan(value[141:]).all(), "drained ten days before the 150 of the table"
    assert nothing[141:].all()


def test_water_that_is_entered_floods_a_field_before_its_day():
    window = season(12, properties={"area": 1000}, water_volume=hourly(12, {(4, 9): 50.0}))
    assert np.isnan(of(window, "paddy_water_level")[:4]).all()
    assert of(window, "paddy_water_level")[4:].tolist() == [42, 34, 26, 18, 10, 2, -30, -70]


def test_a_field_tube_stands_in_the_balances_place():
    shown = hourly(9, {(2, 6): 0.06, (2, 20): 0.03, (5, 7): -0.16})
    window = season(9, water_level=shown)
    assert of(window, "paddy_water_level").tolist()[:6] == [42, 34, 30, 22, 14, -160]
    methods = [BY_INDEX.methods[code] for code in window.values["paddy_water_level"].method[0]]
    assert [n for n, method in enumerate(methods) if method.startswith("measured")] == [2, 5]
    river = season(9, water_level=np.full(9 * 24, 256.3))
    assert of(river, "paddy_water_level")[0] == 42, "no field tube shows 256 m"
    datum = season(1, properties={**FIELD, "soil_surface_level": 256.28}, water_level=np.full(24, 256.3))
    assert of(datum, "paddy_water_level")[0] == pytest.approx(20)


BY_INDEX = next(index for index in SEASON_INDICES if index.name == "paddy_water_level")


def test_water_of_an_unknown_area_floods_the_field_and_says_so():
    window = season(9, water_volume=hourly(9, {(7, 8): 12.0}))
    assert of(window, "paddy_water_level")[7] == 42
    assert BY_INDEX.methods[window.values["paddy_water_level"].method[0, 7]].startswith("balance area:unset")
    value, nothing = asked(window, "irrigate_paddy")
    assert nothing.tolist() == [False] * 7 + [True, False]
    assert value[8] > 0


def test_who_never_enters_irrigation_is_not_asked_for_ever():
    window = season(60, rain=[0.0] * 40 + [150.0] + [0.0] * 19)
    value, nothing = asked(window, "irrigate_paddy")
    due = np.flatnonzero(value <= 0)
    assert due.tolist()[:7] == list(range(6, 13))
    assert np.isnan(value[13:40]).all()
    why = window.values["paddy_water_margin"].why[0]
    assert (why[13:40] == Why.UNANSWERED).all()
    assert np.isfinite(value[40:47]).all(), "rain that fills the field tells again"
    assert not nothing.any()


def test_a_dry_crop_is_not_asked_for_ever_and_not_after_its_harvest():
    roots = {"root_least": 0.6, "root_most": 0.6}
    window = season(180, "maize", roots, use=4.0)
    value, nothing = asked(window, "irrigation_due")
    first = int(np.flatnonzero(value <= 0)[0])
    assert np.isfinite(value[: first + 7]).all()
    assert np.isnan(value[first + 8 : 125]).all()
    assert (window.values["days_to_irrigation"].why[0, first + 8 : 125] == Why.UNANSWERED).all()
    assert nothing[125:].all(), "the table's stages are over, nobody ended the season"
    entered = season(180, "maize", {"area": 1000, **roots}, use=4.0, water_volume=hourly(180, {(first + 2, 8): 60.0}))
    value, nothing = asked(entered, "irrigation_due")
    assert nothing[first + 2]
    assert value[first + 3] > 0


def test_rain_below_a_fifth_of_the_reference_does_not_reach_the_roots():
    """FAO-56, ch. 8: 0.2 ET0, not of the crop's own evapotranspiration."""
    from analytics.indices.crop_water import root_zone

    for rain, effective in ((0.99, 0.0), (1.0, 1.0), (1.01, 1.01)):
        after, _ = root_zone(2.0, rain, 0.0, 100.0, 0.5, 20.0, reference=5.0)
        assert after == pytest.approx(22.0 - effective)
    assert root_zone(2.0, 0.5, 0.0, 100.0, 0.5, 20.0)[0] == pytest.approx(21.5), "unknown: the crop's stands for it"


def test_todays_water_ends_an_alert_and_todays_drought_begins_none():
    noon = np.datetime64("2026-03-08T05:00:00")  # local noon of the eighth day
    dry = season(8)
    for index in ("paddy_water_level", "paddy_water_margin"):
        dry.values[index].value[0, 7] = np.nan
    value, nothing = asked(dry, "irrigate_paddy", noon)
    assert value[6] <= 0
    assert np.isnan(value[7])
    rainy = season(8, rain=[0.0] * 7 + [60.0])
    rainy.values["paddy_water_margin"].value[0, 7] = np.nan
    assert asked(rainy, "irrigate_paddy", noon)[0][7] == pytest.approx(54)
    tube = season(8, water_level=hourly(8, {(7, 9): 0.05}))
    assert asked(tube, "irrigate_paddy", noon)[0][7] == pytest.approx(50)
    for volume, ends in ((9.0, False), (10.0, True), (60.0, True)):
        entered = season(8, properties={**FIELD, "area": 1000}, water_volume=hourly(8, {(7, 9): volume}))
        value, nothing = asked(entered, "irrigate_paddy", noon)
        assert nothing[7] == ends
        assert value[7] == pytest.approx(volume - 6)


@pytest.mark.parametrize(("crop", "rule", "index"), [
    ("rice_spring", "irrigate_paddy", "paddy_water_margin"), ("maize", "irrigation_due", "days_to_irrigation")])  # fmt: skip
def test_a_drizzle_begins_nothing_where_nobody_knows_what_the_field_has(crop, rule, index):
    """Nobody answered for a week: what is unknown stays so until a day has ended, and a drizzle is no reading of it."""
    days, rain = 60, [0.0] * 59 + [0.3]
    more = {} if crop == "rice_spring" else {"root_least": 0.6, "root_most": 0.6}
    window = season(days, crop, {"transplanting": 0, **more} if crop == "rice_spring" else more, use=4.0, rain=rain)
    assert np.isnan(window.values[index].value[0, 58])
    window.values[index].value[0, 59] = np.nan
    last = window.grid.start[0] + (window.grid.edges[0, 59] * window.grid.step + 43_200) * np.timedelta64(1, "s")
    value, _ = asked(window, rule, last)
    assert np.isnan(value[59])


# Through the engine

QUANTITIES = ("air_temperature", "relative_humidity", "precipitation", "wind_speed", "global_radiation")


def weather(hour):
    sun = float(np.sin((hour % 24 - 7.5) / 9 * np.pi)) if 8 <= hour % 24 <= 16 else 0.0
    return {
        "air_temperature": round(26.0 + 5 * float(np.sin((hour % 24 - 9) / 12 * np.pi)) + (hour // 24 % 3) * 0.4, 1),
        "relative_humidity": 70.0 + (hour * 7 % 5) * 0.5,
        "precipitation": 0.0,
        "wind_speed": 1.5 + (hour * 5 % 4) * 0.3,
        "global_radiation": round(600 * sun, 1),
    }


def give(database, streams, hours):
    for quantity in QUANTITIES:
        deliver(database, streams[quantity], [(START + HOUR * hour, weather(hour)[quantity]) for hour in hours])


def sow(database, place, crop="rice_spring", properties='{"transplanting": 0, "area": 1000}', days=0):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO season (place, crop, sown, properties) VALUES (%s, %s, %s, %s::jsonb)",
            (place, crop, date(2026, 1, 10) - timedelta(days=days), properties),
        )


def alerts(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT rule, state, started, ended FROM alert WHERE hazard = 'irrigation' ORDER BY id"
        ).fetchall()


def said(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT alert_step.kind, texts -> 'vi' ->> 'short' FROM alert_step JOIN alert ON alert.id = alert"
            " WHERE hazard = 'irrigation' ORDER BY alert_step.id"
        ).fetchall()


@pytest.fixture
async def paddy(database):
    """A paddy of which the water of transplanting is gone."""
    place, streams = station(database, kind="field", quantities=(*QUANTITIES, "water_volume", "water_level"))
    sow(database, place)
    give(database, streams, range(9 * 24))
    await settle(database, START + timedelta(days=9))
    return place, streams


async def test_a_paddy_asks_when_it_is_dry_and_not_before(database, paddy):
    ((rule, state, started, _),) = alerts(database)
    assert (rule, state) == ("irrigate_paddy", "open")
    assert timedelta(days=5) <= started - START <= timedelta(days=8)


async def test_irrigation_that_is_entered_ends_the_alert_at_once(database, paddy):
    _, streams = paddy
    noon = START + timedelta(days=9, hours=12)
    give(database, streams, range(9 * 24, 9 * 24 + 12))
    await settle(database, noon)
    assert alerts(database)[0][1] == "open"
    deliver(database, streams["water_volume"], [(noon - HOUR, 60.0)])
    await settle(database, noon + timedelta(minutes=5))
    ((_, state, _, ended),) = alerts(database)
    assert (state, ended) == ("ended", START + timedelta(days=9))
    assert said(database)[-1][1].startswith("Hết cảnh báo thiếu nước ruộng lúa")
    give(database, streams, range(9 * 24 + 12, 12 * 24))
    await settle(database, START + timedelta(days=12))
    assert [state for _, state, _, _ in alerts(database)] == ["ended"], "and it does not come back the next day"


async def test_rain_that_refills_and_a_tube_that_shows_water_end_it_at_once(database, paddy):
    _, streams = paddy
    noon = START + timedelta(days=9, hours=12)
    deliver(database, streams["water_level"], [(noon - HOUR, 0.04)])
    await settle(database, noon)
    assert alerts(database)[0][1] == "ended"


async def test_rain_of_the_day_ends_it(database, paddy):
    _, streams = paddy
    hours = range(9 * 24, 9 * 24 + 12)
    deliver(database, streams["precipitation"], [(START + HOUR * hour, 6.0) for hour in hours])
    await settle(database, START + timedelta(days=9, hours=12))
    assert alerts(database)[0][1] == "ended"


async def test_who_answers_nothing_is_told_so_and_left_alone(database, paddy):
    _, streams = paddy
    for day in range(9, 30):
        give(database, streams, range(day * 24, day * 24 + 24))
        await settle(database, START + timedelta(days=day + 1, hours=7))
    ((_, state, _, _),) = alerts(database)
    assert state == "ended"
    kinds = [kind for kind, _ in said(database) if kind != "extend"]
    assert (kinds[0], kinds[-1]) == ("open", "end")
    assert len(kinds) <= 4
    assert "không có số đo hay ghi chép tưới" in said(database)[-1][1]
    with psycopg.connect(database) as connection:
        why = connection.execute("SELECT reason FROM unjudged WHERE name = 'irrigate_paddy'").fetchone()
    assert why == (int(Why.UNANSWERED),)


async def test_the_whole_past_at_once_says_the_same(database, paddy):
    _, streams = paddy
    deliver(database, streams["water_volume"], [(START + timedelta(days=9, hours=11), 60.0)])
    give(database, streams, range(9 * 24, 12 * 24))
    await settle(database, START + timedelta(days=12))
    ((_, state, _, ended),) = alerts(database)
    assert (state, ended) == ("ended", START + timedelta(days=9))


async def test_mud_under_rice_is_not_waterlogged(database):
    place, streams = station(database, kind="field", quantities=(*QUANTITIES, "soil_moisture"))
    give(database, streams, range(4 * 24))
    wet = [(START + HOUR * hour, 0.5 + hour % 3 * 0.01) for hour in range(4 * 24)]
    deliver(database, streams["soil_moisture"], wet)
    await settle(database, START + timedelta(days=4))
    assert [rule for rule, *_ in alerts(database)] == ["soil_wet"]
    sow(database, place)
    with psycopg.connect(database) as connection:
        connection.execute(
            "SELECT mark_places(array_agg(id), %s, %s, 'season') FROM place", (START, START + timedelta(days=4))
        )
    await settle(database, START + timedelta(days=4))
    assert [rule for rule, state, *_ in alerts(database) if state == "open"] == []
