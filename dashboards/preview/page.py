"""A board's panels on Grafana's grid of 24 columns, as one HTML file without scripts or outside parts."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import psycopg

from dashboards.board import COLUMNS, Board, lines
from dashboards.kinds import BarChart, Gauge, GeoMap, HeatMap, Stat, StateTimeline, Table, Text, TimeSeries
from dashboards.macros import Shown
from dashboards.panel import Panel
from dashboards.preview import figures, plates
from dashboards.preview.ask import Answer, ask
from dashboards.preview.axis import Frame
from dashboards.preview.say import ZONE
from dashboards.words import NO_DATA, Language, Words

#: [px] as Grafana lays boards out: a row of 30 with 8 between, on a page this wide.
WIDTH, ROW, GAP = 1600, 30, 8
_INVENTED = Words("preview.illustration_not_measurements")

_STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def page(connection: psycopg.Connection[Any], board: Board, shown: Shown, language: Language, note: str = "") -> str:
    """HTML of a board; ``note`` stands above it where the data are not real."""
    parts = []
    for band in board.bands:
        if band.title:
            parts.append(f"<h2>{escape(band.title.get(language))}</h2>")
        for line in lines(band.panels):
            height = max(panel.height for panel in line)
            parts += [section(connection, panel, height, shown, language) for panel in line]
    title, about = (escape(words.get(language)) for words in (board.title, board.description))
    span = " – ".join(f"{moment.astimezone(ZONE):%d/%m/%Y %H:%M}" for moment in (shown.start, shown.end))
    ribbon = f'<div class="note"><b>{_INVENTED.get(language)}.</b> {escape(note)}</div>' if note else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><header><h1>{title}</h1><p>{about}</p><time>{span}</time></header>"
        f"{_choices(board, shown, language)}{ribbon}<main>{''.join(parts)}</main></body></html>\n"
    )


def _choices(board: Board, shown: Shown, language: Language) -> str:
    """What was chosen at the top of the board."""
    said = []
    for variable in board.variables:
        values = list(shown.texts.get(variable.name, shown.choices[variable.name]))
        many = len(values) > 3 and variable.many
        text = f"{len(values)} " + Words("preview.chosen").get(language) if many else ", ".join(values)
        said.append(f"{escape(variable.label.get(language))} <b>{escape(text) or '–'}</b>")
    return f'<div class="choices">{"".join(said)}</div>' if said else ""


def section(connection: psycopg.Connection[Any], panel: Panel, height: int, shown: Shown, language: Language) -> str:
    """One panel."""
    high = height * (ROW + GAP) - GAP
    wide = panel.width * (WIDTH - 2 * GAP - (COLUMNS - 1) * GAP) / COLUMNS + (panel.width - 1) * GAP
    frame = Frame(wide - 18, high - 36)
    answer = ask(connection, panel, shown, language) if panel.sql else Answer((), ())
    body = draw(panel, answer, shown, frame, language) if answer.rows or isinstance(panel, Text) else ""
    title = panel.title.get(language)
    for name, values in shown.choices.items():
        title = title.replace(f"${{{name}:text}}", ", ".join(shown.texts.get(name, values)))
    empty = f'<div class="none">{NO_DATA.get(language)}</div>'
    style = f"grid-column:span {panel.width};height:{high}px"
    return f'<section style="{style}"><h3>{escape(title)}</h3>{body or empty}</section>'


def draw(panel: Panel, answer: Answer, shown: Shown, frame: Frame, language: Language) -> str:  # noqa: PLR0911
    """The picture of a kind."""
    match panel:
        case TimeSeries():
            return figures.time_series(panel, answer, shown, frame, language)
        case StateTimeline():
            return figures.states(panel, answer, shown, frame, language)
        case HeatMap():
            return figures.heat_map(panel, answer, shown, frame, language)
        case BarChart():
            return plates.bar_chart(panel, answer, frame, language)
        case GeoMap():
            return plates.geo_map(panel, answer, frame, language)
        case Gauge():
            return plates.gauge(panel, answer, frame, language)
        case Stat():
            return plates.stat(panel, answer, frame, language)
        case Text():
            return plates.words(panel, language)
        case Table():
            return plates.table(panel, answer, frame, language)
    message = f"no picture for a panel of kind {panel.kind!r}"
    raise TypeError(message)
