"""Commands of `nongvu rule`."""

import asyncio
import getpass
import json
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from analytics.index import Step
from analytics.lacks import when_unknown
from analytics.rule import Rule, Status, changed_terms, own_terms
from analytics.rules import BY_NAME, RULES
from analytics.run.questions.preview import NoPreview, Preview, preview
from store import rule_setting
from store.settings import connect_async
from telemetry.unknown import words

app = typer.Typer(help="Alert rules: list, check, preview, set.", no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="The rule, as 'nongvu rule list' names it.")]
Place = Annotated[str, typer.Option("--place", help="Code of the area: it holds for everything below.")]
Enter = Annotated[list[float] | None, typer.Option("--enter", help="Threshold of each level, lowest level first.")]
Leave = Annotated[
    list[float] | None, typer.Option("--leave", help="Where each level is left; moves with --enter if absent.")
]
Inclusive = Annotated[bool | None, typer.Option("--inclusive/--exclusive", help="Whether the threshold itself counts.")]
Enabled = Annotated[bool | None, typer.Option("--on/--off", help="Switch the rule on or off there.")]
Json = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command("list")
def list_rules(*, as_json: Json = False) -> None:
    """Say which rules there are, their numbers, and whether those were verified."""
    if as_json:
        typer.echo(json.dumps([_row(rule) for rule in RULES], ensure_ascii=False))
        return
    for rule in RULES:
        numbers = ", ".join(f"{level.enter:g}" for level in rule.levels)
        state = rule.status.value if rule.status is not Status.UNVERIFIED else f"{rule.status.value}, off"
        typer.echo(f"{rule.name:<20} {rule.pack:<10} {state:<16} {numbers:>16} {rule.unit:<6} {rule.title['vi']}")


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "title": dict(rule.title),
        "pack": rule.pack,
        "status": rule.status.value,
        "on": rule.status is not Status.UNVERIFIED,
        "enter": [level.enter for level in rule.levels],
        "leave": [level.leave for level in rule.levels],
        "unit": rule.unit,
        "source": rule.source,
        "unknown": when_unknown(rule),
    }


@app.command()
def check(*, as_json: Json = False) -> None:
    """Check every area's settings; exit code 1 if one is impossible."""
    problems = _run(_check())
    if as_json:
        typer.echo(json.dumps(problems, ensure_ascii=False))
    else:
        for problem in problems:
            typer.echo(f"{problem['place']}, {problem['rule']}: {problem['problem']}")
        typer.echo(f"{len(problems)} problems")
    if problems:
        raise typer.Exit(1)


@app.command("preview")
def preview_rule(
    name: Name,
    place: Place,
    enter: Enter = None,
    leave: Leave = None,
    inclusive: Inclusive = None,
    enabled: Enabled = None,
    days: Annotated[int, typer.Option(min=1, help="Days of history to look at.")] = 365,
    last: Annotated[
        datetime | None, typer.Option("--last", formats=["%Y-%m-%d"], help="Last day; today if absent.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what changed numbers would have meant over the past, beside the rule's own."""
    rule, values = _rule(name), _values(enter, leave, inclusive, enabled)
    found = _run(_preview(rule, place, values, days, last.date() if last else datetime.now(UTC).date()))
    typer.echo(json.dumps(found.plain(), ensure_ascii=False) if as_json else _told(found))


@app.command("set")
def set_rule(
    name: Name,
    place: Place,
    enter: Enter = None,
    leave: Leave = None,
    inclusive: Inclusive = None,
    enabled: Enabled = None,
    valid_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="UTC day from which it holds; now if absent."),
    ] = None,
    who: Annotated[str | None, typer.Option(help="Who decides; your user name if absent.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the preview.")] = False,
) -> None:
    """Change a rule's numbers for an area: previewed, dated, audited, computed again."""
    rule, values = _rule(name), _values(enter, leave, inclusive, enabled)
    now = datetime.now(UTC)
    try:
        typer.echo(_told(_run(_preview(rule, place, values, 365, now.date()))))
    except NoPreview as error:
        typer.echo(str(error))
    if not yes:
        typer.confirm("Set it?", abort=True)
    moment = valid_from.replace(tzinfo=UTC) if valid_from else now
    _run(_set(rule, place, values, moment, f"command:{who or getpass.getuser()}", now))
    typer.echo(f"{rule.name} is set for {place} from {moment:%Y-%m-%d %H:%M} UTC")


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except (rule_setting.UnknownPlace, NoPreview) as error:
        raise _refused(str(error)) from None


def _refused(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


def _rule(name: str) -> Rule:
    if name not in BY_NAME:
        raise _refused(f"there is no rule {name!r}: see 'nongvu rule list'")
    return BY_NAME[name]


def _values(
    enter: list[float] | None,
    leave: list[float] | None,
    inclusive: bool | None,
    enabled: bool | None,
) -> dict[str, Any]:
    given = {"enter": enter or None, "leave": leave or None, "inclusive": inclusive, "enabled": enabled}
    return {key: value for key, value in given.items() if value is not None}


def _terms(rule: Rule, values: dict[str, Any]) -> Any:
    try:
        return changed_terms(rule, values)
    except ValueError as error:
        raise _refused(str(error)) from None


async def _check() -> list[dict[str, str]]:
    problems = []
    async with connect_async("rule", autocommit=True) as connection:
        for one in await rule_setting.given(connection):
            try:
                if one.rule in BY_NAME:
                    changed_terms(BY_NAME[one.rule], one.values)
                    continue
                says = "there is no such rule any more"
            except ValueError as error:
                says = str(error)
            problems.append({"rule": one.rule, "place": one.code, "from": one.valid_from.isoformat(), "problem": says})
    return problems


async def _preview(rule: Rule, code: str, values: dict[str, Any], days: int, last: date) -> Preview:
    terms = _terms(rule, values)
    async with connect_async("rule", autocommit=True) as connection:
        places = await rule_setting.area(connection, code)
        first = last - timedelta(days=days - 1)
        return await preview(connection, rule, places, first, last, own_terms(rule), terms)


async def _set(rule: Rule, code: str, values: dict[str, Any], moment: datetime, who: str, now: datetime) -> None:
    _terms(rule, values)
    async with connect_async("rule", autocommit=True) as connection:
        await rule_setting.add(connection, rule.name, code, values, moment, who, now)


def _told(found: Preview) -> str:
    span = f"{found.first} to {found.last}, {found.days_with_data} place-days with data"
    lines = [f"{found.rule}: {found.places} places, {span}"]
    for word, outcome in (("as it is", found.now), ("changed", found.then)):
        days = ", ".join(f"level {level}: {count}" for level, count in outcome.days.items()) or "none"
        counts = f"{outcome.episodes} episodes at {outcome.places} places, longest {outcome.longest_days} d"
        lines.append(f"  {word:<9} {counts}; days {days}")
    if found.counted == "days" and BY_NAME[found.rule].step in (Step.HOUR, Step.GRID):
        lines.append("  counted by days: by the hour there are more alerts; fewer places or days are followed by it")
    if found.days_unknown:
        lines.append(f"  not known  {found.days_unknown} place-days: no level could be seen in them")
    for one in found.unjudged:
        how = "judged by what is certain alone" if one["holds"] else "not judged"
        why = words(one["reason"], one["lacks"], "en")
        lines.append(f"  {how:<9} {one['places']} places today: {why} ({', '.join(one['some'])})")
    if found.unmeasured:
        lines.append(f"  no sensor  at {found.unmeasured} places")
    return "\n".join(lines)
