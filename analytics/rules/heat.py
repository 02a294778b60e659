"""Nắng nóng, gay gắt, đặc biệt gay gắt by the day's maximum."""

from datetime import timedelta

from analytics.index import titles
from analytics.measure import day_maximum
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Level, Rule, Words

_CATTLE_VI = "Nhốt trâu bò khi nắng gắt; chăn thả 6-9 giờ và 16-18 giờ; tắm 1-2 lần mỗi ngày; đủ nước uống."
_CATTLE_EN = "House cattle in the heat; graze 6-9 h and 16-18 h; bathe once or twice a day; water at will."
_HOUSE_VI = "Tránh làm đồng từ 10 đến 16 giờ; uống đủ nước; để ý người già, trẻ nhỏ."
_HOUSE_EN = "No field work from 10 to 16 h; drink enough; look after the old and the small."


def _level(threshold: float, vi: str, en: str, act_vi: str, act_en: str) -> Level:
    return Level(
        threshold,
        threshold,
        True,
        {
            "vi": Words(vi, "cao nhất {value} độ C", act_vi, {"cattle": _CATTLE_VI, "household": _HOUSE_VI}),
            "en": Words(en, "highest {value} C", act_en, {"cattle": _CATTLE_EN, "household": _HOUSE_EN}),
        },
    )


HEAT = Rule(
    name="heat",
    hazard="heat",
    title=titles("Nắng nóng", "Heat"),
    unit="Cel",
    pack="vietnam 1",
    condition=day_maximum("air_temperature"),
    quantities=("air_temperature",),
    levels=(
        _level(
            35.0,
            "Nắng nóng",
            "Hot",
            "Tránh làm đồng 10-16h; cho vật nuôi đủ nước.",
            "Avoid field work 10-16h; give animals water.",
        ),
        _level(
            37.0,
            "Nắng nóng gay gắt",
            "Very hot",
            "Nghỉ làm đồng 10-16h; che mát, tắm cho vật nuôi.",
            "No field work 10-16h; shade and bathe animals.",
        ),
        _level(
            39.0,
            "Nắng nóng đặc biệt gay gắt",
            "Extremely hot",
            "Ở trong mát; che mát, phun nước cho vật nuôi.",
            "Stay in the shade; shade and spray animals.",
        ),
    ),
    source=(
        "Daily maximum from 35, 37 and 39 °C as NCHMF bulletins print it; advice for cattle in prolonged heat: "
        "Cơ khí Đức Mạnh, farm guidance"
    ),
    note="The statute itself was not read; the risk levels of Quyết định 18/2021 are not encoded.",
    validity=timedelta(hours=12),
    renew=Renew(days=BY_DAY.days, record=2.0),
)
