"""Commands of `nongvu analytics`."""

import typer

from analytics.run import live
from analytics.run.settings import AnalyticsSettings
from store.metrics import serve_metrics
from telemetry import process
from telemetry.settings import read

app = typer.Typer(help="Readings to meaning: run.", no_args_is_help=True, add_completion=False)


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
    process.run(live.run(settings))
