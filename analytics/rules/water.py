"""Water bodies: marks of reservoirs and rivers, and how fast the water rises."""

from datetime import timedelta

from analytics.index import Step, of_index, titles
from analytics.measure import of_hour
from analytics.rule import Rule, Status, level

_VI = {"everyone": "Rời bãi sông, hạ lưu; đưa vật nuôi, máy bơm lên cao; nghe chính quyền."}
_EN = {"everyone": "Leave the banks and the valley below; bring animals and pumps up; obey authorities."}

WATER_MARKS = Rule(
    name="water_marks",
    hazard="water",
    title=titles("Nước tới mốc", "Water at a mark"),
    unit="1",
    decimals=0,
    pack="crop 1",
    step=Step.HOUR,
    condition=of_hour("water_marks_reached"),
    quantities=("water_level",),
    needs=(of_index("water_marks_reached"),),
    levels=(
        level(
            1.0,
            1.0,
            ("Nước tới mốc 1", "mực nước đã vượt mốc {value}", "Theo dõi mực nước, chuẩn bị dời đồ."),
            ("Water at mark 1", "the water has passed mark {value}", "Watch the water; get ready to move things."),
            _VI,
            _EN,
        ),
        level(
            2.0,
            2.0,
            ("Nước tới mốc 2", "mực nước đã vượt mốc {value}", "Chuyển đồ, vật nuôi lên cao."),
            ("Water at mark 2", "the water has passed mark {value}", "Bring goods and animals up."),
            _VI,
            _EN,
        ),
        level(
            3.0,
            3.0,
            ("Nước tới mốc 3", "mực nước đã vượt mốc {value}", "Rời vùng thấp, nghe chính quyền."),
            ("Water at mark 3", "the water has passed mark {value}", "Leave low ground, obey authorities."),
            _VI,
            _EN,
        ),
    ),
    source="Marks of the place itself (báo động 1, 2, 3; MNDBT, MNLTK, MNLKT), as the operator gave them",
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=3),
    validity=timedelta(hours=12),
    proxy=False,
)

WATER_RISE = Rule(
    name="water_rise",
    hazard="water",
    title=titles("Nước lên nhanh", "Water rising fast"),
    unit="m/h",
    decimals=2,
    pack="crop 1",
    status=Status.OWN,
    step=Step.HOUR,
    condition=of_hour("water_level_rise"),
    quantities=("water_level",),
    levels=(
        level(
            0.3,
            0.15,
            ("Nước lên nhanh", "{value} m mỗi giờ", "Tránh sông suối; đưa vật nuôi lên cao."),
            ("Water rising fast", "{value} m an hour", "Keep off the river; bring animals up."),
            _VI,
            _EN,
        ),
        level(
            1.0,
            0.5,
            ("Nước lên rất nhanh", "{value} m mỗi giờ", "Rời ven sông suối ngay."),
            ("Water rising very fast", "{value} m an hour", "Leave the banks now."),
            _VI,
            _EN,
        ),
    ),
    source="Own choice of operation, to be set per river",
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    proxy=False,
)
