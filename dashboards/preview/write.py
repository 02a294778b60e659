"""Boards as HTML files from the tables, each read in one transaction that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dashboards.board import Board
from dashboards.macros import Shown
from dashboards.preview.ask import ROLE, ROLES, choices, span, texts
from dashboards.preview.page import page
from dashboards.words import Language
from store.settings import connect


class PreviewError(Exception):
    """The tables cannot be drawn; the message says what to do."""


def write(
    url: str, boards: Sequence[Board], languages: Sequence[Language], folder: Path, *, end: datetime | None = None,
    wanted: Mapping[str, Sequence[str]] | None = None, note: str = "",
) -> Iterator[Path]:  # fmt: skip
    """Draw boards one by one and yield the files."""
    folder.mkdir(parents=True, exist_ok=True)
    with connect("dashboards", autocommit=True, url=url) as connection:
        until = end or newest(connection)
        for board in boards:
            for language in languages:
                path = folder / f"{board.uid(language)}.html"
                path.write_text(_drawn(connection, board, language, until, wanted, note), encoding="utf-8")
                yield path


def newest(connection: psycopg.Connection[Any]) -> datetime:
    """Time of the newest reading: what a preview shows up to if nothing else was said."""
    try:
        row = connection.execute("SELECT max(heard) FROM chart.station").fetchone()
    except psycopg.errors.UndefinedTable:
        message = "this database has no views in schema chart: run 'nongvu store migrate'"
        raise PreviewError(message) from None
    except psycopg.errors.InsufficientPrivilege:
        message = "this user may not read schema chart: use the owner, or a member of chart_reader"
        raise PreviewError(message) from None
    if not row or row[0] is None:
        message = "there are no readings yet: nothing to draw (or say --to)"
        raise PreviewError(message)
    found: datetime = row[0]
    return found


def _drawn(
    connection: psycopg.Connection[Any], board: Board, language: Language, end: datetime,
    wanted: Mapping[str, Sequence[str]] | None, note: str,
) -> str:  # fmt: skip
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        role = ROLES.get(board.source, ROLE)
        if connection.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role]).fetchone() == (True,):
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        shown = Shown(end - span(board), end, choices(connection, board, end, wanted))
        shown = replace(shown, texts=texts(connection, board, shown, language))
        return page(connection, board, shown, language, note)
