"""Commands ``nongvu key``: add, list, rotate and revoke API keys."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import psycopg
import typer

from store import access
from store.settings import connect

app = typer.Typer(help="API keys.", no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def _tell(key: access.Key, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"prefix": key.prefix, "key": key.text}))
        return
    typer.echo(key.text)
    typer.echo("This is shown once: only its hash is kept.", err=True)


@app.command()
def add(
    account: Annotated[str, typer.Argument(help="Whose key: its roles bound what the key may do.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(access.RIGHTS)}; read if absent.")] = None,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Ends after so many days.")] = 365,
    per_minute: Annotated[int, typer.Option(min=1, help="Most requests a minute.")] = 600,
    per_day: Annotated[int, typer.Option(min=1, help="Most requests a day.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Make a key and show it once."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    try:
        with connect("key") as connection:
            key = access.add_key(
                connection,
                account,
                label=label,
                scopes=scope,
                per_minute=per_minute,
                per_day=per_day,
                expires_at=expires,
            )
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    _tell(key, as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List keys by their prefix."""
    with connect("key") as connection:
        rows = access.listed(connection, "keys")
    if as_json:
        json.dump(rows, sys.stdout, default=str)
        return
    if not rows:
        typer.echo("no key yet: nongvu key add")
    for row in rows:
        state = "revoked" if row["revoked_at"] else f"until {row['expires_at'] or 'for ever'}"
        typer.echo(f"{row['prefix']}  {row['account']}  {','.join(row['scopes'])}  {state}  {row['label']}")


@app.command()
def rotate(
    prefix: Annotated[str, typer.Argument(help="Of the old key.")],
    overlap: Annotated[int, typer.Option(min=0, help="Days for which the old key still holds.")] = 7,
    as_json: Json = False,
) -> None:
    """Make a new key in the place of another, which holds for a while yet."""
    try:
        with connect("key") as connection:
            key = access.rotate_key(connection, prefix, datetime.now(UTC) + timedelta(days=overlap))
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    _tell(key, as_json)


@app.command()
def revoke(prefix: Annotated[str, typer.Argument(help="Of the key.")]) -> None:
    """End a key at once."""
    try:
        with connect("key") as connection:
            access.revoke_key(connection, prefix)
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"revoked {prefix}")
