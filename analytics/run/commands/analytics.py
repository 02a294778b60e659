"""Commands of `nongvu analytics`."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.progress import Progress

from analytics.run import worker
from analytics.run.questions import backfill as backfilling
from analytics.run.questions import plot as plotting
from analytics.run.questions import verification
from analytics.run.questions.explain import Explanation, NotExplained
from analytics.run.questions.explain import explain as explained
from analytics.run.questions.fit_heat import Fitted, NotFitted
from analytics.run.questions.fit_heat import fit_heat as fitted
from analytics.run.questions.fit_heat import said as fit_said
from analytics.run.settings import AnalyticsSettings
from store.metrics import serve_metrics
from store.rule_setting import UnknownPlace
from store.settings import connect_async
from telemetry import process
from telemetry.settings import DatabaseSettings, read

app = typer.Typer(
    help="Readings to meaning: run, backfill, explain, plot, skill, fit-heat.",
    no_args_is_help=True,
    add_completion=False,
)


#: What a person can help, in words.
_HELPED = (NotExplained, NotFitted, plotting.NotPlotted, verification.NotScored, UnknownPlace)


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """What a person can help is said in a line, with exit code 1."""
    try:
        yield
    except (
        NotExplained,
        NotFitted,
        plotting.NotPlotted,
        verification.NotScored,
        UnknownPlace,
        psycopg.Error,
        OSError,
    ) as error:
        typer.echo(str(error).strip(), err=True)
        raise typer.Exit(1) from None


@app.callback()
def _room() -> None:
    """Readings to meaning."""


@app.command()
def run() -> None:
    """Compute indices, alerts and rollups as readings come, until told to stop. Start as many as you like."""
    settings = read(AnalyticsSettings)
    if settings.clock == "replayed" and not settings.mqtt_url:
        typer.echo("NONGVU_CLOCK=replayed needs NONGVU_MQTT_URL: the clock is told over the broker", err=True)
        raise typer.Exit(2)
    process.configure_log(settings)
    serve_metrics(settings, "analytics")
    process.run(worker.run(settings))


@app.command()
def backfill(
    place: Annotated[list[str] | None, typer.Option("--place", help="Code of a place or area; all if absent.")] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day; the whole record if absent."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = 1,
    scheduler: Annotated[str | None, typer.Option(help="tcp://host:8786 of a Dask cluster.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Compute places again from a day to now; stopped, it goes on where it was when started again."""
    url, now = read(DatabaseSettings).database_url, datetime.now(UTC)
    with _plainly():
        total = asyncio.run(backfilling.begin(url, place, backfilling.start_of(first), now))
        with Progress(disable=as_json) as bar:
            task = bar.add_task("places", total=total)
            result = backfilling.run(
                url, now, workers, scheduler, lambda left: bar.update(task, completed=total - left)
            )
    if as_json:
        typer.echo(json.dumps(result))
    else:
        spent = f"{result['wall_seconds']} s, {result['cpu_seconds']} s of CPU by {result['workers']} workers"
        typer.echo(f"{result['places']} places in {spent}")
    for one in result["failed"]:
        typer.echo(f"{one['place']} could not be computed: {one['reason']}; its marks are kept", err=True)
    if result["failed"]:
        raise typer.Exit(1)


