"""Commands ``nongvu demo``, ``nongvu up`` and ``nongvu doctor``."""

# ruff: noqa: PLC0415 — each command loads only what it needs

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

demo = typer.Typer(add_completion=False)
up = typer.Typer(add_completion=False)
doctor = typer.Typer(add_completion=False)


@demo.command()
def _demo(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First local day of 2013; 2013-06-01 if absent."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last local day, included; 2013-07-31 if absent."),
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
    follows from each hour is done. The whole year is '--from 2013-01-01 --to 2013-12-30'. Ends with 0 only if
    everything sent was stored and every process ended cleanly.
    """
    from standalone.demo import Shown, show_demo
    from standalone.replay import Options

    if keep is not None and keep.is_dir() and any(keep.iterdir()):
        typer.echo(f"{keep} is not empty: name a new folder", err=True)
        raise typer.Exit(2)
    choice: dict[str, Any] = {
        **({"first": first.date()} if first else {}),
        **({"last": last.date()} if last else {}),
        "stations": tuple(code.strip() for code in stations.split(",") if code.strip()),
        "speed": speed,
        "port": port,
        "log": "debug" if verbose else "info",
    }
    raise typer.Exit(show_demo(lambda folder: Options(folder, **choice), keep, Shown(once, as_json, verbose)))


@up.command()
def _up(
    folder: Annotated[
        Path | None, typer.Option(help="Where everything stays; ~/.local/share/nongvu, for root /var/lib/nongvu.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address of the page: 0.0.0.0 to be seen on the local net.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8080,
    broker_host: Annotated[
        str, typer.Option(help="Address of the broker: 0.0.0.0 for gateways on the local net.")
    ] = "127.0.0.1",
    broker_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the broker.")] = 1883,
    gateway: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="Gateway's file to run here too; repeatable.")
    ] = None,
) -> None:
    """Run everything on this machine, for one farm or co-operative, until Ctrl-C.

    Database, broker, ingest, analytics, notify and the page are started, watched, and started again if they die; data
    stay in one folder. The first start fetches TimescaleDB and mosquitto where the system has none, needs no root, and
    tells the first steps: enter places, gateways, people. 'nongvu doctor' says whether all is well.
    """
    import asyncio

    from standalone.services import ServiceStartError, ServicesUnavailableError
    from standalone.up import Settings, default_folder, run
    from store.migrate import MigrationError

    settings = Settings(folder or default_folder(), host, port, broker_host, broker_port, gateway or [])
    try:
        code = asyncio.run(run(settings))
    except (ServicesUnavailableError, ServiceStartError, MigrationError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(code)


@doctor.command()
def _doctor(
    folder: Annotated[
        Path | None, typer.Option(help="Folder of 'nongvu up', whose settings are taken where none are set.")
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(help="Only ingest, analytics, notify or api, by its own settings: a container's health check."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: a list of what was looked at.")] = False,
) -> None:
    """Check everything, say what is wrong and what to do; ends with 1 if something is wrong."""
    import json

    from standalone.doctor import examine
    from standalone.doctor_service import SETTINGS
    from standalone.doctor_service import service as look
    from standalone.up import default_folder, take_environment

    if service is not None and service not in SETTINGS:
        raise typer.BadParameter(f"there is {', '.join(SETTINGS)}")
    folder = folder or default_folder()
    if service is None:
        take_environment(folder)
    findings = []
    signs = {"fine": "  ", "note": "- ", "wrong": "! "}
    for finding in look(service) if service is not None else examine(folder):
        findings.append(finding)
        if not as_json:
            remedy = f"\n      → {finding.remedy}" if finding.remedy and finding.grade != "fine" else ""
            typer.echo(f"{signs[finding.grade]}{finding.subject}: {finding.says}{remedy}")
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False, indent=1))
    raise typer.Exit(1 if any(finding.grade == "wrong" for finding in findings) else 0)
