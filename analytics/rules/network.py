"""Care of the network: stations and gateways that are not heard, clocks, holes, batteries, sensors gone wrong."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import day_mean, day_minimum, doubted, overdue, trouble
from analytics.rule import Level, Rule, Status, Words, level


def _silent(hours: float, vi: str, en: str, act_vi: str, act_en: str) -> Level:
    return Level(
        hours,
        # Any reading ends it: less than a step overdue is not overdue.
        0.1,
        True,
        {
            "vi": Words(vi, "quá hạn {value} giờ", act_vi, {"technician": _CHECK_VI}),
            "en": Words(en, "{value} h overdue", act_en, {"technician": _CHECK_EN}),
        },
    )


_CHECK_VI = "Xem nguồn điện, ắc quy, sóng 4G, ăng ten, dây cảm biến; nhật ký cổng còn giữ số liệu để gửi bù."
_CHECK_EN = (
    "Check power, battery, 4G signal, antenna and sensor cable; the gateway keeps readings and sends them later."
)

SILENT_STATION = Rule(
    name="silent_station",
    hazard="network",
    title=titles("Trạm mất tín hiệu", "Silent station"),
    unit="h",
    decimals=0,
    pack="network 2",
    step=Step.GRID,
    condition=overdue,
    kinds=frozenset({"station"}),
    levels=(
        _silent(3.0, "Mất tín hiệu", "No readings", "Kiểm tra nguồn và sóng.", "Check power and signal."),
        _silent(24.0, "Mất tín hiệu cả ngày", "No readings for a day", "Cử người đến trạm.", "Send somebody."),
        _silent(72.0, "Mất tín hiệu 3 ngày", "No readings for 3 days", "Cử người, mang phụ tùng.", "Go, take spares."),
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
    title=titles("Ắc quy yếu", "Battery low"),
    unit="V",
    pack="network 2",
    status=Status.OWN,
    condition=day_mean("battery_voltage"),
    quantities=("battery_voltage",),
    below=True,
    levels=(
        level(
            12.0,
            12.3,
            ("Ắc quy yếu", "còn {value} V", "Kiểm tra tấm pin, ắc quy."),
            ("Battery low", "{value} V", "Check panel and battery."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
        level(
            11.5,
            12.0,
            ("Ắc quy sắp cạn", "còn {value} V", "Thay hoặc sạc ắc quy."),
            ("Battery nearly empty", "{value} V", "Charge or replace it."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
    ),
    source="Own rule of operation, for 12 V lead batteries; to be set per station",
    proxy=False,
)

BATTERY_LEVEL_LOW = Rule(
    name="battery_level_low",
    hazard="network",
    title=titles("Pin cảm biến yếu", "Sensor battery low"),
    unit="%",
    decimals=0,
    pack="network 2",
    status=Status.OWN,
    condition=day_minimum("battery_level"),
    quantities=("battery_level",),
    below=True,
    levels=(
        level(
            20.0,
            30.0,
            ("Pin cảm biến yếu", "còn {value}%", "Chuẩn bị thay pin."),
            ("Sensor battery low", "{value}% left", "Get a battery ready."),
        ),
        level(
            8.0,
            15.0,
            ("Pin cảm biến sắp hết", "còn {value}%", "Thay pin ngay."),
            ("Sensor battery nearly empty", "{value}% left", "Replace it now."),
        ),
    ),
    source="Own rule of operation",
    proxy=False,
)

SENSOR_STUCK = Rule(
    name="sensor_stuck",
    hazard="network",
    title=titles("Cảm biến kẹt giá trị", "Stuck sensor"),
    unit="h",
    decimals=0,
    pack="network 2",
    status=Status.OWN,
    condition=doubted("persistence"),
    kinds=frozenset({"station"}),
    levels=(
        level(
            12.0,
            2.0,
            ("Cảm biến kẹt giá trị", "{value} giờ không đổi", "Kiểm tra dây, vệ sinh cảm biến."),
            ("Stuck sensor", "{value} h without change", "Check the cable, clean the sensor."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
    ),
    source="Own rule of operation: half a day without the least variation that the quantity has",
    proxy=False,
)

_LINE_VI = {"technician": "Xem nguồn, sóng 4G, gói cước; cổng còn giữ số liệu và sẽ gửi bù khi có mạng."}
_LINE_EN = {"technician": "Check power, 4G signal, data plan; the gateway keeps readings and sends them later."}
_CLOCK_VI = {"technician": "Cổng chưa biết giờ nên giữ số liệu lại: mở đường tới máy chủ giờ, thay pin đồng hồ."}
_CLOCK_EN = {"technician": "Without the time it holds readings back: let it reach a time server, replace its battery."}
_HOLE_VI = {"technician": "Xem nhật ký cổng, thẻ nhớ; số liệu hỏng được cổng báo là đã mất."}
_HOLE_EN = {"technician": "See the gateway's log and memory card; what was damaged it declares as lost."}
#: Any trouble at all holds a level: it is left when the trouble is over.
_OVER = 0.01

GATEWAY_OFFLINE = Rule(
    name="gateway_offline",
    hazard="network",
    title=titles("Cổng mất kết nối", "Gateway offline"),
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("offline"),
    trouble="offline",
    kinds=frozenset({"station"}),
    levels=(
        level(
            0.5,
            _OVER,
            ("Cổng mất kết nối", "đã {value} giờ", "Kiểm tra nguồn, sóng, gói cước."),
            ("Gateway offline", "for {value} h", "Check power, signal, data plan."),
            _LINE_VI,
            _LINE_EN,
        ),
        level(
            24.0,
            _OVER,
            ("Cổng mất kết nối cả ngày", "đã {value} giờ", "Cử người đến xem."),
            ("Gateway offline for a day", "for {value} h", "Send somebody."),
            _LINE_VI,
            _LINE_EN,
        ),
    ),
    source="Own rule of operation: half an hour and a day after the gateway's status said that it is offline",
    note="At each station of the gateway; silences their alerts of silence and holes while it goes on.",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

CLOCK_WRONG = Rule(
    name="clock_wrong",
    hazard="network",
    title=titles("Đồng hồ cổng sai", "Gateway's clock wrong"),
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("clock"),
    trouble="clock",
    kinds=frozenset({"station"}),
    levels=(
        level(
            1.0,
            _OVER,
            ("Đồng hồ cổng sai", "đã {value} giờ", "Kiểm tra mạng, máy chủ giờ, pin đồng hồ."),
            ("Gateway's clock wrong", "for {value} h", "Check network, time server, clock battery."),
            _CLOCK_VI,
            _CLOCK_EN,
        ),
    ),
    source="Own rule of operation: an hour in which the gateway does not trust its clock, or is more than 60 s off",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

SEQUENCE_GAP = Rule(
    name="sequence_gap",
    hazard="network",
    title=titles("Thiếu gói số liệu", "Packs missing"),
    unit="h",
    pack="network 2",
    status=Status.OWN,
    step=Step.GRID,
    condition=trouble("gap"),
    trouble="gap",
    kinds=frozenset({"station"}),
    levels=(
        level(
            2.0,
            _OVER,
            ("Thiếu gói số liệu", "đã {value} giờ", "Xem nhật ký và thẻ nhớ của cổng."),
            ("Packs missing", "for {value} h", "See the gateway's log and memory card."),
            _HOLE_VI,
            _HOLE_EN,
        ),
    ),
    source="Own rule of operation: packs between others that neither came nor were declared lost within 2 hours",
    note="Forgotten when nothing more came of that start of the gateway for 7 days.",
    proxy=False,
    quiet=timedelta(hours=1),
    freshness=timedelta(hours=6),
)

SENSOR_DRIFT = Rule(
    name="sensor_drift",
    hazard="network",
    title=titles("Cảm biến lệch dần", "Drifting sensor"),
    unit="h",
    pack="network 2",
    status=Status.OWN,
    condition=doubted("drift"),
    kinds=frozenset({"station"}),
    levels=(
        level(
            12.0,
            2.0,
            ("Cảm biến lệch dần", "lệch so với các trạm lân cận", "Hiệu chuẩn hoặc thay cảm biến."),
            ("Drifting sensor", "away from its neighbours", "Calibrate or replace the sensor."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
    ),
    source="Own rule of operation on WMO-No. 1269 (2021): a month's comparison with neighbours, half a day in doubt",
    proxy=False,
)
