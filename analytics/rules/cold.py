"""Rét, rét đậm, rét hại by the day's mean; frost by the day's minimum."""

from datetime import timedelta

from analytics.index import titles
from analytics.measure import day_mean, day_minimum
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Level, Rule, Urgency, Words

_CATTLE_VI = (
    "Dưới 12 độ không chăn thả, cày kéo; đưa trâu bò về chuồng, che gió, giữ nền khô, mặc áo, sưởi ấm, cho ăn thêm "
    "cám, bột ngô và muối, uống nước ấm."
)
_CATTLE_EN = (
    "Below 12 degrees do not graze or plough; bring cattle and buffalo home, block the wind, keep the floor dry, cover "
    "and warm them, feed extra concentrate and salt, give warm water."
)
_RICE_VI = (
    "Không gieo mạ, không cấy khi trung bình ngày dưới 15 độ; giữ nước 2-3 cm, không bón đạm, che ni lông cho mạ."
)
_RICE_EN = (
    "Do not sow or transplant while the daily mean is below 15 degrees; keep 2-3 cm of water, no nitrogen, cover "
    "seedlings with plastic."
)
_HOUSE_VI = "Giữ ấm cho người già, trẻ nhỏ; không sưởi bằng than trong phòng kín."
_HOUSE_EN = "Keep the old and the small warm; never burn charcoal in a closed room."

_AGAIN_VI, _AGAIN_EN = "trung bình ngày {value} độ C", "daily mean {value} C"
#: A day that is colder by so much is told as well. [Cel]
_RENEW = Renew(days=BY_DAY.days, record=2.0)

COLD_SPELL = Rule(
    name="cold_spell",
    hazard="cold",
    title=titles("Rét, rét đậm, rét hại", "Cold, severe cold, damaging cold"),
    unit="Cel",
    pack="vietnam 1",
    condition=day_mean("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    tells_from=2,
    urgency=Urgency.EXPECTED,
    levels=(
        Level(
            20.0,
            20.0,
            False,
            {
                "vi": Words(
                    "Rét",
                    "trung bình ngày {value} độ C, ngày thứ {days}",
                    "Giữ ấm cho người, vật nuôi non.",
                    again=_AGAIN_VI,
                ),
                "en": Words(
                    "Cold", "daily mean {value} C, day {days}", "Keep young animals and people warm.", again=_AGAIN_EN
                ),
            },
        ),
        Level(
            15.0,
            15.0,
            False,
            {
                "vi": Words(
                    "Rét đậm",
                    "trung bình ngày {value} độ C, ngày thứ {days}",
                    "Không gieo cấy; nhốt, giữ ấm trâu bò.",
                    {"rice": _RICE_VI, "cattle": _CATTLE_VI, "household": _HOUSE_VI},
                    _AGAIN_VI,
                ),
                "en": Words(
                    "Severe cold",
                    "daily mean {value} C, day {days}",
                    "Do not sow or transplant; house cattle, keep warm.",
                    {"rice": _RICE_EN, "cattle": _CATTLE_EN, "household": _HOUSE_EN},
                    _AGAIN_EN,
                ),
            },
        ),
        Level(
            13.0,
            13.0,
            False,
            {
                "vi": Words(
                    "Rét hại",
                    "trung bình ngày {value} độ C, ngày thứ {days}",
                    "Không thả trâu bò; che, sưởi ấm chuồng; che mạ.",
                    {"rice": _RICE_VI, "cattle": _CATTLE_VI, "household": _HOUSE_VI},
                    _AGAIN_VI,
                ),
                "en": Words(
                    "Damaging cold",
                    "daily mean {value} C, day {days}",
                    "Keep cattle in, block wind, warm them; cover seedlings.",
                    {"rice": _RICE_EN, "cattle": _CATTLE_EN, "household": _HOUSE_EN},
                    _AGAIN_EN,
                ),
            },
        ),
    ),
    source=(
        "Rét hại: Quyết định 18/2021/QĐ-TTg, Điều 5(18), daily mean below 13 °C; rét đậm 13 to 15 °C and rét below "
        "20 °C: NCHMF as quoted by Dân Việt (12-2018) and Thanh Niên (11-12-2020)"
    ),
    note=(
        "Sources differ on whether 13.0 and 15.0 themselves belong to the colder class; the operator is a setting. "
        "The days of a spell are the measured ones: a missing day neither ends it nor counts, within its patience. "
        "Defined for plains and midlands: in high mountains such days are near-continuous in winter. The risk levels "
        "of Điều 53 are not encoded, their table could not be verified."
    ),
    validity=timedelta(hours=30),
    renew=_RENEW,
)

FROST = Rule(
    name="frost",
    hazard="frost",
    title=titles("Sương muối", "Frost"),
    unit="Cel",
    pack="vietnam 1",
    condition=day_minimum("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    levels=(
        Level(
            4.0,
            4.0,
            False,
            {
                "vi": Words(
                    "Có thể có sương muối",
                    "thấp nhất {value} độ C",
                    "Che rau, mạ; tưới rửa sương sáng sớm.",
                    {
                        "vegetables": "Che phủ luống rau, cây con; tưới rửa sương trước khi nắng lên; thu hoạch sớm.",
                        "orchard": "Che, bó gốc cây non; hun khói chống sương nơi được phép.",
                        "cattle": _CATTLE_VI,
                    },
                ),
                "en": Words(
                    "Frost possible",
                    "lowest {value} C",
                    "Cover vegetables and seedlings; rinse frost off early.",
                    {
                        "vegetables": "Cover beds and seedlings; rinse the frost off before the sun is up; pick early.",
                        "orchard": "Cover young trees and wrap their stems.",
                        "cattle": _CATTLE_EN,
                    },
                ),
            },
        ),
        Level(
            0.0,
            0.0,
            False,
            {
                "vi": Words(
                    "Dưới 0 độ, có sương muối",
                    "thấp nhất {value} độ C",
                    "Che rau, mạ; giữ ấm trâu bò; coi chừng đường trơn.",
                    {
                        "vegetables": "Che kín luống rau, cây con; tưới rửa sương trước khi nắng lên.",
                        "orchard": "Che, bó gốc cây non; không tưới buổi chiều tối.",
                        "cattle": _CATTLE_VI,
                    },
                ),
                "en": Words(
                    "Below zero with frost",
                    "lowest {value} C",
                    "Cover crops; keep cattle warm; mind icy roads.",
                    {
                        "vegetables": "Cover beds and seedlings well; rinse the frost off before the sun is up.",
                        "orchard": "Cover young trees and wrap their stems; do not water in the evening.",
                        "cattle": _CATTLE_EN,
                    },
                ),
            },
        ),
    ),
    source=(
        "Sương muối: air below 4 °C while surfaces are near 0 °C on clear, calm, moist nights (Tuổi trẻ xã hội "
        "12-2024, CafeF 11-2025); 0 °C: the melting point of ice"
    ),
    note="The air's minimum alone: clear sky, calm and moisture are not asked, so it says what is possible.",
    validity=timedelta(hours=18),
    renew=_RENEW,
)
