"""Commands of ``nongvu dashboards``: build, provision, preview; what each needs is imported when it is called."""
# ruff: noqa: PLC0415

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Grafana boards: build, provision, preview.")


@app.callback()
def dashboards() -> None:
    """Grafana boards as reviewed code."""


@app.command()
def build(
    folder: Annotated[Path | None, typer.Option(help="Where to write; the package's own folder if not given.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if anything differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Write the boards as JSON files, one a board and language; NONGVU_FARMERS_PAGE is where their links lead."""
    from dashboards.build import FOLDER, differing, write
    from dashboards.settings import PageSettings
    from telemetry.settings import read

    where, page = folder or FOLDER, read(PageSettings).farmers_page
    changed = differing(where, page) if check else write(where, page)
    if as_json:
        typer.echo(json.dumps({"folder": str(where), "changed": changed}))
    else:
        verb = "differs" if check else "written"
        typer.echo("\n".join(f"{verb}: {name}" for name in changed) or "every board is up to date")
    if check and changed:
        raise typer.Exit(1)


@app.command()
def preview(
    folder: Annotated[Path, typer.Argument(help="Where the pages go.")] = Path("preview"),
    board: Annotated[list[str] | None, typer.Option(help="Only these boards, by name; again for more.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Code of a language; all if not given.")] = None,
    to: Annotated[
        datetime | None, typer.Option(help="End of what is shown, UTC; the newest reading if not given.")
    ] = None,
    choose: Annotated[list[str] | None, typer.Option(help="A choice, e.g. station=mau-son-1; again for more.")] = None,
    note: Annotated[str, typer.Option(help="Said above every board, where the data are not real.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Draw boards from the tables as static pages: for people without Grafana."""
    from dashboards import languages
    from dashboards.boards import BOARDS
    from dashboards.preview.write import PreviewError, write
    from telemetry.settings import DatabaseSettings, read

    chosen = [each for each in BOARDS if not board or each.name in board]
    unknown = set(board or ()) - {each.name for each in BOARDS}
    tongues = [each for each in languages.SHELF.codes if not language or each in language]
    if unknown or not tongues:
        names = ", ".join(each.name for each in BOARDS)
        codes = ", ".join(languages.SHELF.codes)
        raise typer.BadParameter(f"no such board or language; boards are {names}; languages {codes}")
    wanted: dict[str, list[str]] = {}
    for name, _, value in (pair.partition("=") for pair in choose or ()):
        wanted.setdefault(name, []).append(value)
    end = to.replace(tzinfo=UTC) if to else None
    written = []
    try:
        for path in write(
            read(DatabaseSettings).database_url, chosen, tongues, folder, end=end, wanted=wanted, note=note
        ):
            written.append(str(path))
            if not as_json:
                typer.echo(path)
    except PreviewError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"pages": written}))


@app.command()
def provision(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what differs.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Put back boards that people changed by hand.")
    ] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Take the farmers' board anew, for a public link.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Bring Grafana to what is wanted: data sources, teams, folders, boards; keeps what people added."""
    from grafana_client.client import GrafanaException

    from dashboards.provision import Change, Provision, ProvisionError, connected, explained
    from dashboards.settings import GrafanaSettings
    from dashboards.snapshot import refresh
    from telemetry.settings import read

    settings = read(GrafanaSettings)
    said: list[dict[str, object]] = []

    def tell(change: Change, verb: str) -> None:
        said.append({"what": change.what, "verb": verb, "lines": change.lines})
        if not as_json:
            typer.echo("\n".join([f"{change.what}: {verb}", *(f"    {line}" for line in change.lines[:20])]))

    try:
        with connected(settings) as api:
            for change in [*Provision(api, settings, overwrite=overwrite).plan()]:
                if change.make and not dry_run:
                    change.make()
                tell(change, f"would {change.verb}" if dry_run and change.make else change.verb)
            for change in refresh(api, anew=snapshot, dry_run=dry_run):
                tell(change, change.verb)
    except ProvisionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except (GrafanaException, OSError) as error:
        typer.echo(explained(error), err=True)
        if said:
            typer.echo(f"{len(said)} changes were made before; run again to go on", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({"changes": said}, ensure_ascii=False))
    elif not said:
        typer.echo("Grafana is as it should be")
