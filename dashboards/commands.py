"""Commands of ``nongvu dashboards``: build, provision, preview; what each needs is imported when it is called."""
# ruff: noqa: PLC0415

import json
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
    """Write the boards as JSON files, one a board and language."""
    from dashboards.build import FOLDER, differing, write

    where = folder or FOLDER
    changed = differing(where) if check else write(where)
    if as_json:
        typer.echo(json.dumps({"folder": str(where), "changed": changed}))
    else:
        verb = "differs" if check else "written"
        typer.echo("\n".join(f"{verb}: {name}" for name in changed) or "every board is up to date")
    if check and changed:
        raise typer.Exit(1)
