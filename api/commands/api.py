"""The command ``nongvu api``."""

from __future__ import annotations

import typer

app = typer.Typer(help="The web: the API and the farmers' page.", no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Keep `run` a sub-command."""


@app.command()
def run() -> None:
    """Serve the API and the page until told to stop; settings come from NONGVU_* (see docs/api.md)."""
    from api.run import serve  # noqa: PLC0415
    from api.settings import ApiSettings  # noqa: PLC0415
    from telemetry.process import configure_log  # noqa: PLC0415
    from telemetry.process import run as run_process  # noqa: PLC0415
    from telemetry.settings import read  # noqa: PLC0415

    settings = read(ApiSettings)
    configure_log(settings)
    run_process(serve(settings))
