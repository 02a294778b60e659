"""Commands ``nongvu place``: add, import and list places, and say which stations speak for a field."""

import json
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from store import gateway as gateways
from store import place as places
from store.geojson import from_geojson
from store.property import PropertyError, checked, known, parsed, show
from store.season import SeasonError, day
from store.settings import connect

app = typer.Typer(help="Provinces, communes, farms, fields, stations.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="Short and lasting: a-z, 0-9, '-'.")],
    kind: Annotated[str, typer.Argument(help=", ".join(places.KINDS))],
    name: Annotated[str, typer.Argument(help="What people call it.")],
    parent: Annotated[str | None, typer.Option(help="Code of the place it lies in.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees east.")] = None,
    latitude: Annotated[float | None, typer.Option(help="Degrees north.")] = None,
    elevation: Annotated[float | None, typer.Option(help="Metres above mean sea level.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "Asia/Ho_Chi_Minh",
    gateway: Annotated[str | None, typer.Option(help="Of a station: the gateway that sends for it.")] = None,
    given: Annotated[list[str] | None, typer.Option("--property", help="name=value, as often as wanted.")] = None,
) -> None:
    """Add one place."""
    try:
        typed = parsed(given or ())
        with connect("place") as connection:
            numbers = checked(known(connection, "place"), typed, f"place {code}")
            place = places.Place(code, kind, name, parent, longitude, latitude, elevation, time_zone, None, numbers)
            places.add(connection, place)
            if gateway:
                gateways.give(connection, gateway, code)
    except (places.PlaceError, gateways.GatewayError, PropertyError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"added {kind} {code}")


@app.command("set")
def set_(
    code: Annotated[str, typer.Argument(help="Code of the place.")],
    given: Annotated[list[str], typer.Argument(metavar="NAME=VALUE…", help="NAME= takes it away.")],
) -> None:
    """Give numbers that only people know of a place and all below it; what hangs on them is computed anew."""
    try:
        typed = parsed(given)
        with connect("place") as connection:
            numbers = checked(known(connection, "place"), typed, f"place {code}")
            places.change(connection, code, numbers)
    except (places.PlaceError, PropertyError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{code}: {', '.join(given)}")


@app.command()
def end(
    code: Annotated[str, typer.Argument(help="Code of the station.")],
    on: Annotated[str | None, typer.Option(help="Its last day, e.g. 2015-12-31.")] = None,
    again: Annotated[bool, typer.Option("--again", help="It reports again: forget that it ended.")] = False,
) -> None:
    """Say that a station reports no more: its silence is no alarm, its readings stay."""
    if (on is None) != again:
        typer.echo("give --on <day>, or --again", err=True)
        raise typer.Exit(2)
    try:
        with connect("place") as connection:
            places.end(connection, code, day(on) if on else None)
    except (places.PlaceError, SeasonError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{code}: ended on {on}" if on else f"{code}: reports again")


@app.command("properties")
def properties(as_json: Json = False) -> None:
    """List what can be said of a place, with units and limits."""
    with connect("place") as connection:
        show(known(connection, "place"), as_json=as_json)


@app.command("import")
def import_(
    file: Annotated[
        Path | None, typer.Argument(help="CSV (code,kind,name,parent,… and properties) or GeoJSON.", exists=True)
    ] = None,
    register: Annotated[str | None, typer.Option(help=f"Published register: {', '.join(places.REGISTERS)}.")] = None,
) -> None:
    """Import places, all or none; those already there are brought up to date."""
    if (file is None) == (register is None):
        typer.echo("give a file or --register, one of them", err=True)
        raise typer.Exit(2)
    try:
        if register is not None:
            found = list(places.register(register))
        elif file is not None and file.suffix.lower() in {".json", ".geojson"}:
            found = list(from_geojson(file))
        else:
            found = list(places.from_csv(file)) if file else []
        with connect("place") as connection:
            found = places.with_numbers(connection, places.distinct(found), strict=file is not None)
            count = places.put_all(connection, found)
    except (psycopg.Error, OSError, ValueError) as error:
        raise _fail(error) from error
    typer.echo(f"imported {count} places")


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    below: Annotated[str | None, typer.Option(help="Only this place and what lies in it.")] = None,
    as_json: Json = False,
) -> None:
    """List places as the tree they are."""
    with connect("place") as connection:
        rows = places.listed(connection, kind, below)
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1)
        typer.echo()
        return
    for row in rows:
        typer.echo(f"{'  ' * (row['depth'] - 1)}{row['code']}  {row['kind']}  {row['name']}")


@app.command()
def feed(
    place: Annotated[str, typer.Argument(help="Field, barn, pond, ….")],
    station: Annotated[str, typer.Argument(help="Station whose sensors speak for it.")],
    quantity: Annotated[str | None, typer.Option(help="Only this quantity.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day on; always, where it is not given.")] = None,
    until: Annotated[str | None, typer.Option(help="No more from this day on.")] = None,
) -> None:
    """Say which station's sensors speak for a place; again when it has got new ones, harmless to repeat."""
    if since and until:
        typer.echo("give --since or --until, one of them", err=True)
        raise typer.Exit(2)
    try:
        with connect("place") as connection:
            if until:
                count = places.unfeed(connection, place, station, day(until), quantity)
            else:
                count = places.feed(connection, place, station, quantity, day(since) if since else None)
    except (places.PlaceError, SeasonError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{count} datastreams {'speak no more' if until else 'more speak'} for {place}")
