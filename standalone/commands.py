"""Commands ``nongvu demo``, ``nongvu up`` and ``nongvu doctor``."""

# ruff: noqa: PLC0415 — each command loads only what it needs

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

demo = typer.Typer()
up = typer.Typer()
doctor = typer.Typer()


@demo.command()
def _demo(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First local day of 2013 to replay.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day to replay, included.")
    ] = None,
    stations: Annotated[str, typer.Option(help="Stations of ewr, jfk, lga, gso, by commas; all where empty.")] = "",
    speed: Annotated[
        float | None, typer.Option(min=0.01, help="Most hours of weather a second; as fast as it goes where absent.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Folder to keep database, messages and logs in; must be empty.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the page; any free one.")] = None,
    once: Annotated[bool, typer.Option("--once", help="End by itself after the replay.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one line of JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what is replayed, and every event.")] = False,
) -> None:
    """Replay recorded weather through real devices, gateways, tables, alerts and messages to the farmers' page.

    The weather of three New York airports in 2013 (and a typical year of Greensboro, NC) is answered by real Modbus
    TCP servers, which a real gateway polls; nothing is shifted or scaled. Time goes as fast as everything that
    follows from each hour is done. Ends with 0 only if everything sent was stored and every process ended cleanly.
    """
    from standalone.demo import Shown, show_demo
    from standalone.replay import Options

    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        typer.echo(f"{keep} is not empty: name a new folder", err=True)
        raise typer.Exit(2)
    choice: dict[str, Any] = {
        "first": first.date() if first else None,
        "last": last.date() if last else None,
        "stations": tuple(code.strip() for code in stations.split(",") if code.strip()),
        "speed": speed,
        "port": port,
        "log": "debug" if verbose else "info",
    }
    raise typer.Exit(show_demo(lambda folder: Options(folder, **choice), keep, Shown(once, as_json, verbose)))
