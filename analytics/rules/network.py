"""Care of the network: stations that are not heard."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import overdue
from analytics.rule import Level, Rule, Words


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
    source="Own rule of operation: 3, 24 and 72 hours beyond the interval at which the station should report",
    note="Counted in event time: readings that a gateway sends later make the silence one that never was.",
    proxy=False,
    freshness=timedelta(hours=6),
    validity=timedelta(hours=24),
)
