"""Rain: mưa vừa, mưa to, mưa rất to by the sum of the last 24 hours."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import sliding_sum
from analytics.rule import Level, Rule, Words

_FIELD_VI = "Khơi thông mương rãnh, tháo nước ruộng; hoãn bón phân, phun thuốc; thu hoạch phần đã chín."
_FIELD_EN = "Clear drains and let water off fields; put off fertiliser and spraying; bring in what is ripe."
_SLOPE_VI = "Tránh xa sườn dốc, ven suối, ngầm tràn; nghe loa thôn, sẵn sàng sơ tán khi chính quyền báo."
_SLOPE_EN = "Keep off steep slopes, stream banks and fords; listen to the village loudspeaker, be ready to leave."

HEAVY_RAIN = Rule(
    name="heavy_rain",
    hazard="rain",
    title=titles("Mưa vừa, mưa to, mưa rất to", "Moderate, heavy, very heavy rain"),
    unit="mm",
    pack="vietnam 1",
    step=Step.HOUR,
    condition=sliding_sum("precipitation", 24),
    quantities=("precipitation",),
    before=1,
    levels=(
        Level(
            16.0,
            12.0,
            True,
            {
                "vi": Words("Mưa vừa", "{value} mm trong 24 giờ", "Hoãn bón phân, phun thuốc.", {"rice": _FIELD_VI}),
                "en": Words(
                    "Moderate rain", "{value} mm in 24 h", "Put off fertiliser and spraying.", {"rice": _FIELD_EN}
                ),
            },
        ),
        Level(
            50.0,
            40.0,
            False,
            {
                "vi": Words(
                    "Mưa to",
                    "{value} mm trong 24 giờ",
                    "Tháo nước ruộng; tránh ven suối, sườn dốc.",
                    {"rice": _FIELD_VI, "everyone": _SLOPE_VI},
                ),
                "en": Words(
                    "Heavy rain",
                    "{value} mm in 24 h",
                    "Drain fields; keep off streams and slopes.",
                    {"rice": _FIELD_EN, "everyone": _SLOPE_EN},
                ),
            },
        ),
        Level(
            100.0,
            80.0,
            False,
            {
                "vi": Words(
                    "Mưa rất to",
                    "{value} mm trong 24 giờ",
                    "Rời ven suối, sườn dốc; đưa vật nuôi lên cao.",
                    {"rice": _FIELD_VI, "everyone": _SLOPE_VI},
                ),
                "en": Words(
                    "Very heavy rain",
                    "{value} mm in 24 h",
                    "Leave streams and slopes; take animals up.",
                    {"rice": _FIELD_EN, "everyone": _SLOPE_EN},
                ),
            },
        ),
    ),
    source=(
        "Mưa to over 50 to 100 mm and mưa rất to over 100 mm in 24 h: Quyết định 18/2021/QĐ-TTg, Điều 5(17); "
        "mưa vừa from 16 mm in 24 h: scale of the bulletins"
    ),
    note="The 24 hours slide hour by hour; levels are left at 80 % of their threshold (75 % for mưa vừa).",
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
)
