"""Maps, bars, gauges, tables, numbers and words of a board, as SVG and HTML without scripts."""

from __future__ import annotations

import math
import re
from html import escape
from itertools import pairwise
from typing import Any

from dashboards import palette
from dashboards.kinds import BarChart, Gauge, GeoMap, Stat, Table, Text
from dashboards.preview import say
from dashboards.preview.ask import Answer
from dashboards.preview.axis import Frame, Scale, round_ticks
from dashboards.preview.figures import line, svg, text
from dashboards.words import Language, Words

_NORTH, _EAST = Words("preview.north"), Words("preview.east")


def geo_map(panel: GeoMap, answer: Answer, frame: Frame, language: Language) -> str:
    """Points at their longitude and latitude, the level in every marker; no outline, since none is invented."""
    rows = [dict(zip(answer.names, row, strict=True)) for row in answer.rows]
    west, east = min(row["longitude"] for row in rows), max(row["longitude"] for row in rows)
    south, north = min(row["latitude"] for row in rows), max(row["latitude"] for row in rows)
    # a degree of longitude is shorter by the cosine of the latitude
    narrow = math.cos(math.radians((south + north) / 2))
    width, height = frame.width - 130, frame.height - 110
    per_degree = min(width / max((east - west) * narrow, 0.05), height / max(north - south, 0.05))
    middle = frame.width / 2, frame.height / 2 - 22
    half_width, half_height = (east - west) / 2 * narrow * per_degree, (north - south) / 2 * per_degree
    x = Scale(west, east, middle[0] - half_width, middle[0] + half_width)
    y = Scale(south, north, middle[1] + half_height, middle[1] - half_height)
    body: list[str] = []
    labels: list[tuple[float, float, str]] = []
    points = [(x(row["longitude"]), y(row["latitude"])) for row in rows]
    for tick in round_ticks(west - 0.2, east + 0.2, 6):
        if 30 < x(tick) < frame.width - 20:
            body.append(line(x(tick), 0, x(tick), frame.height))
            body.append(text(x(tick) + 3, 12, f"{tick:.1f}{_EAST.get(language)}", "tick"))
    for tick in round_ticks(south - 0.2, north + 0.2, 6):
        if 20 < y(tick) < frame.height - 30:
            body.append(line(0, y(tick), frame.width, y(tick)))
            body.append(text(3, y(tick) - 3, f"{tick:.1f}{_NORTH.get(language)}", "tick"))
    for row, at in zip(rows, points, strict=True):
        level = int(row[panel.value] or 0)
        light = "light" if level >= 4 else ""
        body.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{10 + level}" class="dot"'
            f' fill="{palette.LEVEL_COLORS[level]}"/>'
        )
        body.append(text(at[0], at[1] + 4, str(level) if level else "·", f"mark mid {light}"))
        labels.append((at[0], at[1] + 26 + level, escape(str(row[panel.label]))))
    body += _apart(labels, points)
    key = "".join(
        f'<span><b class="key" style="background:{shown["color"]}"></b> {shown["text"]}</span>'
        for shown in palette.levels(language)[0]["options"].values()
    )
    return svg(Frame(frame.width, frame.height - 22), "".join(body)) + f'<div class="legend">{key}</div>'


def _apart(labels: list[tuple[float, float, str]], points: list[tuple[float, float]]) -> list[str]:
    """Labels under their points, else over them; one that finds no room is left out: the point says the level."""
    taken = [(x, y, 12.0, 12.0) for x, y in points]
    made = []
    for (x, low, words), (_, y) in zip(labels, points, strict=True):
        half = 3.1 * len(words)
        for at in (low, 2 * y - low + 10):
            others = (place for place in taken if place[:2] != (x, y))
            if all(abs(x - px) > half + pw or abs(at - 4 - py) > 6 + ph for px, py, pw, ph in others):
                taken.append((x, at - 4, half, 6.0))
                made.append(text(x, at, words, "place mid"))
                break
    return made


def bar_chart(panel: BarChart, answer: Answer, frame: Frame, language: Language) -> str:
    """Horizontal bars; the value stands at or in each."""
    names = [name for name in answer.names if name != panel.x]
    colors = {
        name: panel.columns[name].color if name in panel.columns and panel.columns[name].color else palette.SERIES[k]
        for k, name in enumerate(names)
    }
    rows = answer.rows[: max(1, int((frame.height - 30) / 22))]
    values = [[float(value or 0) for value in row[1:]] for row in rows]
    most = max((sum(row) if panel.stacked else max(row) for row in values), default=0) or 1
    frame = Frame(frame.width, frame.height - 20, left=200, right=80)
    scale = Scale(0, most, frame.left, frame.width - frame.right)
    height = min(34.0, frame.inner_height / max(1, len(rows)))
    body = []
    for place, (row, numbers) in enumerate(zip(rows, values, strict=True)):
        top = frame.top + place * height
        title, _ = say.cell(panel, panel.x, row[0], language) if panel.x in panel.columns else (escape(str(row[0])), "")
        body.append(
            text(frame.left - 8, top + height / 2 + 4, title if len(title) <= 30 else f"{title[:29]}…", "tick end")
        )
        body.append(_bar_row(panel, dict(zip(names, numbers, strict=True)), colors, scale, top, height, language))
    key = "".join(
        f'<span><b class="key" style="background:{colors[n]}"></b> {say.title(panel, n, language)}</span>'
        for n in names
    )
    return svg(frame, "".join(body)) + f'<div class="legend">{key}</div>'


