"""Commands ``nongvu store``: bring the tables up to date and check them."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from store import backup as copies
from store import retention
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
    older_than: Annotated[int, typer.Option(help="Days of event time to keep.", min=retention.LEAST_DAYS)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only says what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Drop raw readings older than so many days, a week at a time; rollups, indices and alerts stay."""
    limit = datetime.now(UTC) - timedelta(days=older_than)
    try:
        with connect("drop-chunks", autocommit=True) as connection:
            chunks = (retention.drop_chunks if yes else retention.old_chunks)(connection, limit)
    except psycopg.Error as error:
        raise _fail(error) from error
    if as_json:
        json.dump({"before": limit.isoformat(), "dropped": yes, "chunks": chunks}, sys.stdout)
        typer.echo()
        return
    typer.echo(f"{'dropped' if yes else 'would drop'} {len(chunks)} chunks of readings before {limit:%F}")
    if chunks and not yes:
        typer.echo("nothing is dropped yet: --yes does it")


@app.command()
def retain(
    days: Annotated[int | None, typer.Argument(help="Days of event time to keep.", min=retention.LEAST_DAYS)] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="Drop nothing any more.")] = False,
) -> None:
    """Let the database drop raw readings by itself after so many days (Community edition), or ask what is set."""
    try:
        with connect("retain", autocommit=True) as connection:
            if days is not None or for_ever:
                retention.set_policy(connection, None if for_ever else days)
            kept = retention.policy(connection)
    except (retention.RetentionError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"raw readings are kept {f'{kept.days} days' if kept else 'for ever'}; rollups for ever")
