"""``nongvu subscriber``: people who get messages, their consent, and their rights over their data."""

# ruff: noqa: PLC0415 — a command loads only what it needs

from __future__ import annotations

import json as jsonlib
from base64 import b64encode
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from notify.commands.notify import moment, read_text
from notify.languages import OFFICIAL, SHELF
from store.audit import record
from store.settings import connect
from store.subscriber import listed, record_of

app = typer.Typer(no_args_is_help=True, add_completion=False, help="People who get messages, and their consent.")

Json = Annotated[bool, typer.Option("--json", help="For machines.")]
Number = Annotated[int, typer.Argument(help="The subscriber's number, as 'list' shows it.")]
At = Annotated[str | None, typer.Option(help="When, ISO 8601; now if absent.")]


_LANGUAGES = f"{', '.join(f'{code} ({name})' for code, name in SHELF.names.items())}."


@app.callback()
def subscriber() -> None:
    """People who get messages, and their consent."""


@app.command()
def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="Phone in any local form, e-mail, https:// webhook or apprise URL.")],
    place: Annotated[list[str], typer.Option(help="Code of a commune, farm, ...; may be repeated.")],
    consent: Annotated[
        str, typer.Option(help="How they agreed: paper, sms, web, ...; without it they get nothing.")
    ] = "",
    consent_at: Annotated[
        str, typer.Option(help="When they agreed, 2026-01-20 or 20/01/2026; needed of who had withdrawn.")
    ] = "",
    kind: Annotated[str, typer.Option(help="phone, email, webhook or chat.")] = "phone",
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    audience: Annotated[str, typer.Option(help="farmer, officer, radio, technician, ...")] = "farmer",
    language: Annotated[str, typer.Option(help=_LANGUAGES)] = OFFICIAL,
    accents: Annotated[bool, typer.Option(help="Whether the phone shows accents.")] = True,
    minimum_level: Annotated[int, typer.Option(help="Lowest level they want to hear of.")] = 1,
    hazard: Annotated[list[str] | None, typer.Option(help="Only these hazards; may be repeated.")] = None,
    crop: Annotated[list[str] | None, typer.Option(help="Only these crops.")] = None,
    animal: Annotated[list[str] | None, typer.Option(help="Only these animals.")] = None,
    bulletin: Annotated[list[str] | None, typer.Option(help="daily, ten_day.")] = None,
    quiet: Annotated[str, typer.Option(help="Quiet hours, e.g. 21:00-05:00.")] = "",
    urgent_level: Annotated[int, typer.Option(help="From this level quiet hours and cap do not hold.")] = 3,
    daily_cap: Annotated[int, typer.Option(help="Most messages in 24 hours.")] = 10,
    time_zone: Annotated[str, typer.Option(help="Of the quiet hours.")] = "Asia/Ho_Chi_Minh",
    secret: Annotated[str, typer.Option(envvar="NONGVU_WEBHOOK_SECRET", help="Of a webhook; signs what it gets.")] = "",
    at: At = None,
    json: Json = False,
) -> None:
    """Add a person, or bring up to date the one who has this address: only what is given changes, places are added."""
    from pydantic import ValidationError

    from notify.people.subscriber import Person, SubscriberError, problems
    from notify.people.subscriber import add as put

    quiet_from, _, quiet_to = quiet.partition("-")
    given: dict[str, Any] = {
        "address": address, "places": tuple(place), "consent_channel": consent, "kind": kind, "name": name,
        "audience": audience, "language": language, "accents": accents, "minimum_level": minimum_level,
        "hazards": tuple(hazard or ()), "crops": tuple(crop or ()), "animals": tuple(animal or ()),
        "bulletins": tuple(bulletin or ()), "quiet_from": quiet_from, "quiet_to": quiet_to,
        "urgent_level": urgent_level,
        "daily_cap": daily_cap, "time_zone": time_zone, "secret": secret, "consent_at": consent_at,
    }  # fmt: skip
    said = {name for name in context.params if _typed(context, name)}
    said |= {"quiet_from", "quiet_to"} if quiet else set()
    names = {"hazards": "hazard", "crops": "crop", "animals": "animal", "bulletins": "bulletin"}
    always = {"address", "places", "consent_channel", "kind"}
    try:
        person = Person.model_validate(
            {key: value for key, value in given.items() if key in always or names.get(key, key) in said}
        )
        with connect("subscriber") as connection:
            number, new = put(connection, person, moment(at), "command")
            record(connection, "subscriber.add" if new else "subscriber.update", str(number))
    except ValidationError as error:
        raise typer.BadParameter(problems(error)) from error
    except SubscriberError as error:
        raise typer.BadParameter(str(error)) from error
    done = {"subscriber": number, "new": new, "consent": bool(consent)}
    typer.echo(jsonlib.dumps(done) if json else f"subscriber {number} {'added' if new else 'brought up to date'}")
    if not consent:
        typer.echo("without --consent they get no messages", err=True)


