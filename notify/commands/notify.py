"""What an operator runs, asks and mends with ``nongvu notify``."""

# ruff: noqa: PLC0415, PT028 — a command loads only what it needs; one of them is called test

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notify.languages import OFFICIAL, SHELF
from store.audit import record
from store.settings import connect

if TYPE_CHECKING:
    from notify.delivery.route import Route
    from notify.settings import NotifySettings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Alerts to people: run, preview, test, approve, queue, retry."
)

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.callback()
def notify() -> None:
    """Alerts to people: run, preview, test, approve, queue, retry."""


@app.command()
def run() -> None:
    """Take alerts' steps, group them, and send them until told to stop."""
    from notify import run as service
    from notify.delivery.phone import mask_traces
    from notify.settings import NotifySettings
    from telemetry import process
    from telemetry.settings import read

    settings = read(NotifySettings)
    process.configure_log(settings, mask_traces)
    process.run(service.run(settings, routes_or_exit(settings)))


@app.command()
def preview(
    text: Annotated[str, typer.Argument(help="The text; '-' reads it from standard input.")],
    accents: Annotated[bool, typer.Option(help="Whether the phone shows accents.")] = True,
    most: Annotated[int, typer.Option(min=1, max=10, help="Most segments.")] = 1,
    json: Json = False,
) -> None:
    """Show how a text would be sent: accents or not, segments, what each costs in signs."""
    from notify.texts.sms_segments import ALONE, PART, compose, segments, units

    written = sys.stdin.read() if text == "-" else text
    done = compose(written, accents=accents, most=most)
    parts = segments(done.text)
    used = units(done.text, done.coding)
    holds = ALONE[done.coding] if len(parts) == 1 else PART[done.coding] * len(parts)
    if json:
        answer = {"text": done.text, "coding": done.coding, "segments": len(parts), "units": used, "room": holds}
        typer.echo(jsonlib.dumps(answer, ensure_ascii=False))
        return
    typer.echo(done.text)
    typer.echo(f"-- {done.coding}, {len(parts)} segment(s), {used} of {holds}")


@app.command()
def test(
    address: Annotated[str, typer.Argument(help="Phone, e-mail, https:// webhook or apprise URL: your own.")],
    text: Annotated[str, typer.Option(help="What to say.")] = SHELF.words(OFFICIAL, "frame")["trial"],
    kind: Annotated[str, typer.Option(help="phone, email, webhook or chat.")] = "phone",
    route: Annotated[
        str | None, typer.Option(help="Only by this route; the first that serves the kind if absent.")
    ] = None,
    json: Json = False,
) -> None:
    """Hand one message over, now, by the routes of the settings, and say what came of it; nothing is stored."""
    import asyncio

    from notify.delivery.send_test import hand_over
    from notify.settings import NotifySettings
    from telemetry.settings import read

    routes = [r for r in routes_or_exit(read(NotifySettings)) if kind in r.kinds and route in {None, r.name}]
    if not routes:
        raise typer.BadParameter(f"no route{f' {route!r}' if route else ''} serves {kind}")
    try:
        done = asyncio.run(hand_over(routes[0], kind, address, text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(
        jsonlib.dumps(done, ensure_ascii=False) if json else f"{done['route']}: {done['outcome']} {done['detail']}"
    )
    if done["outcome"] != "sent":
        raise typer.Exit(1)


@app.command()
def approve(
    number: Annotated[int | None, typer.Argument(help="Number of the approval; without it all that wait.")] = None,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it.")] = False,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    at: Annotated[str | None, typer.Option(help="When, ISO 8601; now if absent.")] = None,
) -> None:
    """Decide on what waits for a person: urgent broadcasts, bulletins; who and when are kept."""
    import getpass

    from store import approval

    with connect("notify") as connection:
        if number is None:
            for one in approval.waiting_now(connection):
                now = f"now level {one.level}  " if one.level is not None else ""
                typer.echo(f"{one.id:>6}  {one.kind:<10} until {one.expires:%Y-%m-%d %H:%M}  {now}{one.title}")
            return
        state: Literal["approved", "refused"] = "refused" if refuse else "approved"
        who = f"command:{getpass.getuser()}"
        topic = approval.decide_now(connection, number, state, who, reason, moment(at))
        if topic is not None:
            record(connection, f"approval.{state}", str(number), reason=reason)
    if topic is None:
        typer.echo(f"approval {number} does not wait, has expired, or its alert is over", err=True)
        raise typer.Exit(1)
    typer.echo(f"{topic} {state}")


@app.command()
def queue(
    state: Annotated[list[str] | None, typer.Option(help="States to list; by default what has not ended well.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Most lines.")] = 50,
    json: Json = False,
) -> None:
    """List messages that wait, failed or are doubtful, and count the rest."""
    from store import delivery, message_queue

    states = state or ["queued", "held", "sending", "failed", "doubtful"]
    with connect("notify") as connection:
        counts = message_queue.count(connection)
        messages = message_queue.listed(connection, states, most)
        spent = [budget.route for budget in delivery.exhausted_now(connection)]
        strange = [
            {"route": one.route, "said": one.detail.removeprefix("not known: "), "count": one.count}
            for one in delivery.unknown_receipts_now(connection)
        ]
    if json:
        shown = [asdict(message) for message in messages]
        answer = {"counts": counts, "messages": shown, "budget_spent": spent, "unknown_receipts": strange}
        typer.echo(jsonlib.dumps(answer, ensure_ascii=False, default=str))
        return
    for route in spent:
        typer.echo(f"the budget of route {route} is used up: only what is urgent goes on", err=True)
    for one in strange:
        typer.echo(f"route {one['route']} said what is not known, {one['count']} times: {one['said']}", err=True)
    typer.echo("  ".join(f"{name} {count}" for name, count in counts.items()) or "no messages yet")
    for message in messages:
        typer.echo(
            f"{message.id:>8}  {message.state:<9} {message.about:<14} rung {message.rung}  {message.route or '-':<10} "
            f"tries {message.attempts}  {message.detail}"
        )


@app.command()
def retry(
    deliveries: Annotated[list[int], typer.Argument(help="Numbers of messages, as 'queue' shows them.")],
    json: Json = False,
) -> None:
    """Send failed or doubtful messages again; a doubtful one may arrive a second time."""
    from store import message_queue

    with connect("notify") as connection:
        again = message_queue.retry(connection, deliveries)
        if again:
            record(connection, "notify.retry", ",".join(map(str, again)))
    typer.echo(jsonlib.dumps({"queued": again}) if json else f"queued again: {', '.join(map(str, again)) or 'none'}")
    if set(again) != set(deliveries):
        typer.echo("the others are neither failed nor doubtful", err=True)
        raise typer.Exit(1)


def routes_or_exit(settings: NotifySettings) -> list[Route]:
    """Routes of the settings, or every problem on standard error and exit code 2."""
    from notify.delivery.route import RouteError, read_routes
    from telemetry.process import WRONG_SETTINGS

    try:
        return read_routes(settings.routes, settings.messages)
    except RouteError as error:
        typer.echo("The routes are wrong; nothing was started:", err=True)
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(WRONG_SETTINGS) from None


def moment(written: str | None) -> datetime:
    """Time given on the command line, or now."""
    if written is None:
        return datetime.now(UTC)
    found = datetime.fromisoformat(written)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def read_text(path: Path) -> str:
    """Text of a file as people write them: UTF-8, with or without a byte order mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{path} is not UTF-8: save it as 'CSV UTF-8 (Comma delimited)'") from error
