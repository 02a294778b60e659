"""Rét, rét đậm, rét hại by the day's mean; frost by the day's minimum."""

from dataclasses import replace
from datetime import timedelta

from analytics.measure import day_mean_below, day_minimum
from analytics.renewal import Renew
from analytics.rule import Level, Monitor, Rule, Urgency

#: A day that is colder by so much is told as well. [Cel]
_RENEW = Renew(days=(3, 5, 10, 20), record=3.0)

COLD_SPELL = Rule(
    name="cold_spell",
    hazard="cold",
    unit="Cel",
    pack="vietnam 1",
    condition=day_mean_below("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    tells_from=2,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(20.0, 20.0, inclusive=False),
        Level(
            15.0,
            15.0,
            inclusive=False,
            advice={"rice": "cold_spell_rice", "cattle": "cold_cattle", "household": "cold_spell_household"},
        ),
        Level(
            13.0,
            13.0,
            inclusive=False,
            advice={"rice": "cold_spell_rice", "cattle": "cold_cattle", "household": "cold_spell_household"},
        ),
    ),
    monitor=Monitor("air_temperature_mean"),
    source=(
        "Rét hại: Quyết định 18/2021/QĐ-TTg, Điều 5(18), daily mean below 13 °C; rét đậm 13 to 15 °C and rét below "
        "20 °C: NCHMF as quoted by Dân Việt (12-2018) and Thanh Niên (11-12-2020)"
    ),
    note=(
        "Sources differ on whether 13.0 and 15.0 themselves belong to the colder class; the operator is a setting. "
        "A day is told as soon as the hours to come cannot lift its mean to the limit. "
        "The days of a spell are the measured ones: a missing day neither ends it nor counts, within its patience. "
        "Defined for plains and midlands: in high mountains such days are near-continuous in winter. The official "
        "level by days in a row (Điều 53) is `law_cold`."
    ),
    validity=timedelta(hours=30),
    quiet=timedelta(days=2),  # one mild day does not end a spell
    renew=replace(_RENEW, eve=True),
)

FROST = Rule(
    name="frost",
    hazard="frost",
    unit="Cel",
    pack="vietnam 1",
    condition=day_minimum("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    levels=(
        Level(
            4.0,
            4.0,
            inclusive=False,
            advice={"vegetables": "frost_vegetables", "orchard": "frost_orchard", "cattle": "cold_cattle"},
        ),
        Level(
            0.0,
            0.0,
            inclusive=False,
            advice={"vegetables": "frost_vegetables_2", "orchard": "frost_orchard_2", "cattle": "cold_cattle"},
        ),
    ),
    monitor=Monitor("air_temperature_minimum"),
    source=(
        "Sương muối: air below 4 °C while surfaces are near 0 °C on clear, calm, moist nights (Tuổi trẻ xã hội "
        "12-2024, CafeF 11-2025); 0 °C: the melting point of ice"
    ),
    note="The air's minimum alone: clear sky, calm and moisture are not asked, so it says what is possible.",
    validity=timedelta(hours=18),
    renew=_RENEW,
)