@app.command(name="list")
def list_(
    state: Annotated[str | None, typer.Option(help="active, stopped or erased; all if absent.")] = None,
    json: Json = False,
) -> None:
    """List subscribers; numbers are masked."""
    from notify.delivery.phone import mask

    with connect("subscriber") as connection:
        found = listed(connection, state=state)
        record(connection, "subscriber.list", state or "all", count=len(found))
    people = [replace(person, address=mask(person.address) if person.address else "") for person in found]
    if json:
        shown = [{name: value for name, value in asdict(person).items() if name != "name"} for person in people]
        typer.echo(jsonlib.dumps(shown, ensure_ascii=False, default=str))
        return
    if not people:
        typer.echo("nobody yet: nongvu subscriber add")
    for person in people:
        agreed = "agreed" if person.consent_given_at else "no consent"
        typer.echo(
            f"{person.id:>6}  {person.state:<8} {person.address:<18} {person.audience:<10} "
            f"{person.language}  level {person.minimum_level}+  {agreed:<10}  {' '.join(person.places)}"
        )


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header; see docs/messages.md.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only.")] = False,
    at: At = None,
    json: Json = False,
) -> None:
    """Add or bring up to date the people of a CSV file; rows that are wrong are named and left out."""
    from notify.people.subscriber import Person, SubscriberError, WithdrawnError, rows
    from notify.people.subscriber import add as put

    counts = {"added": 0, "updated": 0, "withdrawn": 0, "erased": 0}
    wrong: list[str] = []
    alone: list[str] = []
    try:
        people = list(rows(read_text(file), file.name))
    except SubscriberError as error:
        raise typer.BadParameter(str(error)) from error
    with connect("subscriber") as connection:
        for line, row in people:
            if not isinstance(row, Person):
                wrong.append(f"line {line}: {row}")
                continue
            try:
                _, new = put(connection, row, moment(at), "import")
                counts["added" if new else "updated"] += 1
            except WithdrawnError as error:
                counts["erased" if error.erased else "withdrawn"] += 1
                alone.append(f"line {line}: {error.reason}")
            except SubscriberError as error:
                wrong.append(f"line {line}: {error}")
        if dry_run:
            connection.rollback()
        else:
            record(connection, "subscriber.import", file.name, **counts, wrong=len(wrong))
    _imported(counts, wrong, alone, json=json)


def _imported(counts: dict[str, int], wrong: list[str], alone: list[str], *, json: bool) -> None:
    """Say what came of a file; rows that are wrong make it fail, people left alone do not."""
    said = f"{counts['added']} added, {counts['updated']} updated, {len(wrong)} wrong"
    for word, why in (("withdrawn", "had withdrawn"), ("erased", "was erased")):
        if counts[word]:
            said += f", {counts[word]} left alone because the person {why}"
    answer = counts | {"wrong": wrong, "left_alone": alone}
    typer.echo(jsonlib.dumps(answer, ensure_ascii=False) if json else said)
    for problem in wrong + ([] if json else alone):
        typer.echo(problem, err=True)
    if alone and not json:
        typer.echo("left alone: only their own word, or a row with a later consent_at, brings them back", err=True)
    if wrong:
        raise typer.Exit(1)


@app.command()
def export(number: Number) -> None:
    """Print everything kept about a person, as JSON: their right; audited."""
    with connect("subscriber") as connection:
        found = listed(connection, subscriber=number)
        if not found:
            typer.echo(f"there is no subscriber {number}", err=True)
            raise typer.Exit(1)
        kept = record_of(connection, number)
        record(connection, "subscriber.export", str(number))
    answer = {"subscriber": asdict(found[0])} | asdict(kept)
    answer["said"] = [asdict(one) | {"payload": readable(one.payload)} for one in kept.said]
    typer.echo(jsonlib.dumps(answer, ensure_ascii=False, default=str, indent=2))


@app.command()
def stop(
    number: Number,
    channel: Annotated[str, typer.Option(help="How they said so.")] = "office",
    at: At = None,
) -> None:
    """Withdraw a person's consent: nothing more is sent to them."""
    from notify.people.subscriber import stop as end

    with connect("subscriber") as connection:
        changed = end(connection, number, moment(at), channel)
        if changed:
            record(connection, "subscriber.stop", str(number))
    _said(changed, number, "gets nothing more")


@app.command()
def leave(
    number: Number,
    place: Annotated[list[str], typer.Option(help="Code of the place; may be repeated.")],
) -> None:
    """Take places away from a person; who is to get nothing at all is stopped instead."""
    from notify.people.subscriber import leave as take_away

    with connect("subscriber") as connection:
        gone = take_away(connection, number, place)
        if gone:
            record(connection, "subscriber.leave", str(number), places=place)
    if not gone:
        typer.echo(f"subscriber {number} has none of these places", err=True)
        raise typer.Exit(1)
    typer.echo(f"subscriber {number} hears no more of {', '.join(place)}")


@app.command()
def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    at: At = None,
) -> None:
    """Erase what leads to a person; the history of alerts stays under a number that leads to nobody."""
    from notify.people.subscriber import erase as forget

    if not yes:
        typer.confirm(f"Erase subscriber {number} for good?", abort=True)
    with connect("subscriber") as connection:
        changed = forget(connection, number, moment(at), "office")
        if changed:
            record(connection, "subscriber.erase", str(number))
    _said(changed, number, "was erased")


def _typed(context: typer.Context, name: str) -> bool:
    """Whether an option was given, not left at its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def readable(payload: bytes) -> str:
    """What a provider handed on, as text; as base64 where it is none."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    return "base64:" + b64encode(payload).decode() if "\0" in text else text


def _said(changed: bool, number: int, what: str) -> None:
    if not changed:
        typer.echo(f"there is no subscriber {number}, or it was erased", err=True)
        raise typer.Exit(1)
    typer.echo(f"subscriber {number} {what}")
