"""What is asked, and how it is drawn; each kind turns into Grafana's JSON of that panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from dashboards import palette
from dashboards.crops import spoken
from dashboards.words import NO_DATA, Language, Words

Json = dict[str, Any]
#: How values are said: as levels, as qualities, or by a table of words.
Saying = Literal["", "levels", "qualities"] | Mapping[str, Words]
Draw = Literal["line", "dashed", "dotted", "bars", "points", "area", "step"]


def mappings(saying: Saying, language: Language) -> list[Json]:
    """Grafana's value mappings."""
    if saying == "levels":
        return palette.levels(language)
    if saying == "qualities":
        return palette.qualities(language)
    return palette.spoken(language, dict(saying)) if isinstance(saying, Mapping) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one column of the answer, or one series, is called and drawn."""

    title: Words
    #: Grafana's unit (`palette.unit`).
    unit: str = ""
    decimals: int | None = None
    color: str = ""
    saying: Saying = ""
    thresholds: Json | None = None
    #: Where a click leads; Grafana's variables allowed.
    link: Words | None = None
    draw: Draw | None = None
    #: Drawn against an axis of its own.
    right: bool = False
    #: Name of the series down to which the area is filled.
    fill_to: str = ""
    hidden: bool = False
    #: [px] in a table.
    width: int = 0
    #: A bar in the cell, from and to these values.
    bar: tuple[float, float] | None = None

    def properties(self, language: Language) -> list[Json]:
        """Grafana's overrides of this column."""
        found: list[tuple[str, Any]] = [("displayName", self.title.get(language))]
        found += [("unit", self.unit)] if self.unit else []
        found += [("decimals", self.decimals)] if self.decimals is not None else []
        found += [("color", {"mode": "fixed", "fixedColor": self.color})] if self.color else []
        found += [("mappings", mappings(self.saying, language))] if self.saying else []
        found += [("thresholds", self.thresholds)] if self.thresholds else []
        if self.link:
            link = {"title": self.title.get(language), "url": self.link.get(language), "targetBlank": False}
            found += [("links", [link])]
        return [{"id": name, "value": value} for name, value in (*found, *self._custom())]

    def _custom(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = list(drawn(self.draw).items()) if self.draw else []
        found += [("custom.axisPlacement", "right")] if self.right else []
        found += [("custom.fillBelowTo", self.fill_to)] if self.fill_to else []
        found += [("custom.width", self.width)] if self.width else []
        if self.hidden:
            found += [("custom.hideFrom", {"viz": True, "legend": True, "tooltip": True})]
        if self.bar:
            found += [("min", self.bar[0]), ("max", self.bar[1])]
            found += [("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"})]
        elif self.saying == "levels" or self.saying == "qualities":  # noqa: PLR1714 — a table of words has no hash
            # The text carries the number or sign; the background is what is seen from afar.
            found += [("custom.cellOptions", {"type": "color-background", "mode": "basic"})]
        return found


def drawn(draw: Draw) -> Json:
    """Grafana's custom field options of a way to draw, as override ids."""
    style: Json = {"custom.drawStyle": "line", "custom.lineWidth": 2, "custom.fillOpacity": 0}
    if draw == "dashed":
        style["custom.lineStyle"] = {"fill": "dash", "dash": [10, 6]}
    elif draw == "dotted":
        style["custom.lineStyle"] = {"fill": "dot", "dash": [0, 6]}
    elif draw == "bars":
        style |= {"custom.drawStyle": "bars", "custom.fillOpacity": 70, "custom.lineWidth": 0}
    elif draw == "points":
        style |= {"custom.drawStyle": "points", "custom.pointSize": 7, "custom.showPoints": "always"}
    elif draw == "area":
        style |= {"custom.fillOpacity": 18, "custom.lineWidth": 1}
    elif draw == "step":
        style["custom.lineInterpolation"] = "stepAfter"
    return style


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What every kind has."""

    title: Words
    sql: str = ""
    #: Of 24.
    width: int = 12
    #: Rows of 30 pixels.
    height: int = 8
    description: Words | None = None
    unit: str = ""
    decimals: int | None = None
    columns: Mapping[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    thresholds: Json | None = None
    saying: Saying = ""
    minimum: float | None = None
    maximum: float | None = None
    kind: ClassVar[str] = ""
    format: ClassVar[Literal["table", "time_series"]] = "table"

    def options(self, language: Language) -> Json:  # noqa: ARG002 — kinds with words need it
        """Grafana's options of the kind."""
        return {}

    def custom(self) -> Json:
        """Grafana's custom field options of the kind."""
        return {}

    def color(self) -> Json:
        """How values get their colour."""
        return {"mode": "thresholds"} if self.thresholds else {"mode": "palette-classic"}

    def field_config(self, language: Language) -> Json:
        """Defaults of every column, and what single ones have of their own."""
        defaults: Json = {
            "unit": self.unit or "none", "decimals": self.decimals, "noValue": NO_DATA.get(language),
            "color": self.color(), "mappings": mappings(self.saying, language),
            "thresholds": self.thresholds or palette.steps(), "min": self.minimum, "max": self.maximum,
            "custom": self.custom(),
        }  # fmt: skip
        overrides = [
            {"matcher": {"id": "byName", "options": name}, "properties": column.properties(language)}
            for name, column in self.columns.items()
        ]
        return {"defaults": {k: v for k, v in defaults.items() if v is not None}, "overrides": overrides}

    def build(self, number: int, position: Json, source: str, language: Language) -> Json:
        """Grafana's JSON of the panel."""
        reference = {"type": "grafana-postgresql-datasource", "uid": source}
        built: Json = {
            "id": number, "type": self.kind, "title": self.title.get(language), "gridPos": position,
            "options": self.options(language), "transparent": False,
        }  # fmt: skip
        if self.description:
            built["description"] = self.description.get(language)
        if self.sql:
            target = {
                "refId": "A", "datasource": reference, "editorMode": "code", "format": self.format, "rawQuery": True,
                "rawSql": spoken(self.sql, language),
            }  # fmt: skip
            built |= {"datasource": reference, "targets": [target], "fieldConfig": self.field_config(language)}
        return built
