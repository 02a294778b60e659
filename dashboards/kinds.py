"""Kinds of panels, with what each may be told; everything else is decided here, once for all boards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from dashboards.panel import Draw, Json, Panel, drawn
from dashboards.words import Language, Words

_ONE_VALUE: Json = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
_TOOLTIP: Json = {"mode": "multi", "sort": "desc"}


def _legend(calculations: list[str], *, table: bool) -> Json:
    mode = "table" if table else "list"
    return {"displayMode": mode, "placement": "bottom", "showLegend": True, "calcs": calculations}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries(Panel):
    """Lines, bars or points over time: columns time, then one a series; or time, metric, value."""

    draw: Draw = "line"
    stacked: bool = False
    #: Thresholds drawn as dashed lines.
    lines: bool = False
    legend: bool = True
    #: [s] gaps shorter than this are bridged, longer ones shown; 0 bridges none.
    bridge: int = 7200
    kind: ClassVar[str] = "timeseries"
    format: ClassVar[Literal["table", "time_series"]] = "time_series"

    def color(self) -> Json:
        """Series keep their own colours; thresholds are only drawn as lines."""
        return {"mode": "palette-classic"}

    def custom(self) -> Json:
        """Line, bar or point, and what happens at gaps."""
        plain = {name.removeprefix("custom."): value for name, value in drawn(self.draw).items()}
        if self.draw == "bars":
            plain["axisSoftMin"] = 0
        return plain | {
            "spanNulls": self.bridge * 1000 if self.bridge else False,
            "stacking": {"group": "A", "mode": "normal" if self.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if self.lines else "off"},
        }

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Legend with the last and extreme values, so that a series is known by more than its colour."""
        legend = _legend(["lastNotNull"], table=False) if self.legend else {
            "displayMode": "hidden", "placement": "bottom", "showLegend": False, "calcs": []}  # fmt: skip
        return {"legend": legend, "tooltip": _TOOLTIP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat(Panel):
    """One number, or one for each column."""

    width: int = 4
    height: int = 4
    #: A coloured background; the number stays readable.
    filled: bool = False
    kind: ClassVar[str] = "stat"

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Large number, small name."""
        return {
            "colorMode": "background" if self.filled else "value", "graphMode": "none", "justifyMode": "center",
            "textMode": "auto", "wideLayout": True, "orientation": "auto", "percentChangeColorMode": "standard",
            "showPercentChange": False, "reduceOptions": {**_ONE_VALUE, "fields": "/.*/"},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Panel):
    """A value between two ends with its limits; one for each row of the answer."""

    width: int = 8
    kind: ClassVar[str] = "gauge"

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Every row its own gauge, with the thresholds' values written on."""
        return {
            "reduceOptions": {"values": True, "calcs": [], "fields": "", "limit": 12}, "orientation": "auto",
            "showThresholdLabels": True, "showThresholdMarkers": True, "sizing": "auto", "minVizWidth": 90,
            "minVizHeight": 90,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Panel):
    """Rows and columns."""

    sort: tuple[str, bool] | None = None
    kind: ClassVar[str] = "table"

    def options(self, language: Language) -> Json:
        """Small cells; sorted where asked, descending if the second is true."""
        options: Json = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0}
        if self.sort:
            name, descending = self.sort
            shown = self.columns[name].title.get(language) if name in self.columns else name
            options["sortBy"] = [{"displayName": shown, "desc": descending}]
        return options

    def custom(self) -> Json:
        """Text to the left, numbers to the right; columns can be searched."""
        return {"align": "auto", "filterable": True, "cellOptions": {"type": "auto"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoMap(Panel):
    """Stations on a map: columns longitude, latitude, one that colours and one that labels."""

    height: int = 16
    value: str = "level"
    label: str = "label"
    kind: ClassVar[str] = "geomap"

    def options(self, language: Language) -> Json:
        """Markers coloured by the value and labelled with its text, fitted to the data."""
        style: Json = {
            "color": {"field": self.value, "fixed": "#5c5c5c"}, "opacity": 0.9,
            "size": {"field": self.value, "fixed": 8, "min": 7, "max": 16},
            "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
            "text": {"mode": "field", "field": self.label, "fixed": ""},
            "textConfig": {"fontSize": 11, "offsetX": 0, "offsetY": 16, "textAlign": "center",
                           "textBaseline": "middle"},
        }  # fmt: skip
        layer = {
            "type": "markers", "name": self.title.get(language), "tooltip": True,
            "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
            "config": {"showLegend": True, "style": style},
        }  # fmt: skip
        return {
            "basemap": {"type": "default", "name": "basemap", "config": {}}, "layers": [layer],
            "view": {"id": "fit", "lat": 0, "lon": 0, "zoom": 9, "padding": 20, "allLayers": True},
            "controls": {"showZoom": True, "mouseWheelZoom": False, "showAttribution": True, "showScale": True},
            "tooltip": {"mode": "details"},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTimeline(Panel):
    """What state each row was in over time: columns time, metric, value."""

    kind: ClassVar[str] = "state-timeline"
    format: ClassVar[Literal["table", "time_series"]] = "time_series"

    def custom(self) -> Json:
        """Nearly opaque, so that the text within stays readable."""
        return {"fillOpacity": 85, "lineWidth": 0}

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Equal neighbours are one bar; the value is written within."""
        return {
            "mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.85,
            "legend": _legend([], table=False), "tooltip": {"mode": "single", "sort": "none"},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart(Panel):
    """Bars by a name in the first column, one for each further column."""

    x: str = "name"
    horizontal: bool = True
    stacked: bool = False
    kind: ClassVar[str] = "barchart"

    def custom(self) -> Json:
        """Filled bars from zero."""
        return {"fillOpacity": 80, "lineWidth": 0, "axisSoftMin": 0}

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Values are written on the bars."""
        return {
            "xField": self.x, "orientation": "horizontal" if self.horizontal else "vertical",
            "stacking": "normal" if self.stacked else "none", "showValue": "auto", "barWidth": 0.8, "groupWidth": 0.75,
            "barRadius": 0, "fullHighlight": False, "xTickLabelMaxLength": 24, "xTickLabelRotation": 0,
            "legend": _legend([], table=False), "tooltip": _TOOLTIP,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap(Panel):
    """A row a name, a cell a time, darker is more: columns time, metric, value."""

    kind: ClassVar[str] = "heatmap"
    format: ClassVar[Literal["table", "time_series"]] = "time_series"
    #: Cividis is read alike with and without colour blindness.
    scheme: str = "Cividis"

    def options(self, language: Language) -> Json:  # noqa: ARG002
        """Cells as they come, not counted."""
        unit = {"unit": self.unit} if self.unit else {}
        return {
            "calculate": False, "cellGap": 1, "showValue": "auto", "legend": {"show": True},
            "color": {"mode": "scheme", "scheme": self.scheme, "steps": 64, "reverse": True, "fill": "dark-blue",
                      "scale": "linear", "exponent": 0.5},
            "yAxis": {"axisPlacement": "left", "reverse": False}, "cellValues": unit,
            "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": False},
            "exemplars": {"color": "rgba(255,0,255,0.7)"}, "rowsFrame": {"layout": "auto"},
            "filterValues": {"le": -1e300},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Panel):
    """Words of ours, in Markdown."""

    content: Words
    width: int = 24
    height: int = 3
    kind: ClassVar[str] = "text"

    def options(self, language: Language) -> Json:
        """Rendered as Markdown."""
        return {"mode": "markdown", "content": self.content.get(language)}
