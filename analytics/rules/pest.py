"""What follows from a peak in a trap: when the young hatch, told to growers of the crop as a range of days."""

from datetime import timedelta

from analytics.indices.disease_season import RICE
from analytics.indices.pests import CALENDARS
from analytics.measure import calendar
from analytics.renewal import Renew
from analytics.rule import Level, Rule, Urgency

_RICE_MONTHS = frozenset({3, 4, 5, 6, 7, 8, 9, 10})
#: Where nothing is sown: months of the crop in the province.
_MONTHS = {"rice": _RICE_MONTHS, "maize": frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10})}


def _rule(name: str) -> Rule:
    pest = next(one for one in CALENDARS if one.name == name)
    first, last = pest.hatch or (0, 0)
    group = "rice" if pest.crops == RICE else pest.crops[0]
    return Rule(
        name=f"{name}_hatch",
        hazard="disease",
        unit="d",
        decimals=0,
        pack="crop 2",
        season=True,
        crops=frozenset(pest.crops),
        unsown=True,
        months=_MONTHS[group],
        for_crops=frozenset({group}),
        condition=calendar(f"{name}_hatch_season", f"{name}_hatch"),
        quantities=("pest_count",),
        indices=(f"{name}_hatch", f"{name}_hatch_season"),
        urgency=Urgency.EXPECTED,
        levels=(Level(0.0, 0.0),),
        days_ahead=(last - first, 0),
        source=pest.source,
        note="Begun by a count of a trap, entered at the station; said again on the first day of hatching.",
        renew=Renew(days=(first + 1, first + 61)),
        freshness=timedelta(days=60),  # a count is entered when somebody counted
        validity=timedelta(days=7),
    )


PLANTHOPPER_HATCH = _rule("brown_planthopper")
STEM_BORER_HATCH = _rule("yellow_stem_borer")
ARMYWORM_HATCH = _rule("fall_armyworm")
