"""Columns that boards share: places with their links, levels, times, flags."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards import palette
from dashboards.crops import CROPS
from dashboards.panel import Column
from dashboards.words import Address, Sign, Words, table
from telemetry.quantities import QUANTITIES
from telemetry.units import SIGNS

_STATION = "/d/nongvu-station-{}?var-station=${{__data.fields.station}}&${{__url_time_range}}"

NAME = Column(title=Words("columns.place"), link=Address(_STATION))
PLACE = Column(title=Words("columns.place"))
STATION = Column(title=Words("columns.code"), width=130)
COMMUNE = Column(title=Words("columns.commune"))
LEVEL = Column(title=Words("columns.level"), saying="levels", width=100)
#: Of the law, where a level is an official criterion computed from stations.
ARTICLE = Column(title=Words("columns.article"), width=130)
TIME = Column(title=Words("columns.since"), unit="dateTimeAsIso", width=165)
AT = Column(title=Words("columns.at"), unit="dateTimeAsIso", width=165)
END = Column(title=Words("columns.until"), unit="dateTimeAsIso", width=165)
QUALITY = Column(title=Words("columns.quality"), saying="qualities", width=130)

#: Names of hazards in alerts (analytics/rules; a test compares them).
HAZARDS: Mapping[str, Words] = table("hazards")
HAZARD = Column(title=Words("columns.hazard"), saying=HAZARDS)

#: Names of rules (analytics/rules; a test compares them).
RULES: Mapping[str, Words] = table("rules")
RULE = Column(title=Words("columns.rule"), saying=RULES)

QUANTITY = Column(title=Words("columns.quantity"), saying={name: palette.title_of(name) for name in QUANTITIES})


CROP = Column(title=Words("columns.crop"), saying=CROPS)
#: Stages of a crop as whole numbers (FAO-56, figure 29).
STAGES: Mapping[str, Words] = table("stages")

#: Checks of quality (store/flag.py; a test compares them).
CHECKS: Mapping[str, Words] = table("checks")

CHECK = Column(title=Words("columns.reason"), saying=CHECKS)
WHO = Column(
    title=Words("columns.by"),
    saying={
        "ordered": Words("columns.automatic_check"),
        "spatial": Words("columns.comparison_neighbours"),
        "person": Words("columns.person"),
    },
)
#: Why a record was set aside (telemetry/reason.py; a test compares them).
REASONS: Mapping[str, Words] = table("reasons")
#: Units as people write them, by UCUM.
UNIT = Column(title=Words("columns.unit"), saying={ucum: Sign(sign or "–") for ucum, sign in SIGNS.items()})


def of(quantity: str, **more: str) -> Column:
    """Column of a quantity: its title and unit from the table of quantities."""
    return Column(title=palette.title_of(quantity), unit=palette.unit_of(quantity), decimals=1, **more)  # type: ignore[arg-type]
