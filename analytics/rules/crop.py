"""When not to sow, tonight's frost, diseases, water in the soil, irrigation."""

from datetime import timedelta

from analytics.index import titles
from analytics.measure import at_dusk, day_mean, of_index
from analytics.renewal import Renew
from analytics.rule import Rule, Status, Urgency, level

_SEED_VI = {"rice": "Không gieo, không cấy; giữ nước 2-3 cm, không bón đạm; che ni lông cho mạ, mở khi trên 20 độ."}
_SEED_EN = {
    "rice": "Do not sow or transplant; keep 2-3 cm of water, no nitrogen; plastic over seedlings, open above 20 C."
}
_FROST_VI = {"vegetables": "Che luống trước chiều tối; sáng sớm tưới rửa sương trước khi nắng lên."}
_FROST_EN = {"vegetables": "Cover beds before dark; early in the morning rinse the frost off before the sun."}
_BLAST_VI = {
    "rice": "Thăm đồng sau 7-10 ngày; giữ nước, ngừng đạm; phun khi thấy vết bệnh, theo cán bộ bảo vệ thực vật."
}
_BLAST_EN = {"rice": "Look at the field in 7-10 days; keep water, stop nitrogen; spray where lesions show, as advised."}
_BLIGHT_VI = {"vegetables": "Thăm khoai tây, cà chua; ngắt lá bệnh; phun phòng theo cán bộ bảo vệ thực vật."}
_BLIGHT_EN = {"vegetables": "Look at potatoes and tomatoes; take sick leaves off; spray in time, as advised."}

NO_SOWING = Rule(
    name="no_sowing",
    hazard="crop_cold",
    title=titles("Chưa nên gieo cấy", "Not the time to sow or transplant"),
    unit="Cel",
    pack="crop 1",
    for_crops=frozenset({"rice"}),
    condition=day_mean("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    months=frozenset({1, 2, 3, 11, 12}),
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            15.0,
            15.0,
            ("Chưa nên gieo cấy", "trung bình ngày {value} độ C", "Hoãn gieo mạ, cấy; che ni lông cho mạ."),
            ("No sowing", "daily mean {value} C", "Put off sowing, transplanting; cover seedlings."),
            _SEED_VI,
            _SEED_EN,
            inclusive=False,
        ),
    ),
    source="Never sow or transplant rice below a daily mean of 15 °C: Cục Trồng trọt (2022), Thái Nguyên (2018), VTV8",
)

FROST_TONIGHT = Rule(
    name="frost_tonight",
    hazard="frost",
    title=titles("Sương muối đêm nay", "Frost tonight"),
    unit="Cel",
    pack="crop 1",
    condition=at_dusk("frost_night_minimum_forecast"),
    quantities=("air_temperature",),
    indices=("frost_night_minimum_forecast",),
    below=True,
    levels=(
        level(
            4.0,
            4.0,
            ("Đêm nay có thể có sương muối", "ước thấp nhất {value} độ C", "Che rau, mạ trước khi tối."),
            ("Frost possible tonight", "lowest expected {value} C", "Cover crops before dark."),
            _FROST_VI,
            _FROST_EN,
            inclusive=False,
        ),
        level(
            0.0,
            0.0,
            ("Đêm nay có thể dưới 0 độ", "ước thấp nhất {value} độ C", "Che kín rau, mạ; giữ ấm trâu bò."),
            ("Below zero possible tonight", "lowest expected {value} C", "Cover crops well; keep cattle warm."),
            _FROST_VI,
            _FROST_EN,
            inclusive=False,
        ),
    ),
    source="FAO frost protection (Snyder and de Melo-Abreu 2005): two-step regression on dusk; 4 °C of sương muối",
    note="Learned from the station's own clear, calm nights; its standard error stands beside it.",
    validity=timedelta(hours=12),
    freshness=timedelta(hours=6),
    renew=Renew(days=(2, 3), at_once=True),  # each evening is a new night
)

