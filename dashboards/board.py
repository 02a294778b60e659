"""Rows of panels, variables, annotations and links, laid out without overlap, as Grafana's classic JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dashboards import languages
from dashboards.crops import spoken
from dashboards.panel import Json, Panel
from dashboards.words import Language, Words

#: Classic schema; Grafana 11 writes 39, 12 and 13 load it and migrate upwards.
SCHEMA_VERSION = 39
#: Columns of Grafana's grid.
COLUMNS = 24
#: The department's data source, and everybody else's.
INSIDE, OUTSIDE = "nongvu-chart", "nongvu-chart-public"
TAG = "nongvu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the top of a board, filled by SQL that returns __text and __value."""

    name: str
    label: Words
    sql: str
    many: bool = False

    def build(self, source: str, language: Language) -> Json:
        """Grafana's JSON of the variable."""
        everything = Words("every.all").get(language)
        chosen = {"selected": True, "text": [everything], "value": ["$__all"]}
        current = {"current": chosen} if self.many else {}
        return {
            "type": "query", "name": self.name, "label": self.label.get(language), "query": spoken(self.sql, language),
            "datasource": {"type": "grafana-postgresql-datasource", "uid": source},
            "refresh": 1, "sort": 0, "multi": self.many, "includeAll": self.many, "hide": 0, "options": [],
            **current, "regex": "", "skipUrlSync": False,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Marks on every time axis: columns time, timeend, text, tags."""

    name: Words
    sql: str
    color: str

    def build(self, source: str, language: Language) -> Json:
        """Grafana's JSON of the annotation query."""
        reference = {"type": "grafana-postgresql-datasource", "uid": source}
        target = {
            "refId": "Anno", "datasource": reference, "editorMode": "code", "format": "table", "rawQuery": True,
            "rawSql": spoken(self.sql, language),
        }  # fmt: skip
        return {
            "name": self.name.get(language), "datasource": reference, "enable": True, "hide": False,
            "iconColor": self.color, "target": target,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """Panels side by side under a heading; they wrap to further lines of equal height."""

    title: Words | None
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board, once for all languages."""

    name: str
    title: Words
    description: Words
    bands: tuple[Band, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    #: What is shown at first, up to now.
    span: str = "now-7d"
    refresh: str = "5m"
    source: str = INSIDE
    tags: tuple[str, ...] = ()

    def uid(self, language: Language) -> str:
        """Grafana's uid: stable, named for people."""
        return f"nongvu-{self.name.replace('_', '-')}-{language}"

    def panels(self) -> Iterator[Panel]:
        """Every panel, in the order of reading."""
        for band in self.bands:
            yield from band.panels

    def build(self, language: Language) -> Json:
        """Grafana's JSON of the board in a language."""
        variables = [variable.build(self.source, language) for variable in self.variables]
        return {
            "uid": self.uid(language), "title": self.title.get(language),
            "description": self.description.get(language), "tags": [TAG, language, *self.tags],
            "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": True, "graphTooltip": 1,
            "fiscalYearStartMonth": 0,
            "timezone": "Asia/Ho_Chi_Minh", "weekStart": "monday", "liveNow": False, "refresh": self.refresh,
            "time": {"from": self.span, "to": "now"}, "timepicker": {}, "links": self._links(language),
            "templating": {"list": [*variables, _page(language)]},
            "annotations": {"list": [mark.build(self.source, language) for mark in self.annotations]},
            "panels": [*self._laid_out(language)],
        }  # fmt: skip

    def _laid_out(self, language: Language) -> Iterator[Json]:
        """Panels from left to right and top to bottom; a line is as high as its highest panel."""
        number, y = 1, 0
        for band in self.bands:
            if band.title:
                yield heading(number, y, band.title.get(language))
                number, y = number + 1, y + 1
            for line in lines(band.panels):
                height, x = max(panel.height for panel in line), 0
                for panel in line:
                    position = {"x": x, "y": y, "w": panel.width, "h": height}
                    yield panel.build(number, position, self.source, language)
                    number, x = number + 1, x + panel.width
                y += height

    def _links(self, language: Language) -> list[Json]:
        """To the other boards, to this one in every other language, to the farmers' page."""
        keep = {"keepTime": True, "includeVars": True}
        boards = _link(Words("every.other_boards").get(language), "", keep, tags=[TAG, language])
        others = [(code, name) for code, name in languages.SHELF.names.items() if code != language]
        twins = [_link(name, f"/d/{self.uid(code)}", keep) for code, name in others]
        page = _link(Words("every.farmers_page").get(language), "${page}", {}, new=True)
        return [*twins, page] if self.source == OUTSIDE else [boards, *twins, page]


def lines(panels: tuple[Panel, ...]) -> Iterator[list[Panel]]:
    """Panels that fit side by side."""
    line: list[Panel] = []
    for panel in panels:
        if sum(placed.width for placed in line) + panel.width > COLUMNS:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line


def heading(number: int, y: int, title: str) -> Json:
    """A row's title; its panels follow it on the board itself."""
    return {
        "id": number, "type": "row", "title": title, "collapsed": False, "panels": [],
        "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
    }  # fmt: skip


def _link(title: str, url: str, keep: dict[str, Any], *, tags: list[str] | None = None, new: bool = False) -> Json:
    return {
        "title": title, "url": url, "type": "dashboards" if tags else "link", "tags": tags or [],
        "asDropdown": bool(tags), "icon": "external link", "tooltip": "", "targetBlank": new,
        "keepTime": False, "includeVars": False, **keep,
    }  # fmt: skip


def lead_to(page: str, built: Json) -> Json:
    """A built board whose links lead to the farmers' page at this address."""
    for variable in built["templating"]["list"]:
        if variable["name"] == "page":
            variable |= {"query": page, "current": {"text": page, "value": page, "selected": True}}
    return built


def _page(language: Language) -> Json:
    """Address of the farmers' page; `lead_to` sets another."""
    address = "http://localhost:8080"
    return {
        "type": "constant", "name": "page", "label": Words("every.farmers_page").get(language), "hide": 2,
        "query": address, "current": {"text": address, "value": address, "selected": True}, "skipUrlSync": True,
        "options": [],
    }  # fmt: skip
