"""Commands ``nongvu ingest``."""

import typer

from telemetry.settings import read

app = typer.Typer(help="From the wire into the tables.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """From the wire into the tables."""


@app.command()
def run() -> None:
    """Take packs from the broker into the tables until told to stop (SIGTERM ends it cleanly)."""
    from ingest.run import run as work  # noqa: PLC0415 — the other commands need none of it
    from ingest.settings import IngestSettings  # noqa: PLC0415
    from ingest.subscription import SlotTakenError  # noqa: PLC0415
    from telemetry.process import configure_log  # noqa: PLC0415
    from telemetry.process import run as until_stopped  # noqa: PLC0415

    settings = read(IngestSettings)
    configure_log(settings)
    try:
        until_stopped(work(settings))
    except SlotTakenError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
