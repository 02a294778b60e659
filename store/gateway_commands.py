"""Commands ``nongvu gateway``: register gateways, give them stations, see how they are."""

import getpass
import json
import sys
from typing import Annotated

import psycopg
import typer

from store import gateway as gateways
from store.settings import connect

app = typer.Typer(help="Gateways and the stations they send for.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def who() -> str:
    """Who types, for the audit."""
    return f"command:{getpass.getuser()}"


def fail(error: Exception) -> typer.Exit:
    """Say what is wrong and end with 1."""
    typer.echo(str(error), err=True)
    return typer.Exit(1)


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="Short and lasting: a-z, 0-9, '-'.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    station: Annotated[list[str] | None, typer.Option(help="Station it sends for; may be repeated.")] = None,
) -> None:
    """Register a gateway and give it stations; one that is there already gets further stations."""
    try:
        with connect("gateway") as connection:
            known = {row["code"] for row in gateways.listed(connection, code)}
            if code not in known:
                gateways.add(connection, code, name)
            elif not station:
                raise gateways.GatewayError(f"gateway {code!r} is there already")
            for one in station or ():
                gateways.give(connection, code, one)
            gateways.audit(connection, who(), "gateway add", code, {"stations": station or []})
    except (gateways.GatewayError, psycopg.Error) as error:
        raise fail(error) from error
    typer.echo(f"gateway {code} sends for {', '.join(station or ()) or 'no station yet'}")


@app.command("list")
def list_(
    code: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
    as_json: Json = False,
) -> None:
    """List gateways: stations, last status, packs that never came, readings they had to drop."""
    with connect("gateway") as connection:
        rows = gateways.listed(connection, code)
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1, default=str)
        typer.echo()
        return
    for row in rows:
        state = "revoked" if row["revoked"] else {"true": "online", "false": "offline"}.get(row["online"], "never seen")
        typer.echo(
            f"{row['code']}  {state}  stations {', '.join(row['stations']) or '-'}"
            f"  waiting {row['waiting'] or 0}  missing packs {row['missing_packs']}"
            f"  declared dropped {row['declared_dropped']}"
        )
