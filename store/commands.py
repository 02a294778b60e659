"""Commands ``nongvu store``: bring the tables up to date and check them."""

import json
import sys
from typing import Annotated

import psycopg
import typer

from store.check import check as look
from store.migrate import MigrationError
from store.migrate import migrate as run
from store.roles import ROLES, RoleError, put_user
from store.settings import StoreSettings, connect
from telemetry.settings import read

app = typer.Typer(help="The tables.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the schema up to date; harmless to repeat."""
    try:
        done = run(read(StoreSettings).database_url)
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
