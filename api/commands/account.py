"""Commands ``nongvu account``: people and programs, and their roles at places."""

import json
import sys
from typing import Annotated

import psycopg
import typer

from store import access
from store.settings import connect

app = typer.Typer(help="Accounts and roles.", no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Name = Annotated[str, typer.Argument(help="Of the account: a-z, 0-9, '.', '_', '-'.")]
Role = Annotated[str, typer.Argument(help=", ".join(access.ROLES))]
Place = Annotated[str | None, typer.Option(help="Code of the place; everywhere if absent.")]
#: NIST SP 800-63B §5.1.1.2 asks for 8; an account here can warn a province.
SHORTEST_PASSWORD = 12


def _fail(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def _hash(password: str) -> str:
    from argon2 import PasswordHasher  # noqa: PLC0415

    if len(password) < SHORTEST_PASSWORD:
        raise access.AccessError(f"a password has at least {SHORTEST_PASSWORD} characters")
    return PasswordHasher().hash(password)


def _password() -> str:
    """Password asked for at the terminal, or the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


@app.command()
def add(
    name: Name,
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    with_password: Annotated[bool, typer.Option("--password", help="Ask for one; else only keys and tokens.")] = False,
    issuer: Annotated[str | None, typer.Option(help="OIDC issuer.")] = None,
    subject: Annotated[str | None, typer.Option(help="OIDC subject at that issuer.")] = None,
) -> None:
    """Add an account; it may do nothing until it has a role."""
    try:
        password = _hash(_password()) if with_password else None
        with connect("account") as connection:
            access.add_account(connection, name, title, password=password, issuer=issuer, subject=subject)
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"added {name}")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List accounts with their roles."""
    with connect("account") as connection:
        rows = access.listed(connection, "accounts")
    if as_json:
        json.dump(rows, sys.stdout, default=str)
        return
    if not rows:
        typer.echo("no account yet: nongvu account add")
    for row in rows:
        state = " disabled" if row["disabled"] else ""
        typer.echo(f"{row['name']}{state}  {' '.join(row['roles'])}  {row['title']}")


@app.command()
def password(name: Name) -> None:
    """Set a new password; ends every session and a lock."""
    _change(name, "set_password", "password set", password=_hash_or_fail())


def _hash_or_fail() -> str:
    try:
        return _hash(_password())
    except access.AccessError as error:
        raise _fail(error) from error


@app.command()
def disable(name: Name) -> None:
    """Let nobody in by this account: no password, key, token or session."""
    _change(name, "set_disabled", "account disabled", disabled=True)


@app.command()
def enable(name: Name) -> None:
    """Undo `disable`, or a lock after wrong passwords."""
    _change(name, "set_disabled", "account enabled", disabled=False)


def _change(name: str, statement: str, action: str, **values: object) -> None:
    try:
        with connect("account") as connection:
            access.change(connection, name, statement, action, **values)
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{action}: {name}")


@app.command()
def grant(name: Name, role: Role, place: Place = None) -> None:
    """Give a role at a place and all below it."""
    try:
        with connect("account") as connection:
            access.grant(connection, name, role, place)
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{name} is {role} at {place or 'every place'}")


@app.command()
def withdraw(name: Name, role: Role, place: Place = None) -> None:
    """Take a role back."""
    try:
        with connect("account") as connection:
            access.withdraw(connection, name, role, place)
    except (access.AccessError, psycopg.Error) as error:
        raise _fail(error) from error
    typer.echo(f"{name} is no longer {role} at {place or 'every place'}")
