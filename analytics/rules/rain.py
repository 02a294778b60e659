"""Rain: mưa vừa, mưa to, mưa rất to by the sum of the last 24 hours."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import of_index, short_sum, sliding_sum
from analytics.rule import Level, Rule, Status, Words, level

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
    tells_from=2,
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


_MOVE_VI = {"everyone": _SLOPE_VI, "forest": "Không vào rừng, không qua suối khi nước đục, dâng nhanh."}
_MOVE_EN = {"everyone": _SLOPE_EN, "forest": "Keep out of the forest; cross no stream that is muddy and rising."}

INTENSE_RAIN_10 = Rule(
    name="intense_rain_10min",
    hazard="rain",
    title=titles("Mưa dồn dập 10 phút", "Intense rain in 10 minutes"),
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=short_sum("precipitation", 10),
    quantities=("precipitation",),
    before=1,
    levels=(
        level(
            10.0,
            5.0,
            ("Mưa dồn dập", "{value} mm trong 10 phút", "Tránh ven suối, ngầm tràn."),
            ("Intense rain", "{value} mm in 10 min", "Keep off streams and fords."),
            _MOVE_VI,
            _MOVE_EN,
        ),
        level(
            20.0,
            10.0,
            ("Mưa rất dồn dập", "{value} mm trong 10 phút", "Rời ven suối, sườn dốc ngay."),
            ("Very intense rain", "{value} mm in 10 min", "Leave streams and slopes now."),
            _MOVE_VI,
            _MOVE_EN,
        ),
    ),
    source="Own choice of operation; Vietnamese criteria speak of 12 and 24 hours",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=3),
    freshness=timedelta(hours=1),
    validity=timedelta(hours=3),
    note="Only of stations that report every 10 minutes or oftener.",
)

INTENSE_RAIN_60 = Rule(
    name="intense_rain_60min",
    hazard="rain",
    title=titles("Mưa dồn dập 1 giờ", "Intense rain in an hour"),
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=short_sum("precipitation", 60),
    quantities=("precipitation",),
    before=1,
    levels=(
        level(
            30.0,
            20.0,
            ("Mưa lớn trong 1 giờ", "{value} mm", "Tháo nước; tránh ven suối."),
            ("Heavy rain within an hour", "{value} mm", "Let water off; keep off streams."),
            _MOVE_VI,
            _MOVE_EN,
        ),
        level(
            50.0,
            35.0,
            ("Mưa rất lớn trong 1 giờ", "{value} mm", "Rời ven suối, sườn dốc ngay."),
            ("Very heavy rain within an hour", "{value} mm", "Leave streams and slopes now."),
            _MOVE_VI,
            _MOVE_EN,
        ),
    ),
    source="Own choice of operation; Vietnamese criteria speak of 12 and 24 hours",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=3),
)

FLASH_FLOOD = Rule(
    name="flash_flood_rain",
    hazard="flood",
    title=titles("Mưa gây lũ quét, sạt lở", "Rain of flash flood, landslide"),
    unit="1",
    pack="vietnam 1",
    condition=of_index("flash_flood_rain_level"),
    quantities=("precipitation",),
    indices=("flash_flood_rain_level",),
    levels=(
        level(
            1.0,
            1.0,
            (
                "Mưa có thể gây lũ quét, cấp 1",
                "mưa 24 giờ tới ngưỡng",
                "Rời ven suối, sườn dốc; nghe chính quyền.",
            ),
            (
                "Flash flood rain, level 1",
                "24 h rain is at the mark",
                "Leave streams and slopes; obey authorities.",
            ),
            _MOVE_VI,
            _MOVE_EN,
        ),
    ),
    source="Quyết định 18/2021/QĐ-TTg, Điều 46, rows of level 1 that were read for Khu vực 2 (Lạng Sơn)",
    note="Needs the susceptibility of the place; rows of levels 2 and 3 for Khu vực 2 were not read and are not there.",
)
