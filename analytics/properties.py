"""Numbers that no sensor tells, known to people of a place, of a crop's season, or of its land.

A place's property holds for everything below it that has none of its own: a province's fire table, a commune's
susceptibility. Those of the ground may be said of the field or, for one season, of the season.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Property:
    """One number that an operator may give."""

    name: str
    #: UCUM.
    unit: str
    #: Inclusive limits of what can be [unit].
    minimum: float
    maximum: float
    vi: str
    en: str
    of_place: bool = False
    of_season: bool = False
    #: Numbers of classes: whole ones only.
    whole: bool = False

    def can_be(self, value: float) -> bool:
        """Whether a number lies within the limits, and is whole where it has to be."""
        return self.minimum <= value <= self.maximum and (not self.whole or value == round(value))


def _place(name: str, unit: str, minimum: float, maximum: float, vi: str, en: str) -> Property:
    return Property(name, unit, minimum, maximum, vi, en, of_place=True)


def _class(name: str, maximum: float, vi: str, en: str) -> Property:
    return Property(name, "1", 1.0, maximum, vi, en, of_place=True, whole=True)


def _season(name: str, unit: str, minimum: float, maximum: float, vi: str, en: str) -> Property:
    return Property(name, unit, minimum, maximum, vi, en, of_season=True)


def _ground(name: str, unit: str, minimum: float, maximum: float, vi: str, en: str) -> Property:
    return Property(name, unit, minimum, maximum, vi, en, of_place=True, of_season=True)


_PESTS = (
    ("fall_armyworm", "sâu keo mùa thu", "fall armyworm"),
    ("brown_planthopper", "rầy nâu", "brown planthopper"),
    ("yellow_stem_borer", "sâu đục thân hai chấm", "yellow stem borer"),
)
_STAGES = (
    ("initial", "đầu vụ", "initial stage"),
    ("development", "phát triển", "development stage"),
    ("middle", "giữa vụ", "mid-season stage"),
    ("late", "cuối vụ", "late stage"),
)
_COEFFICIENTS = (("kc", "hệ số cây trồng", "crop coefficient"), ("kcb", "hệ số cây trồng cơ sở", "basal coefficient"))
_AT = (
    ("initial", "đầu vụ", "initially"),
    ("middle", "giữa vụ", "in mid-season"),
    ("end", "khi thu hoạch", "at the end"),
)

_TABLE: tuple[Property, ...] = (
    *(_place(f"mark_{n}", "m", -500.0, 9000.0, f"Mức nước báo động {n}", f"Water level of mark {n}")
      for n in (1, 2, 3, 4)),
    _place("annual_precipitation", "mm", 50.0, 12_000.0, "Lượng mưa năm trung bình", "Mean annual rain"),
    _class("flash_flood_susceptibility", 4.0, "Mức nhạy cảm lũ quét (1 thấp … 4 rất cao)",
           "Susceptibility to flash floods (1 low … 4 very high)"),
    _class("flash_flood_region", 4.0, "Khu vực lũ quét (1 … 4)", "Region of flash floods (1 … 4)"),
    _place("fire_rain_reset", "mm", 0.0, 100.0, "Mưa ngày đưa chỉ số P về 0", "Daily rain that resets fire index P"),
    *(_place(f"fire_limit_{n}", "1", 0.0, 1e6, f"Giới hạn trên cấp cháy {n}", f"Upper limit of fire level {n}")
      for n in (1, 2, 3, 4)),
    *(row for pest, vi, en in _PESTS for row in (
        _place(f"{pest}_base", "Cel", -10.0, 40.0, f"Ngưỡng nhiệt dưới, {vi}", f"Lower threshold of {en}"),
        _place(f"{pest}_generation", "Cel.d", 1.0, 5000.0, f"Tích ôn một lứa, {vi}", f"Heat of a generation, {en}"),
        _place(f"{pest}_ceiling", "Cel", 0.0, 60.0, f"Ngưỡng nhiệt trên, {vi}", f"Upper threshold of {en}"))),
    _ground("field_capacity", "m3/m3", 0.01, 0.8, "Sức chứa ẩm đồng ruộng", "Field capacity"),
    _ground("wilting_point", "m3/m3", 0.0, 0.6, "Độ ẩm cây héo", "Wilting point"),
    _ground("wetted_fraction", "1", 0.01, 1.0, "Phần mặt đất được tưới ướt", "Fraction of ground wetted by irrigation"),
    _ground("area", "m2", 1.0, 1e9, "Diện tích", "Area"),
    _ground("probe_weight", "1", 0.0, 1.0, "Trọng số đầu đo ẩm đất", "Weight of the soil probe against the balance"),
    _season("initial_depletion", "mm", 0.0, 1000.0, "Lượng nước thiếu khi gieo", "Root zone depletion at sowing"),
    *(_season(f"stage_{at}", "d", 1.0, 5000.0, f"Số ngày {vi}", f"Length of the {en}") for at, vi, en in _STAGES),
    *(_season(f"heat_{at}", "Cel.d", 0.0, 20_000.0, f"Tích ôn đến hết {vi}", f"Degree days to the end of the {en}")
      for at, vi, en in _STAGES),
    *(_season(f"{kind}_{at}", "1", 0.0, 2.0, f"{kind_vi.capitalize()} {vi}", f"{kind_en.capitalize()} {en}")
      for kind, kind_vi, kind_en in _COEFFICIENTS for at, vi, en in _AT),
    _season("root_least", "m", 0.01, 10.0, "Rễ nông nhất", "Least root depth"),
    _season("root_most", "m", 0.01, 10.0, "Rễ sâu nhất", "Greatest root depth"),
    _season("heat_base", "Cel", -10.0, 40.0, "Ngưỡng nhiệt dưới", "Lower threshold of growth"),
    _season("heat_ceiling", "Cel", 0.0, 60.0, "Ngưỡng nhiệt trên", "Upper threshold of growth"),
    _season("height", "m", 0.01, 50.0, "Chiều cao cây", "Height of the crop"),
    _season("depletion", "1", 0.05, 0.95, "Tỉ lệ nước dễ dùng", "Fraction of water that is readily available"),
)  # fmt: skip

#: Every property by name.
PROPERTIES: Mapping[str, Property] = MappingProxyType({row.name: row for row in _TABLE})
OF_PLACE = frozenset(name for name, row in PROPERTIES.items() if row.of_place)
OF_SEASON = frozenset(name for name, row in PROPERTIES.items() if row.of_season)
OF_GROUND = OF_PLACE & OF_SEASON
