"""Commands ``nongvu season``: what is sown where, and what is known of it."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import psycopg
import typer
from psycopg import Connection
from psycopg.rows import TupleRow

from store import season as seasons
from store.property import PropertyError, known, parsed, show
from store.settings import connect

app = typer.Typer(help="Crops: what is sown where, until when.", no_args_is_help=True, add_completion=False)

#: What the commands refuse in words.
WRONG = (seasons.SeasonError, PropertyError, psycopg.Error, OSError, UnicodeDecodeError)
Given = Annotated[list[str] | None, typer.Option("--property", help="name=value, as often as wanted.")]


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def _note_unknown(connection: Connection[TupleRow], crops: set[str]) -> None:
    for crop, table in seasons.unknown_crops(connection, sorted(crops)).items():
        typer.echo(f"note: {crop!r} is not in the crop table ({', '.join(table)}): "
                   "only what its properties say is known of it", err=True)  # fmt: skip


@app.command()
def add(
    place: Annotated[str, typer.Argument(help="Code of the field.")],
    crop: Annotated[str, typer.Argument(help="Name in the crop table: rice_spring, maize, potato, ….")],
    sown: Annotated[str, typer.Option(help="Day of sowing or planting: 2026-02-10 or 10/02/2026.")],
    variety: Annotated[str | None, typer.Option(help="Variety, in words.")] = None,
    ended: Annotated[str | None, typer.Option(help="Last day, where it is over.")] = None,
    given: Given = None,
) -> None:
    """Say what was sown; its indices are computed from that day. Harmless to repeat."""
    try:
        last = seasons.day(ended) if ended else None
        one = seasons.Season(place, crop, seasons.day(sown), variety, last, parsed(given or ()))
        with connect("season") as connection:
            number, new = seasons.put(connection, one, known(connection, "season"))
            _note_unknown(connection, {crop})
    except WRONG as error:
        raise _fail(error) from error
    typer.echo(f"{'added' if new else 'brought up to date'}: season {number}, {crop} at {place}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: place,crop,sown[,variety,ended,properties …].", exists=True)],
) -> None:
    """Import a list of seasons, all or none; those already there are brought up to date."""
    try:
        found = list(seasons.from_csv(file))
        with connect("season") as connection:
            new, renewed = seasons.put_all(connection, found)
            _note_unknown(connection, {one.crop for one in found})
    except WRONG as error:
        raise _fail(error) from error
    typer.echo(f"{new} seasons added, {renewed} brought up to date")


@app.command("list")
def list_(
    below: Annotated[str | None, typer.Option(help="Only at this place and what lies in it.")] = None,
    crop: Annotated[str | None, typer.Option(help="Only of this crop.")] = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List seasons by place."""
    with connect("season") as connection:
        rows = seasons.listed(connection, below, crop, open_only=open_only)
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1, default=str)
        typer.echo()
        return
    for row in rows:
        known = " ".join(f"{name}={value:g}" for name, value in row["properties"].items())
        span = f"{row['sown']} … {row['ended'] or ''}".rstrip()
        typer.echo(f"{row['id']:>5}  {row['place']}  {row['crop']}  {row['variety']}  {span}  {known}".rstrip())


@app.command()
def end(
    number: Annotated[int, typer.Argument(metavar="ID", help="As 'nongvu season list' shows it.")],
    on: Annotated[str | None, typer.Option(help="Last day; today where it is not given.")] = None,
) -> None:
    """Say that a season is over: harvested, or given up."""
    try:
        last = seasons.day(on) if on else datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
        with connect("season") as connection:
            seasons.end(connection, number, last)
    except WRONG as error:
        raise _fail(error) from error
    typer.echo(f"season {number} ended on {last}")


@app.command("set")
def set_(
    number: Annotated[int, typer.Argument(metavar="ID", help="As 'nongvu season list' shows it.")],
    given: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="NAME= takes it away.")],
) -> None:
    """Give numbers that only people know of a season; it is computed anew."""
    try:
        numbers = parsed(given)
        with connect("season") as connection:
            seasons.change(connection, number, numbers)
    except WRONG as error:
        raise _fail(error) from error
    typer.echo(f"season {number}: {', '.join(given)}")


@app.command("properties")
def properties(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List what can be said of a season, with units and limits."""
    with connect("season") as connection:
        show(known(connection, "season"), as_json=as_json)
