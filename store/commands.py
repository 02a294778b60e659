"""Commands ``nongvu store``: bring the tables up to date and check them."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from store import backup as copies
from store.check import check as look
from store.migrate import MigrationError
from store.migrate import migrate as run
from store.roles import ROLES, RoleError, put_user
from store.settings import StoreSettings, connect
from telemetry.settings import read

app = typer.Typer(help="The tables.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def migrate(
    post: Annotated[
        bool, typer.Option("--post", help="Also what the version before cannot bear: when all its processes are gone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring the schema up to date; harmless to repeat, and to processes of the version before, but for --post."""
    try:
        done = run(read(StoreSettings).database_url, post=post)
    except (MigrationError, psycopg.Error) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if as_json:
        json.dump({"migrated": done}, sys.stdout)
        typer.echo()
        return
    for name in done:
        typer.echo(f"ran {name}")
    typer.echo("the schema is up to date")


@app.command()
def check(as_json: Json = False) -> None:
    """Look for what is wrong in the tables; exit code 1 where something is."""
    with connect("check", autocommit=True) as connection:
        findings = look(connection, read(StoreSettings).database_url)
    if as_json:
        json.dump([finding.as_dict() for finding in findings], sys.stdout, ensure_ascii=False, indent=1, default=str)
        typer.echo()
    else:
        for finding in findings:
            typer.echo(f"{finding.grade:<6} {finding.subject}: {finding.says}")
    if any(finding.grade == "wrong" for finding in findings):
        raise typer.Exit(1)


@app.command()
def user(
    name: Annotated[str, typer.Argument(help="Login user to make, or to give a new password.")],
    role: Annotated[str, typer.Argument(help=", ".join(ROLES))],
) -> None:
    """Make a login user of one least role; prints its password, once."""
    try:
        with connect("user") as connection:
            password = put_user(connection, name, role)
    except (RoleError, psycopg.Error) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(password)


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    program: Annotated[str | None, typer.Option(help="pg_dump, if it is not on the path.")] = None,
) -> None:
    """Write one consistent copy of everything; the platform goes on working meanwhile."""
    try:
        size = copies.backup(read(StoreSettings).database_url, file, program=program)
    except (copies.BackupError, psycopg.Error, OSError) as error:
        raise _fail(error) from error
    typer.echo(f"{file}: {size / 2**20:.1f} MiB")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy that 'backup' wrote.", exists=True, dir_okay=False)],
    program: Annotated[str | None, typer.Option(help="pg_restore, if it is not on the path.")] = None,
) -> None:
    """Put a copy back into an empty database, then bring its schema up to date."""
    url = read(StoreSettings).database_url
    try:
        copies.restore(url, file, program=program)
        run(url)
    except (copies.BackupError, MigrationError, psycopg.Error, OSError) as error:
        raise _fail(error) from error
    typer.echo("restored; 'nongvu store check' looks it over")


@app.command("drop-chunks")
def drop_chunks(
    older_than: Annotated[int, typer.Option(help="Days of event time to keep.", min=400)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only says what would go.")] = False,
) -> None:
    """Drop raw readings older than so many days (rollups stay); for the Apache edition and for whoever wants to."""
    with connect("drop-chunks", autocommit=True) as connection:
        limit = datetime.now(UTC) - timedelta(days=older_than)
        rows = connection.execute("SELECT show_chunks('reading', older_than => %s)::text", [limit]).fetchall()
        if yes:
            connection.execute("SELECT drop_chunks('reading', older_than => %s)", [limit])
    verb = "dropped" if yes else "would drop"
    typer.echo(f"{verb} {len(rows)} chunks of readings before {limit:%F}")