RICE_BLAST = Rule(
    name="rice_blast",
    hazard="disease",
    title=titles("Thời tiết thuận cho đạo ôn", "Rice blast weather"),
    unit="1",
    pack="crop 1",
    for_crops=frozenset({"rice"}),
    condition=of_index("rice_blast_infection"),
    quantities=("air_temperature",),
    indices=("rice_blast_infection",),
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            1.0,
            1.0,
            ("Dễ phát bệnh đạo ôn lúa", "lá lúa ướt lâu, trời ấm", "Thăm đồng, giữ nước, ngừng bón đạm."),
            ("Rice blast weather", "leaves long wet and mild", "Look at rice, keep water, stop nitrogen."),
            _BLAST_VI,
            _BLAST_EN,
        ),
    ),
    source="BLASTAM (Koshimizu 1988) as published by the prefectures of Mie and Oita",
)

LATE_BLIGHT = Rule(
    name="late_blight",
    hazard="disease",
    title=titles("Thời tiết thuận cho mốc sương", "Late blight weather"),
    unit="1",
    pack="crop 1",
    for_crops=frozenset({"vegetables"}),
    condition=of_index("late_blight_hutton"),
    quantities=("air_temperature",),
    indices=("late_blight_hutton",),
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            1.0,
            1.0,
            ("Dễ phát bệnh mốc sương", "ẩm cao 2 ngày liền", "Thăm khoai tây, cà chua; phun phòng."),
            ("Late blight weather", "two humid days in a row", "Check potatoes, tomatoes; protect them."),
            _BLIGHT_VI,
            _BLIGHT_EN,
        ),
    ),
    source="Hutton criteria (AHDB): two days of Tmin ≥ 10 °C and 6 h of RH ≥ 90 %",
)

IRRIGATION_DUE = Rule(
    name="irrigation_due",
    hazard="irrigation",
    title=titles("Đến lúc tưới", "Irrigation due"),
    unit="d",
    decimals=0,
    pack="crop 1",
    season=True,
    condition=of_index("days_to_irrigation"),
    indices=("days_to_irrigation",),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            2.0,
            3.0,
            ("Sắp phải tưới", "còn {value} ngày", "Chuẩn bị nước, máy bơm."),
            ("Irrigation soon", "in {value} days", "Get water and pump ready."),
        ),
        level(
            0.0,
            1.0,
            ("Cần tưới ngay", "đất đã cạn nước cho cây", "Tưới trong ngày."),
            ("Irrigate now", "readily available water is used up", "Irrigate today."),
        ),
    ),
    source="FAO-56 chapter 8: depletion beyond the readily available water",
    note="A water balance of the root zone; capillary rise is left out.",
)

SOIL_DRY = Rule(
    name="soil_dry",
    hazard="irrigation",
    title=titles("Đất khô", "Dry soil"),
    unit="m3/m3",
    decimals=0,
    factor=100.0,
    pack="crop 1",
    status=Status.OWN,
    condition=day_mean("soil_moisture"),
    quantities=("soil_moisture",),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            0.18,
            0.20,
            ("Đất khô", "độ ẩm đất {value}%", "Tưới, tủ gốc giữ ẩm."),
            ("Dry soil", "soil moisture {value}%", "Irrigate, mulch."),
        ),
        level(
            0.12,
            0.14,
            ("Đất rất khô", "độ ẩm đất {value}%", "Tưới ngay, ưu tiên cây con."),
            ("Very dry soil", "soil moisture {value}%", "Irrigate now, young plants first."),
        ),
    ),
    source="Own choice for loam; field capacity and wilting point of the soil should replace it",
)

SOIL_WET = Rule(
    name="soil_wet",
    hazard="irrigation",
    title=titles("Đất úng", "Waterlogged soil"),
    unit="m3/m3",
    decimals=0,
    factor=100.0,
    pack="crop 1",
    status=Status.OWN,
    condition=day_mean("soil_moisture"),
    quantities=("soil_moisture",),
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            0.42,
            0.38,
            ("Đất úng", "độ ẩm đất {value}%", "Khơi rãnh thoát nước; hoãn tưới, bón."),
            ("Waterlogged soil", "soil moisture {value}%", "Open drains; put off water and fertiliser."),
        ),
    ),
    source="Own choice, near the saturation of loam; not for paddy",
)
