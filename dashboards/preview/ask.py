"""The choices at the top of a board and the rows of its panels, as Grafana would ask for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from dashboards.board import OUTSIDE, Board
from dashboards.languages import OFFICIAL
from dashboards.macros import Shown, expand
from dashboards.panel import Panel
from dashboards.words import Language

_UNITS = {"m": 60, "h": 3600, "d": 86400, "M": 30 * 86400, "y": 365 * 86400}
#: Roles that Grafana's two data sources sign in as.
ROLES = {OUTSIDE: "chart_public_reader"}
ROLE = "chart_reader"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a panel's SQL returned."""

    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    def column(self, name: str) -> list[Any]:
        """Values of one column."""
        place = self.names.index(name)
        return [row[place] for row in self.rows]


def span(board: Board) -> timedelta:
    """Length of what the board shows at first."""
    found = re.fullmatch(r"now-(\d+)([mhdMy])", board.span)
    if found is None:
        message = f"board {board.name}: cannot read the span {board.span!r}"
        raise ValueError(message)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def choices(
    connection: psycopg.Connection[Any], board: Board, end: datetime, wanted: Mapping[str, Sequence[str]] | None = None
) -> dict[str, list[str]]:
    """Values of the board's variables: all where many are allowed, else the first."""
    chosen: dict[str, list[str]] = {"page": ["http://localhost:8080"]}
    for variable in board.variables:
        shown = Shown(end - span(board), end, chosen)
        cursor = connection.execute(expand(variable.sql, shown).encode())
        names = [column.name for column in cursor.description or ()]
        values = [str(row[names.index("__value")]) for row in cursor.fetchall()]
        asked = [value for value in (wanted or {}).get(variable.name, ()) if value in values]
        chosen[variable.name] = asked or (values if variable.many else values[:1])
    return chosen


def texts(connection: psycopg.Connection[Any], board: Board, shown: Shown, language: Language) -> dict[str, list[str]]:
    """What people read of the choices."""
    read = {}
    for variable in board.variables:
        cursor = connection.execute(expand(variable.sql, shown, language).encode())
        names = [column.name for column in cursor.description or ()]
        text, value = names.index("__text"), names.index("__value")
        said = {str(row[value]): str(row[text]) for row in cursor.fetchall()}
        read[variable.name] = [said.get(each, each) for each in shown.choices[variable.name]]
    return read


def ask(connection: psycopg.Connection[Any], panel: Panel, shown: Shown, language: Language = OFFICIAL) -> Answer:
    """Rows of a panel."""
    cursor = connection.execute(expand(panel.sql, shown, language).encode())
    return Answer(tuple(column.name for column in cursor.description or ()), cursor.fetchall())
