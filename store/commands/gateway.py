"""Commands ``nongvu gateway``: register gateways, give them stations, see how they are."""

import getpass
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg.rows import DictRow, TupleRow

from store import gateway as gateways
from store.gateway_remarks import remarks
from store.settings import GatewaySettings, connect
from telemetry.broker import address
from telemetry.dynamic_security import BrokerRefusedError, Control
from telemetry.settings import read
from telemetry.topics import API_GATEWAY

app = typer.Typer(help="Gateways and the stations they send for.", no_args_is_help=True, add_completion=False)

NO_BROKER = (
    "name the broker and its administrator: NONGVU_MQTT_URL, NONGVU_MQTT_ADMIN;"
    " under 'nongvu up' delete the gateway's file in its folder 'secrets' instead, and a new password is made"
)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def who() -> str:
    """Who types, for the audit."""
    return f"command:{getpass.getuser()}"


def fail(error: Exception) -> typer.Exit:
    """Say what is wrong and end with 1."""
    typer.echo(str(error), err=True)
    return typer.Exit(1)


def _administer(work: Callable[[Control], str | None]) -> str | None:
    """Do something at the broker, where one with an administrator was named; None where not."""
    settings = read(GatewaySettings)
    if settings.mqtt_url is None or settings.mqtt_admin is None:
        return None
    where = address(settings.mqtt_url, settings.mqtt_admin, authority=settings.mqtt_authority,
                    certificate=settings.mqtt_certificate, key=settings.mqtt_key)  # fmt: skip
    with Control(where) as control:
        return work(control)


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
            taken = [(one, gateways.give(connection, code, one)) for one in station or ()]
            gateways.audit(connection, who(), "gateway add", code, {"stations": station or []})
            password = None if code in known else _administer(lambda control: control.put_gateway(code))
    except (gateways.GatewayError, BrokerRefusedError, psycopg.Error) as error:
        raise fail(error) from error
    typer.echo(f"gateway {code} sends for {', '.join(station or ()) or 'no station yet'}")
    for one, former in taken:
        if former:
            typer.echo(f"{one} was {former}'s until now: what that one still sends for it is set aside")
    if password:
        typer.echo(f"its password, shown only now: {password}")


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
        typer.echo(
            f"{row['code']}  {_state(row)}  stations {', '.join(row['stations']) or '-'}"
            f"  waiting {row['waiting'] or 0}  missing packs {row['missing_packs']}"
            f"  declared dropped {row['declared_dropped']}"
        )
        for remark in remarks(row["status"]):
            typer.echo(f"  note: {remark}")


def _state(row: DictRow) -> str:
    if row["code"] == API_GATEWAY:  # it has no line of its own, and may send for every station
        return "takes readings posted to the API"
    return "revoked" if row["revoked"] else {"true": "online", "false": "offline"}.get(row["online"], "never seen")


@app.command()
def rotate(code: Annotated[str, typer.Argument(help="Gateway that gets a new password.")]) -> None:
    """Give a gateway a new password at the broker; it stays connected to nothing with the old one."""
    try:
        with connect("gateway") as connection:
            _known(connection, code)
            password = _administer(lambda control: control.rotate(code))
            if password is None:
                raise gateways.GatewayError(NO_BROKER)
            gateways.audit(connection, who(), "gateway rotate", code)
    except (gateways.GatewayError, BrokerRefusedError, psycopg.Error) as error:
        raise fail(error) from error
    typer.echo(f"its password, shown only now: {password}")


@app.command()
def revoke(
    code: Annotated[str, typer.Argument(help="Gateway to shut out.")],
    undo: Annotated[bool, typer.Option("--undo", help="Admit it again, with a new password.")] = False,
) -> None:
    """Shut a gateway out: its connection ends at once, and what it may have under way is set aside."""
    try:
        with connect("gateway") as connection:
            _known(connection, code)
            password = _administer(lambda control: control.put_gateway(code) if undo else control.revoke(code))
            gateways.revoke(connection, code, undo=undo)
            gateways.audit(connection, who(), "gateway restore" if undo else "gateway revoke", code)
    except (gateways.GatewayError, BrokerRefusedError, psycopg.Error) as error:
        raise fail(error) from error
    typer.echo(f"gateway {code} is {'admitted again' if undo else 'shut out'}")
    if password:
        typer.echo(f"its password, shown only now: {password}")


@app.command()
def command(
    code: Annotated[str, typer.Argument(help="Gateway to order something.")],
    action: Annotated[str, typer.Argument(help="read_now, restart or set_relay.")],
    argument: Annotated[list[str] | None, typer.Option(help="name=value; may be repeated.")] = None,
    minutes: Annotated[float, typer.Option(help="After so many minutes it is not carried out any more.", min=0.1)] = 10,
    wait: Annotated[float, typer.Option(help="Wait so many seconds for what became of it.", min=0)] = 0,
) -> None:
    """Order something of a gateway: carried out at most once, and never late; with --wait, 0 means done."""
    now = datetime.now(UTC)
    try:
        with connect("gateway") as connection:
            _known(connection, code)
            id_ = gateways.order(
                connection, code, action, _arguments(argument), who(), now, now + timedelta(minutes=minutes)
            )
    except (gateways.GatewayError, psycopg.Error) as error:
        raise fail(error) from error
    typer.echo(f"ordered {action}: {id_}; 'nongvu gateway orders {code}' tells what became of it")
    if wait and not _became(id_, wait):
        raise typer.Exit(1)


def _became(id_: str, seconds: float) -> bool:
    """Say what became of an order within a time; whether it was done."""
    end = time.monotonic() + seconds
    with connect("gateway") as connection:
        connection.autocommit = True
        while (said := gateways.outcome(connection, id_)) is None and time.monotonic() < end:
            time.sleep(0.3)
    outcome, detail = said or ("no answer yet", f"nothing within {seconds:g} s")
    typer.echo(f"{outcome}  {detail}".rstrip())
    return outcome == "done"


@app.command()
def orders(code: Annotated[str, typer.Argument(help="Gateway.")], as_json: Json = False) -> None:
    """What became of orders and configurations, newest first."""
    try:
        with connect("gateway") as connection:
            _known(connection, code)
            rows = gateways.orders(connection, code, datetime.now(UTC))
    except gateways.GatewayError as error:
        raise fail(error) from error
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=1, default=str)
        typer.echo()
        return
    for row in rows:
        typer.echo(f"{row['at']:%F %T}  {row['what']}  {row['outcome'] or 'waiting'}  {row['detail']}")


@app.command()
def configure(
    code: Annotated[str, typer.Argument(help="Gateway.")],
    file: Annotated[Path, typer.Argument(help="Its configuration (TOML).", exists=True, dir_okay=False)],
) -> None:
    """Give a gateway a configuration; it says whether it took it ('nongvu gateway orders')."""
    try:
        with connect("gateway") as connection:
            _known(connection, code)
            revision = gateways.configure(connection, code, file.read_text(encoding="utf-8"), who(), datetime.now(UTC))
    except (gateways.GatewayError, psycopg.Error, UnicodeDecodeError) as error:
        raise fail(error) from error
    typer.echo(f"revision {revision} is wanted of gateway {code}")


def _known(connection: psycopg.Connection[TupleRow], code: str) -> None:
    if not gateways.listed(connection, code):
        raise gateways.GatewayError(f"no gateway {code!r}: see 'nongvu gateway list'")


def _arguments(pairs: list[str] | None) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in pairs or ():
        name, equals, text = pair.partition("=")
        if not equals:
            raise gateways.GatewayError(f"{pair!r}: write arguments as name=value")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
