"""Care of the network: stations that are not heard."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import day_mean, day_minimum, doubted, overdue
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
    title=titles("Trạm mất tin", "Silent station"),
    unit="h",
    pack="network 1",
    step=Step.GRID,
    condition=overdue,
    kinds=frozenset({"station"}),
    levels=(
        _silent(3.0, "Trạm mất tin", "Station silent", "Kiểm tra nguồn và sóng.", "Check power and signal."),
        _silent(24.0, "Trạm mất tin cả ngày", "Station silent for a day", "Cử người đến trạm.", "Send somebody."),
        _silent(72.0, "Trạm mất tin 3 ngày", "Station silent 3 days", "Cử người, mang phụ tùng.", "Go, take spares."),
    ),
    status=Status.OWN,
    source="Own rule of operation: 3, 24 and 72 hours beyond the interval at which the station should report",
    note="Counted in event time: readings that a gateway sends later make the silence one that never was.",
    proxy=False,
    freshness=timedelta(hours=6),
    validity=timedelta(hours=24),
)

BATTERY_LOW = Rule(
    name="battery_low",
    hazard="network",
    title=titles("Ắc quy yếu", "Battery low"),
    unit="V",
    pack="network 1",
    status=Status.OWN,
    condition=day_mean("battery_voltage"),
    quantities=("battery_voltage",),
    below=True,
    levels=(
        level(
            12.0,
            12.3,
            ("Ắc quy yếu", "{value} V", "Kiểm tra tấm pin, ắc quy."),
            ("Battery low", "{value} V", "Check panel and battery."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
        level(
            11.5,
            12.0,
            ("Ắc quy sắp cạn", "{value} V", "Thay hoặc sạc ắc quy."),
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
    pack="network 1",
    status=Status.OWN,
    condition=day_minimum("battery_level"),
    quantities=("battery_level",),
    below=True,
    levels=(
        level(
            20.0,
            30.0,
            ("Pin cảm biến yếu", "còn {value} %", "Chuẩn bị thay pin."),
            ("Sensor battery low", "{value} % left", "Get a battery ready."),
        ),
        level(
            8.0,
            15.0,
            ("Pin cảm biến sắp hết", "còn {value} %", "Thay pin ngay."),
            ("Sensor battery nearly empty", "{value} % left", "Replace it now."),
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
    pack="network 1",
    status=Status.OWN,
    condition=doubted("persistence"),
    kinds=frozenset({"station"}),
    levels=(
        level(
            12.0,
            2.0,
            ("Cảm biến kẹt giá trị", "{value} giờ trong ngày", "Kiểm tra dây, vệ sinh cảm biến."),
            ("Stuck sensor", "{value} h of the day", "Check the cable, clean the sensor."),
            {"technician": _CHECK_VI},
            {"technician": _CHECK_EN},
        ),
    ),
    source="Own rule of operation: half a day without the least variation that the quantity has",
    proxy=False,
)
