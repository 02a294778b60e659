"""What an operator types after ``nongvu ingest``."""

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from telemetry.reason import Reason
from telemetry.settings import DatabaseSettings, read

app = typer.Typer(help="From the wire into the tables.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.callback()
def main() -> None:
    """From the wire into the tables."""


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def _print(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=str)
    typer.echo()


@app.command()
def run() -> None:
    """Take packs from the broker into the tables until told to stop (SIGTERM ends it cleanly)."""
    from ingest.run import run as work  # noqa: PLC0415 — the other commands need none of it
    from ingest.settings import IngestSettings  # noqa: PLC0415
    from ingest.subscription import SlotTakenError  # noqa: PLC0415
    from telemetry.process import configure_log  # noqa: PLC0415
    from telemetry.process import run as until_stopped  # noqa: PLC0415

    settings = read(IngestSettings)
    configure_log(settings)
    try:
        until_stopped(work(settings))
    except SlotTakenError as error:
        raise _fail(error) from error


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="TOA5, WeatherLink, CSV or Excel.", exists=True, dir_okay=False)],
    station: Annotated[str | None, typer.Option(help="Code of the station; or in the column map.")] = None,
    map_: Annotated[Path | None, typer.Option("--map", help="Column map (TOML).", exists=True)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be stored, and write nothing.")] = False,
    create: Annotated[bool, typer.Option("--create", help="Make datastreams that are missing.")] = False,
    as_json: Json = False,
) -> None:
    """Import history; a file that was broken off goes on where it stopped, one that is in already changes nothing."""
    import psycopg  # noqa: PLC0415 — pandas and the database only where they are needed

    from ingest import history  # noqa: PLC0415
    from ingest.conversion import ConversionError  # noqa: PLC0415
    from ingest.file_clock import HistoryError  # noqa: PLC0415
    from ingest.logger_file import LoggerFileError  # noqa: PLC0415

    try:
        wanted = history.read_map(map_)
        code = station or wanted.station
        if code is None:
            typer.echo("which station? give --station, or station = … in the column map", err=True)
            raise typer.Exit(2)
        work = [history.Import(file, wanted, code, datetime.now(UTC)) for file in files]
        summaries = [_look(one) if dry_run else asyncio.run(_store(one, create=create, quiet=as_json)) for one in work]
    except (HistoryError, LoggerFileError, ConversionError, psycopg.Error, OSError) as error:
        raise _fail(error) from error
    if as_json:
        _print([asdict(summary) for summary in summaries])
    else:
        for summary in summaries:
            _say(summary, dry_run=dry_run)
    wrong = [text for summary in summaries if (text := history.useless(summary))]
    if wrong:
        typer.echo("\n".join(wrong), err=True)
        raise typer.Exit(1)


def _look(work: Any) -> Any:
    for _ in work.pieces():
        pass
    return work.summary


async def _store(work: Any, *, create: bool, quiet: bool) -> Any:
    from ingest import history  # noqa: PLC0415
    from store.pool import durable  # noqa: PLC0415
    from store.settings import connect_async  # noqa: PLC0415

    with typer.progressbar(length=0, label=work.path.name, file=sys.stderr, show_eta=False, hidden=quiet) as bar:

        def progress(rows: int) -> None:
            bar.label = f"{work.path.name}: {rows:,} rows"
            bar.update(0)

        async with connect_async("import") as connection:
            await durable(connection)
            await connection.commit()
            return await history.store(work, connection, create=create, progress=progress)


def _say(summary: Any, *, dry_run: bool) -> None:
    span = f", {summary.first:%F %R} … {summary.last:%F %R} UTC" if summary.first else ""
    typer.echo(f"{summary.file}: {summary.kind}, {summary.rows:,} rows{span}")
    if summary.wrong_times:
        typer.echo(f"  {summary.wrong_times:,} rows have no usable time, the first is {summary.wrong_time!r}")
    for name, tally in summary.columns.items():
        typer.echo(
            f"  {name} → {tally.datastream} [{tally.unit}]: {tally.rows:,} values"
            f"{f' {tally.least:g} … {tally.most:g}' if tally.rows else ''},"
            f" {tally.missing:,} missing, {tally.outside:,} outside what is physically possible"
        )
    if summary.ignored:
        typer.echo(f"  not read: {', '.join(summary.ignored)}")
    if dry_run:
        typer.echo("  nothing was written")
    else:
        typer.echo(f"  stored {summary.stored:,}, repeated {summary.repeated:,}, in conflict {summary.conflicts:,}")
        if summary.skipped_pieces:
            typer.echo(f"  {summary.skipped_pieces:,} pieces of this very file were in already")


