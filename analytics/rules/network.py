"""Care of the network: stations and gateways that are not heard, clocks, holes, batteries, sensors gone wrong."""

from datetime import timedelta

from analytics.index import Step
from analytics.measure import day_mean, day_minimum, doubted, overdue, trouble
from analytics.rule import Level, Rule, Status

#: Any reading ends a silence: less than a step overdue is not overdue. [h]
_HEARD = 0.1

SILENT_STATION = Rule(
    name="silent_station",
    hazard="network",
    unit="h",
    decimals=0,
    pack="network 2",
    step=Step.GRID,
    condition=overdue,
    kinds=frozenset({"station"}),
    levels=(
        Level(3.0, _HEARD, advice={"technician": "network_technician"}),
        Level(24.0, _HEARD, advice={"technician": "network_technician"}),
        Level(72.0, _HEARD, advice={"technician": "network_technician"}),
    ),
    status=Status.OWN,
    source="Own rule of operation: 3, 24 and 72 hours beyond the interval at which the station should report",
    note=(
        "Of the last 7 days only: readings that a gateway sends later make the silence one that never was, and a record"
        " that is imported none. The interval is the declared one, else that of the station's own readings (a quarter"
        " more from 6 hours on). Stations that ended, that are known from imported files alone, or that were not heard"
        " for 400 days, are not silent."
    ),
    horizon=timedelta(days=7),
    proxy=False,
    freshness=timedelta(hours=6),
    validity=timedelta(hours=24),
)

BATTERY_LOW = Rule(
    name="battery_low",
    hazard="network",
    unit="V",
    pack="network 2",
    status=Status.OWN,
    condition=day_mean("battery_voltage"),
    quantities=("battery_voltage",),
    below=True,
    levels=(
        Level(12.0, 12.3, advice={"technician": "network_technician"}),
        Level(11.5, 12.0, advice={"technician": "network_technician"}),
    ),
    source="Own rule of operation, for 12 V lead batteries; to be set per station",
    proxy=False,
)

BATTERY_LEVEL_LOW = Rule(
    name="battery_level_low",
    hazard="network",
    unit="%",
    decimals=0,
    pack="network 2",
    status=Status.OWN,
    condition=day_minimum("battery_level"),
    quantities=("battery_level",),
    below=True,
    levels=(
        Level(20.0, 30.0),
        Level(8.0, 15.0),
    ),
    source="Own rule of operation",
    proxy=False,
)

SENSOR_STUCK = Rule(
    name="sensor_stuck",
    hazard="network",
    unit="h",
    decimals=0,
    pack="network 2",
    status=Status.OWN,
    condition=doubted("persistence"),
    kinds=frozenset({"station"}),
    levels=(Level(12.0, 2.0, advice={"technician": "network_technician"}),),
    source="Own rule of operation: half a day without the least variation that the quantity has",
    proxy=False,
)


#: Any trouble at all holds a level: it is left when the trouble is over.
_OVER = 0.01

GATEWAY_OFFLINE = Rule(
    name="gateway_offline",
    hazard="network",
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("offline"),
    trouble="offline",
    kinds=frozenset({"station"}),
    levels=(
        Level(0.5, _OVER, advice={"technician": "gateway_offline_technician"}),
        Level(24.0, _OVER, advice={"technician": "gateway_offline_technician"}),
    ),
    source="Own rule of operation: half an hour and a day after the gateway's status said that it is offline",
    note="At each station of the gateway; inhibits their alerts of silence and holes while it goes on.",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

CLOCK_WRONG = Rule(
    name="clock_wrong",
    hazard="network",
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("clock"),
    trouble="clock",
    kinds=frozenset({"station"}),
    levels=(Level(1.0, _OVER, advice={"technician": "clock_wrong_technician"}),),
    source="Own rule of operation: an hour in which the gateway does not trust its clock, or is more than 60 s off",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

SEQUENCE_GAP = Rule(
    name="sequence_gap",
    hazard="network",
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("gap"),
    trouble="gap",
    kinds=frozenset({"station"}),
    levels=(Level(2.0, _OVER, advice={"technician": "sequence_gap_technician"}),),
    source="Own rule of operation: packs between others that neither came nor were declared lost within 2 hours",
    note="Forgotten when nothing more came of that start of the gateway for 7 days.",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

SENSOR_DRIFT = Rule(
    name="sensor_drift",
    hazard="network",
    unit="h",
    pack="network 2",
    status=Status.OWN,
    condition=doubted("drift"),
    kinds=frozenset({"station"}),
    levels=(Level(12.0, 2.0, advice={"technician": "network_technician"}),),
    source="Own rule of operation on WMO-No. 1269 (2021): a month's comparison with neighbours, half a day in doubt",
    proxy=False,
)