def _bar_row(
    panel: BarChart,
    numbers: dict[str, float],
    colors: dict[str, str],
    scale: Scale,
    top: float,
    height: float,
    language: Language,
) -> str:
    made, base = [], 0.0
    each = (height - 4) / (1 if panel.stacked else len(numbers))
    for place, (name, value) in enumerate(numbers.items()):
        y = top + 2 + (0 if panel.stacked else place * each)
        left, width = scale(base), scale(base + value) - scale(base)
        if panel.stacked and not value:
            continue
        made.append(
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{each - 1:.1f}" fill="{colors[name]}"/>'
        )
        words, _ = say.said(value, panel.unit, panel.decimals, "", language)
        if panel.stacked:
            base += value
            if width > 8 * len(words):
                made.append(text(left + width / 2, y + each / 2 + 4, words, "state mid onbar"))
        elif each > 6:
            made.append(text(left + width + 4, y + each / 2 + 3.2, words, "small" if each > 11 else "least"))
    if panel.stacked:
        words, _ = say.said(base, panel.unit, panel.decimals, "", language)
        made.append(text(scale(base) + 5, top + height / 2 + 4, words, "small"))
    return "".join(made)


def gauge(panel: Gauge, answer: Answer, frame: Frame, language: Language) -> str:
    """Half circles from least to most, thresholds at the rim, the value within."""
    rows = answer.rows[:8]
    width = min(190.0, frame.width / max(1, len(rows)))
    low, high = panel.minimum or 0, panel.maximum or 100
    made = []
    for place, row in enumerate(rows):
        name, value = str(row[0]), float(row[-1])
        middle, foot, radius = width * (place + 0.5), frame.height * 0.68, min(width * 0.4, frame.height * 0.52)
        edges = [
            low,
            *(step["value"] for step in (panel.thresholds or {"steps": []})["steps"] if "value" in step),
            high,
        ]
        for k, (start, end) in enumerate(pairwise(edges)):
            color = panel.thresholds["steps"][k]["color"] if panel.thresholds else palette.BLUE
            made.append(_arc(middle, foot, radius, (start - low) / (high - low), (end - low) / (high - low), color, 5))
        color = say.threshold_color(panel, value) or palette.BLUE
        made.append(_arc(middle, foot, radius - 10, 0, min(max((value - low) / (high - low), 0.01), 1), color, 13))
        words, _ = say.said(value, panel.unit, panel.decimals, "", language)
        made += [text(middle, foot - 4, words, "number mid"), text(middle, foot + 18, escape(name)[:26], "tick mid")]
    return svg(frame, "".join(made))


def _arc(x: float, y: float, radius: float, start: float, end: float, color: str, width: float) -> str:
    a, b = math.pi * (1 - start), math.pi * (1 - end)
    ends = (x + radius * math.cos(a), y - radius * math.sin(a), x + radius * math.cos(b), y - radius * math.sin(b))
    return (
        f'<path d="M{ends[0]:.1f} {ends[1]:.1f} A{radius:.1f} {radius:.1f} 0 0 1 {ends[2]:.1f} {ends[3]:.1f}"'
        f' fill="none" stroke="{color}" stroke-width="{width}"/>'
    )


def table(panel: Table, answer: Answer, frame: Frame, language: Language) -> str:
    """As many rows as there is room for, and how many more there are."""
    hidden = {name for name, column in panel.columns.items() if column.hidden} | {"station"}
    places = [k for k, name in enumerate(answer.names) if name not in hidden]
    room = max(1, int((frame.height - 30) / 25))
    rows = list(answer.rows)
    if panel.sort and panel.sort[0] in answer.names:
        at = answer.names.index(panel.sort[0])
        rows.sort(key=lambda row: (row[at] is None, -(row[at] or 0) if panel.sort and panel.sort[1] else row[at] or 0))
    head = "".join(f"<th>{say.title(panel, answer.names[k], language)}</th>" for k in places)
    body = "".join(
        "<tr>" + "".join(_cell(panel, answer.names[k], row[k], language) for k in places) + "</tr>"
        for row in rows[:room]
    )
    more = f'<div class="more">+ {len(rows) - room}</div>' if len(rows) > room else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(panel: Table, name: str, value: Any, language: Language) -> str:
    words, color = say.cell(panel, name, value, language)
    words = "" if value is None else words
    column = panel.columns.get(name)
    number = "num" if isinstance(value, int | float) and not color else ""
    if column and column.bar and value is not None:
        share = min(max((float(value) - column.bar[0]) / (column.bar[1] - column.bar[0]), 0), 1)
        return f'<td class="bar"><b style="width:{share * 60:.0f}%"></b> {words}</td>'
    if color:
        light = "color:#fff;" if color in {palette.LEVEL_COLORS[4], palette.LEVEL_COLORS[5]} else ""
        return f'<td><em style="background:{color};{light}">{words}</em></td>'
    link = f"<u>{words}</u>" if column and column.link else words
    return f'<td class="{number}">{link}</td>'


def stat(panel: Stat, answer: Answer, frame: Frame, language: Language) -> str:
    """A large number in its colour, or on it."""
    value = answer.rows[0][-1] if answer.rows else None
    words, color = say.cell(panel, answer.names[-1], value, language)
    color = color or (say.threshold_color(panel, float(value)) if value is not None else "") or "#333"
    light = color in {palette.LEVEL_COLORS[4], palette.LEVEL_COLORS[5]}
    style = f"background:{color};color:{'#fff' if light else '#1b1b1b'}" if panel.filled else f"color:{color}"
    size = min(44.0, frame.height * 0.5, 1.45 * frame.width / max(4, len(words)))
    return f'<div class="stat" style="{style};font-size:{size:.0f}px">{words}</div>'


def words(panel: Text, language: Language) -> str:
    """Markdown's bold and paragraphs; no more is used on the boards."""
    made = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(panel.content.get(language)))
    return f'<p class="words">{made}</p>'