@app.command()
def forecast(
    file: Annotated[Path, typer.Argument(help="Open-Meteo or GFS-style JSON, or CSV.", exists=True, dir_okay=False)],
    place: Annotated[str, typer.Option(help="Code of the place it is for.")],
    issued: Annotated[datetime | None, typer.Option(help="When it was issued (UTC), if the file does not say.")] = None,
    source: Annotated[str, typer.Option(help="Who made it.")] = "",
) -> None:
    """Take in a weather forecast for a place."""
    import psycopg  # noqa: PLC0415

    from ingest.forecast import ForecastError  # noqa: PLC0415
    from ingest.forecast import read as read_forecast  # noqa: PLC0415
    from store import forecast as shelf  # noqa: PLC0415
    from store.settings import connect_async  # noqa: PLC0415

    async def put(found: Any, moment: datetime) -> int | None:
        async with connect_async("forecast") as connection:
            return await shelf.put(connection, place, moment, found.source, found.values)

    try:
        found = read_forecast(file.read_bytes(), source=source)
        if not found.values:
            raise ForecastError(f"{file.name}: no value that is known and possible; 'nongvu ingest forecast --help'")
        moment = issued.replace(tzinfo=UTC) if issued else found.reference_time
        if moment is None:
            typer.echo("the file does not say when it was issued: give --issued", err=True)
            raise typer.Exit(2)
        count = asyncio.run(put(found, moment))
    except (ForecastError, psycopg.Error, OSError) as error:
        raise _fail(error) from error
    if count is None:
        raise _fail(ValueError(f"no place {place!r}: see 'nongvu place list'"))
    typer.echo(f"{count} of {len(found.values)} values are new, issued {moment.isoformat()}")


@app.command()
def aside(
    gateway: Annotated[str | None, typer.Option(help="Only of this gateway.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    everything: Annotated[bool, typer.Option("--all", help="Also what was stored since.")] = False,
    payload: Annotated[bool, typer.Option("--payload", help="With the bytes, as hexadecimal.")] = False,
    as_json: Json = False,
) -> None:
    """Show what was set aside instead of stored, newest first, and why."""
    from store.aside import listed  # noqa: PLC0415
    from store.settings import connect  # noqa: PLC0415

    with connect("aside") as connection:
        rows = listed(connection, gateway, reason, limit, everything=everything)
    for row in rows:
        row["payload"] = bytes(row["payload"]).hex() if payload else f"{len(row['payload'])} bytes"
    if as_json:
        _print(rows)
        return
    for row in rows:
        state = "stored since" if row["replayed_at"] else "waiting"
        where = f"{row['gateway']} {row['boot']} {row['stream']} {row['sequence']}/{row['record']}"
        typer.echo(f"{row['id']}  {row['received_at']:%F %T}  {where}  {row['reason']}: {row['detail']}  [{state}]")
    if not rows:
        typer.echo("nothing is set aside")


@app.command("replay", hidden=True)  # its name until 0.1.0
@app.command("reprocess")
def reprocess_(
    gateway: Annotated[str | None, typer.Option(help="Only of this gateway.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Only what was set aside for this reason.")] = None,
) -> None:
    """Try what was set aside once more, its cause being gone; what waits for a registration needs none of it."""
    import psycopg  # noqa: PLC0415

    from ingest.directory import Directory  # noqa: PLC0415
    from ingest.pipeline import State  # noqa: PLC0415
    from ingest.registry import Registry  # noqa: PLC0415
    from ingest.reprocess import again  # noqa: PLC0415
    from store.pool import pool  # noqa: PLC0415
    from store.reading import HighWater  # noqa: PLC0415
    from store.settings import connect_async  # noqa: PLC0415
    from telemetry.clock import RealClock  # noqa: PLC0415

    settings = read(DatabaseSettings)

    async def work() -> tuple[int, int]:
        state = State(Directory(), HighWater(), RealClock(), settings.oldest)
        async with connect_async("reprocess"):  # a pool would wait half a minute for a database that is away
            pass
        async with pool(settings.database_url, name="ingest-reprocess", least=1, most=2) as connections:
            await Registry(connections, state, frozenset()).load()
            return await again(connections, state, gateway, reason)

    try:
        cured, left = asyncio.run(work())
    except (psycopg.Error, OSError) as error:
        raise _fail(error) from error
    typer.echo(f"{cured} entries are stored now, {left} still wait (nongvu ingest aside says why)")
