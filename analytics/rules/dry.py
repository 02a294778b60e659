"""Drought by SPI, and forest fire weather."""

from datetime import timedelta

from analytics.index import titles
from analytics.measure import month_end, of_index
from analytics.rule import Rule, Status, Urgency, level

_DRY_VI = {
    "rice": "Tưới luân phiên, đắp bờ giữ nước; chọn cây ngắn ngày, cần ít nước.",
    "officer": "Kiểm tra hồ, ao; lập lịch lấy nước.",
}
_DRY_EN = {
    "rice": "Water in turns, mend the bunds; choose short crops that need little.",
    "officer": "Check reservoirs and ponds; set a rota.",
}
_FIRE_VI = {"forest": "Không đốt nương, không mang lửa vào rừng; trực canh lửa; phát dọn đường băng cản lửa."}
_FIRE_EN = {"forest": "Burn no fields, bring no fire into the forest; keep watch; clear fire breaks."}

DROUGHT_SPI = Rule(
    name="drought_spi",
    hazard="drought",
    title=titles("Khô hạn (SPI 3 tháng)", "Drought (SPI of 3 months)"),
    unit="1",
    pack="crop 1",
    condition=month_end("spi_3"),
    quantities=("precipitation",),
    indices=("spi_3",),
    below=True,
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            -1.0,
            -0.5,
            ("Khô hạn vừa", "mưa 3 tháng qua ít hơn mọi năm (chỉ số {value})", "Tiết kiệm nước tưới."),
            ("Moderate drought", "less rain in 3 months than usual (index {value})", "Save water."),
            _DRY_VI,
            _DRY_EN,
        ),
        level(
            -1.5,
            -1.0,
            ("Khô hạn nặng", "mưa 3 tháng ít hơn hẳn mọi năm (chỉ số {value})", "Tưới luân phiên, giữ nước hồ ao."),
            (
                "Severe drought",
                "much less rain in 3 months than usual ({value})",
                "Water in turns, keep ponds full.",
            ),
            _DRY_VI,
            _DRY_EN,
        ),
        level(
            -2.0,
            -1.5,
            (
                "Khô hạn rất nặng",
                "mưa 3 tháng rất ít, hiếm gặp (chỉ số {value})",
                "Dành nước cho người, vật nuôi.",
            ),
            ("Extreme drought", "very little rain in 3 months (index {value})", "Water for people and animals first."),
            _DRY_VI,
            _DRY_EN,
        ),
    ),
    source="WMO-No. 1090, Standardized Precipitation Index User Guide: classes −1, −1.5, −2",
    validity=timedelta(days=10),
    freshness=timedelta(days=5),
    note="Decided at the end of each month. The risk levels of Điều 47 could not be read and are not encoded.",
)

FIRE_WEATHER = Rule(
    name="fire_weather",
    hazard="fire",
    title=titles("Thời tiết dễ cháy rừng (FWI)", "Forest fire weather (FWI)"),
    unit="1",
    decimals=0,
    pack="crop 1",
    status=Status.OWN,
    condition=of_index("fire_weather_index"),
    quantities=("air_temperature",),
    indices=("fire_weather_index",),
    tells_from=2,
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            21.3,
            18.0,
            ("Dễ cháy rừng", "chỉ số khô cháy {value}", "Không đốt nương, không mang lửa vào rừng."),
            ("High fire weather", "fire weather index {value}", "Burn nothing near the forest."),
            _FIRE_VI,
            _FIRE_EN,
        ),
        level(
            38.0,
            32.0,
            ("Rất dễ cháy rừng", "chỉ số khô cháy {value}", "Không đốt lửa; trực canh rừng."),
            ("Very high fire weather", "fire weather index {value}", "No fire at all; keep watch."),
            _FIRE_VI,
            _FIRE_EN,
        ),
        level(
            50.0,
            42.0,
            ("Cực kỳ dễ cháy rừng", "chỉ số khô cháy {value}", "Không vào rừng; sẵn sàng chữa cháy."),
            ("Extreme fire weather", "fire weather index {value}", "Keep out of forests; be ready."),
            _FIRE_VI,
            _FIRE_EN,
        ),
    ),
    source="Own choice: class limits in use for Europe (EFFIS); not calibrated in Vietnam",
)

FIRE_PROVINCE = Rule(
    name="fire_province",
    hazard="fire",
    title=titles("Cấp dự báo cháy rừng của tỉnh", "The province's fire level"),
    unit="1",
    decimals=0,
    pack="vietnam 1",
    status=Status.UNVERIFIED,
    condition=of_index("fire_danger_level"),
    quantities=("air_temperature",),
    indices=("fire_danger_level",),
    urgency=Urgency.EXPECTED,
    levels=(
        level(
            3.0,
            3.0,
            ("Nguy cơ cháy rừng cấp III", "cấp {value} trên 5", "Hạn chế đốt nương; canh lửa."),
            ("Fire level III", "level {value} of 5", "Little burning; keep watch."),
            _FIRE_VI,
            _FIRE_EN,
        ),
        level(
            4.0,
            4.0,
            ("Nguy cơ cháy rừng cấp IV", "cấp {value} trên 5", "Cấm đốt nương."),
            ("Fire level IV", "level {value} of 5", "No burning."),
            _FIRE_VI,
            _FIRE_EN,
        ),
        level(
            5.0,
            5.0,
            ("Nguy cơ cháy rừng cấp V", "cấp {value} trên 5", "Cấm lửa, sẵn sàng chữa cháy."),
            ("Fire level V", "level {value} of 5", "No fire; be ready."),
            _FIRE_VI,
            _FIRE_EN,
        ),
    ),
    source="Thông tư 25/2019/TT-BNNPTNT leaves the table to the province; Lạng Sơn's decision was not found",
    note="Off until the province's table stands in the settings of the index.",
)