@app.command()
def explain(
    place: Annotated[str, typer.Argument(help="Code of the place.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Local day.")],
    index: Annotated[str, typer.Argument(help="Name of the index.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say how a value came about: inputs, intermediate values, equation and source."""

    async def ask() -> Explanation:
        async with connect_async("explain", autocommit=True) as connection:
            return await explained(connection, place, day.date(), index)

    with _plainly():
        found = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps(found.plain(), ensure_ascii=False))
        return
    says = "no value" if found.value is None else f"{found.value} {found.unit} ({found.method or 'one method'})"
    typer.echo(f"{found.title['vi']} / {found.title['en']}: {says}")
    typer.echo(f"  completeness {found.completeness}, at least {found.least} for a value")
    typer.echo(f"  equation     {found.equation}\n  source       {found.source}")
    for name, given in found.inputs.items():
        typer.echo(f"  from {name}: {given}")
    for name, before in found.state_before.items():
        typer.echo(f"  state {name}: {before} → {found.state_after.get(name)}")
    if found.unknown:
        typer.echo(f"  not known: {found.unknown}")
    if found.note:
        typer.echo(f"  note: {found.note}")


@app.command()
def plot(
    place: Annotated[str, typer.Argument(help="Code of the place.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day.")] = None,
    index: Annotated[list[str] | None, typer.Option(help="Only these; all with a reference if absent.")] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where the pictures go.")] = Path("plots"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Draw a season of index values, each beside the series of an independent library."""
    try:
        import matplotlib  # noqa: F401, ICN001, PLC0415 — an extra
    except ImportError:
        typer.echo("pictures need matplotlib and pyet: pip install 'nongvu[plot]'", err=True)
        raise typer.Exit(2) from None
    folder.mkdir(parents=True, exist_ok=True)
    span = plotting.season(first, last, datetime.now(UTC))

    async def draw() -> list[plotting.Picture]:
        async with connect_async("plot", autocommit=True) as connection:
            return await plotting.plot(connection, place, *span, index or [], folder)

    with _plainly():
        drawn = asyncio.run(draw())
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"file": str(one.file)} for one in drawn], ensure_ascii=False))
        return
    for one in drawn:
        typer.echo(
            f"{one.file}: {one.days} days beside {one.library}, "
            f"mean difference {one.mean_difference}, largest {one.largest_difference}"
        )


@app.command()
def skill(
    rule: Annotated[str | None, typer.Option(help="Score this rule alone.")] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            help="Score --rule by a CSV of what came: columns place, begin, end (ISO times, UTC).", exists=True
        ),
    ] = None,
    level: Annotated[int, typer.Option(min=1, help="Least level that counts.")] = 1,
    place: Annotated[str | None, typer.Option(help="At this place alone, where no --events are given.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Score rules by what was measured each day (POD, FAR, CSI), or by events; forecasts by what came. Prints JSON."""
    url, now = read(DatabaseSettings).database_url, datetime.now(UTC)
    span = backfilling.start_of(first), (last.replace(tzinfo=UTC) if last else now)
    if rule is None and events is not None:
        typer.echo("--events needs --rule: which rule spoke of them?", err=True)
        raise typer.Exit(2)
    with _plainly():
        if rule is not None and events is not None:
            result = asyncio.run(verification.score_rule(url, rule, level, events, span, now))
        else:
            result = {"rules": asyncio.run(verification.score_monitored(url, rule, place, span))}
            if rule is None:
                result |= {"eves": asyncio.run(verification.score_eves(url, place, span, now))}
                result |= asyncio.run(verification.score_forecasts(url, place, span))
    typer.echo(json.dumps(result, ensure_ascii=False))


@app.command("fit-heat")
def fit_heat(
    harvests: Annotated[
        Path, typer.Argument(help="CSV of harvests: place,crop,sown,harvested[,variety].", exists=True)
    ],
    ceiling: Annotated[float, typer.Option(help="Upper threshold of the crop [°C]; none if absent.")] = float("inf"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Fit base temperature and heat sum of a crop to its own harvest days; tells how many days it is off.

    Example, a file na.csv of at least four years:

    place,crop,variety,sown,harvested

    ruong-1,maize,LVN10,2022-02-20,2022-06-14

    ruong-1,maize,LVN10,2023-02-25,2023-06-17

    nongvu analytics fit-heat na.csv --ceiling 30
    """

    async def ask() -> list[Fitted]:
        async with connect_async("fit-heat", autocommit=True) as connection:
            return await fitted(connection, harvests, ceiling)

    with _plainly():
        found = asyncio.run(ask())
    if as_json:
        typer.echo(json.dumps([one.plain() for one in found], ensure_ascii=False))
    else:
        typer.echo("\n".join(line for one in found for line in fit_said(one)))
    if all(one.fit is None for one in found):
        raise typer.Exit(1)
