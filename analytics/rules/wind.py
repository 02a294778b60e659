"""Beaufort classes of the mean wind and of gusts."""

from datetime import timedelta

from analytics.index import Step, titles
from analytics.measure import current, highest
from analytics.rule import Rule, Status, level

_VI = {
    "everyone": "Gia cố mái nhà, chuồng trại; chống đỡ cây, giàn; không trú dưới cây to.",
    "orchard": "Chống, buộc cành; thu quả đã chín; hạ thấp lưới, giàn.",
}
_EN = {
    "everyone": "Fasten roofs and sheds; prop trees and trellises; do not shelter under big trees.",
    "orchard": "Prop and tie branches; pick ripe fruit; lower nets and trellises.",
}
_BEAUFORT = "Beaufort classes as printed in Vietnam (lower bounds 10.8, 17.2, 24.5, 32.7 m/s)"

STRONG_WIND = Rule(
    name="strong_wind",
    hazard="wind",
    title=titles("Gió mạnh", "Strong wind"),
    unit="m/s",
    pack="vietnam 1",
    step=Step.GRID,
    condition=current("wind_speed"),
    quantities=("wind_speed",),
    tells_from=2,
    levels=(
        level(
            10.8,
            8.0,
            ("Gió cấp 6-7", "gió {value} m/s", "Chằng buộc mái, giàn, cây cao."),
            ("Wind force 6-7", "{value} m/s", "Tie roofs, trellises, tall plants."),
            _VI,
            _EN,
        ),
        level(
            17.2,
            13.9,
            ("Gió cấp 8-9", "gió {value} m/s", "Ở trong nhà; tránh xa cây to, mái tôn."),
            ("Wind force 8-9", "{value} m/s", "Stay in; keep off big trees and tin roofs."),
            _VI,
            _EN,
        ),
        level(
            24.5,
            20.8,
            ("Gió cấp 10-11", "gió {value} m/s", "Ở nơi kiên cố; đưa vật nuôi vào chuồng chắc."),
            ("Wind force 10-11", "{value} m/s", "Stay in a solid house; bring animals in."),
            _VI,
            _EN,
        ),
        level(
            32.7,
            28.5,
            ("Gió cấp 12 trở lên", "gió {value} m/s", "Ở nơi kiên cố, nghe chính quyền."),
            ("Wind force 12 and more", "{value} m/s", "Stay in a solid house, obey authorities."),
            _VI,
            _EN,
        ),
    ),
    source=_BEAUFORT,
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=6),
    note="A level is left below the next lower class, for three hours: the lulls of a storm do not end it.",
)

GUST = Rule(
    name="gust",
    hazard="wind",
    title=titles("Gió giật", "Gusts"),
    unit="m/s",
    pack="vietnam 1",
    step=Step.GRID,
    condition=highest("wind_gust"),
    quantities=("wind_gust",),
    levels=(
        level(
            17.2,
            13.9,
            ("Gió giật cấp 8-9", "giật {value} m/s", "Tránh xa cây to, mái tôn."),
            ("Gusts force 8-9", "gusts {value} m/s", "Keep off big trees and tin roofs."),
            _VI,
            _EN,
        ),
        level(
            24.5,
            20.8,
            ("Gió giật cấp 10 trở lên", "giật {value} m/s", "Ở nơi kiên cố; đưa vật nuôi vào chuồng."),
            ("Gusts force 10 and more", "gusts {value} m/s", "Stay in a solid house; animals in."),
            _VI,
            _EN,
        ),
    ),
    source=_BEAUFORT,
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=6),
)

STORM_LEVEL = Rule(
    name="storm_level",
    hazard="storm",
    title=titles("Cấp rủi ro bão", "Storm risk level"),
    unit="m/s",
    pack="vietnam 1",
    status=Status.UNVERIFIED,
    step=Step.GRID,
    condition=current("wind_speed"),
    quantities=("wind_speed",),
    levels=(
        level(
            17.2,
            13.9,
            ("Gió bão cấp 8-11", "gió {value} m/s", "Theo dõi tin bão, ở nơi kiên cố."),
            ("Storm wind 8-11", "{value} m/s", "Follow the storm news, stay in."),
            _VI,
            _EN,
        ),
        level(
            32.7,
            28.5,
            ("Gió bão từ cấp 12", "gió {value} m/s", "Ở nơi kiên cố, nghe chính quyền."),
            ("Storm wind from 12", "{value} m/s", "Stay in a solid house, obey authorities."),
            _VI,
            _EN,
        ),
    ),
    source="Quyết định 18/2021/QĐ-TTg, Điều 42: group of the province on land not established",
    note="Off: whether Lạng Sơn belongs to the Đông Bắc Bộ or the Việt Bắc group could not be verified.",
    quiet=timedelta(hours=3),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=3),
)
