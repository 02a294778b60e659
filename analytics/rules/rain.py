"""Mưa vừa, mưa to, mưa rất to by the sum of the last 24 hours."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.indices.flash_flood import BEFORE, OF_PLACE
from analytics.measure import flash_flood, rain_sum, short_rain, sudden_rain
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
    condition=rain_sum(24),
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

_ASK_VI = "Hỏi người ở gần trạm; đúng thì xác nhận số đo, sai thì xem phễu, gàu lật, công tắc, dây."
_ASK_EN = "Ask somebody near it: confirm a true reading; if false, see funnel, bucket, reed switch and cable."

SUDDEN_RAIN = Rule(
    name="sudden_rain",
    hazard="rain",
    title=titles("Mưa to, chưa chắc chắn", "Sudden rain, not yet certain"),
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=sudden_rain,
    quantities=("precipitation",),
    before=2,
    levels=(
        level(
            10.0,
            5.0,
            (
                "Mưa to, chưa chắc",
                "một lần đo {value} mm",
                "Nếu mưa to: rời ven suối. Nếu không: báo cán bộ.",
            ),
            (
                "Sudden rain, unsure",
                "one reading of {value} mm",
                "If true: leave streams. If dry: tell officer.",
            ),
            _MOVE_VI | {"technician": _ASK_VI, "officer": _ASK_VI},
            _MOVE_EN | {"technician": _ASK_EN, "officer": _ASK_EN},
        ),
    ),
    source="Own rule: a bucket of more than 6 % of the world's record for its length, borne out by nothing before it",
    quiet=timedelta(minutes=30),
    patience=timedelta(hours=3),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=3),
    note="What one bucket says alone opens no level of heavy rain; rain beside it, or a person's word, does.",
)

INTENSE_RAIN_10 = Rule(
    name="intense_rain_10min",
    hazard="rain",
    title=titles("Mưa dồn dập 10 phút", "Intense rain in 10 minutes"),
    unit="mm",
    pack="crop 1",
    status=Status.OWN,
    step=Step.GRID,
    condition=short_rain(10),
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
    condition=short_rain(60),
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

_FLOOD_VI = {
    1: {
        "everyone": "Tránh ven suối, ngầm tràn, dưới taluy và sườn dốc; nghe loa thôn, chuẩn bị đèn, áo mưa.",
        "forest": "Không vào rừng, không qua suối khi nước đục, dâng nhanh.",
        "officer": "Kiểm tra các điểm hay sạt lở, lũ quét; cắt cử người canh ngầm tràn; báo các hộ ven suối.",
    },
    2: {
        "everyone": "Rời ven suối, nhà dưới taluy và sườn dốc; không qua ngầm tràn; sẵn sàng sơ tán theo chính quyền.",
        "forest": "Ra khỏi rừng, khe suối; không ngủ ở lán ven suối, chân dốc.",
        "officer": "Đến từng hộ ven suối, dưới taluy; chặn ngầm tràn; mở nơi sơ tán.",
    },
    3: {
        "everyone": "Rời NGAY ven suối, nhà dưới taluy và sườn dốc, lên chỗ cao chắc chắn; người già, trẻ nhỏ đi "
        "trước; không quay lại lấy đồ, không qua ngầm tràn.",
        "forest": "Rời NGAY rừng, khe suối, lán trại; lên chỗ cao, xa sườn dốc.",
        "officer": "Sơ tán NGAY các hộ ven suối, dưới taluy, sườn dốc; cấm qua ngầm tràn; báo cấp trên.",
    },
}
_FLOOD_EN = {
    1: {
        "everyone": "Keep off stream banks, fords, the foot of cuttings and slopes; listen to the loudspeaker; have a "
        "lamp and a raincoat ready.",
        "forest": "Keep out of the forest; cross no stream that is muddy and rising.",
        "officer": "Look at known places of slides and floods; watch the fords; tell the households by streams.",
    },
    2: {
        "everyone": "Leave stream banks and houses below cuttings and slopes; cross no ford; be ready to go when told.",
        "forest": "Come out of forest and ravines; do not sleep in huts by streams or at the foot of slopes.",
        "officer": "Go to every household by streams and below cuttings; close the fords; open the shelters.",
    },
    3: {
        "everyone": "Leave stream banks, houses below cuttings and slopes NOW, to firm high ground; the old and the "
        "small first; do not go back for things; cross no ford.",
        "forest": "Leave forest, ravines and huts NOW; go to high ground away from slopes.",
        "officer": "Bring households by streams, below cuttings and on slopes away NOW; close the fords; report.",
    },
}
_FLOOD_ACT = {
    1: ("Tránh ven suối, sườn dốc, ngầm tràn.", "Keep off streams, slopes and fords."),
    2: ("Rời ven suối, dốc; sẵn sàng sơ tán.", "Leave streams and slopes; be ready to go."),
    3: ("Rời NGAY suối, sườn dốc, lên cao!", "Leave streams, slopes NOW; go up high!"),
}

FLASH_FLOOD = Rule(
    name="flash_flood_rain",
    hazard="flood",
    title=titles("Mưa gây lũ quét, sạt lở", "Rain of flash flood, landslide"),
    unit="1",
    decimals=0,
    pack="vietnam 2",
    step=Step.HOUR,
    condition=flash_flood,
    quantities=("precipitation",),
    needs=OF_PLACE,
    before=BEFORE,
    levels=tuple(
        level(
            float(number),
            float(number),
            (f"Nguy cơ lũ quét, sạt lở cấp {number}", "mưa theo Điều 46", act[0]),
            (f"Flash flood, landslide risk {number}", "rain as in Điều 46", act[1]),
            _FLOOD_VI[number],
            _FLOOD_EN[number],
        )
        for number, act in _FLOOD_ACT.items()
    ),
    source="Quyết định 18/2021/QĐ-TTg (from 1 July 2021), Điều 46, read in the Ministry of Justice's codification",
    note=(
        "The article speaks of rain warned of over an area; rain that fell in 24 hours at the station, and the days of "
        "rain in a row before, stand for it hour by hour. Where a row's days before are not met, the next lower row "
        "holds; where none is (a dry spell before), the level is not defined by rain alone: that is shown, and the "
        "heavy rain rules speak. Of susceptibility unset the least that is certain holds, and level 1 where any would "
        "reach it; of region unset, Khu vực 2 as taken for Lạng Sơn so far. The annex of regions was not read."
    ),
    quiet=timedelta(hours=3),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=6),
    validity=timedelta(hours=12),
)
