"""When schools of Lạng Sơn stay closed for cold: as it is at 6 h, and the evening before by persistence."""

from datetime import timedelta

from analytics.index import Step
from analytics.night_ahead import school_morning, school_morrow
from analytics.renewal import UNRENEWED
from analytics.rule import Level, Rule, Urgency

#: Below these [°C]: nursery and primary, lower secondary, upper secondary.
_LEVELS = tuple(Level(limit, limit, inclusive=False) for limit in (10.0, 7.0, 6.0))
#: Above every level: nobody hears of it who did not name the hazard.
_WHO_NAMED_IT = len(_LEVELS) + 1
_MONTHS = frozenset({11, 12, 1, 2, 3})
_SOURCE = (
    "Press (vietbao.vn), 21 February 2022: schools of the province stay closed below 10, 7, 6 °C; no decree was read"
)
_NOTE = (
    "The first reading from 6 to 7 h of local time. The hour is an own choice: the press names none. Days without "
    "school are not known, so the text says so. It stands on the page, and goes to who named the hazard `school`. "
)

SCHOOL_COLD = Rule(
    name="school_cold",
    hazard="school",
    unit="Cel",
    pack="langson 1",
    step=Step.HOUR,
    condition=school_morning,
    quantities=("air_temperature",),
    below=True,
    months=_MONTHS,
    levels=_LEVELS,
    tells_from=_WHO_NAMED_IT,
    source=_SOURCE,
    note=_NOTE + "Each morning is an alert of its own, and ends at noon without a message.",
    before=1,
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    ends_itself=True,
    renew=UNRENEWED,
)

SCHOOL_COLD_TOMORROW = Rule(
    name="school_cold_tomorrow",
    hazard="school",
    unit="Cel",
    pack="langson 1",
    step=Step.HOUR,
    condition=school_morrow,
    quantities=("air_temperature",),
    below=True,
    months=_MONTHS,
    levels=_LEVELS,
    tells_from=_WHO_NAMED_IT,
    source=_SOURCE,
    note=_NOTE
    + "Told from 18 h on: what tomorrow at 6 h brings if it is as cold as this morning (persistence). It ends "
    "at 6 h without a message. A loaded forecast speaks for itself, as a forecast alert of `school_cold`.",
    persistence=True,
    urgency=Urgency.EXPECTED,
    before=1,
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
    ends_itself=True,
    renew=UNRENEWED,
)
