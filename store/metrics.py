"""A server process's counters over HTTP, where a port was given."""

from __future__ import annotations

import structlog
from prometheus_client import start_http_server

from telemetry.settings import Settings


def serve_metrics(settings: Settings, process: str) -> None:
    """Serve ``/metrics`` at ``NONGVU_METRICS_HOST`` and ``NONGVU_METRICS_PORT``; nothing where none was given."""
    if settings.metrics_port is None:
        return
    server, _ = start_http_server(settings.metrics_port, addr=settings.metrics_host)
    structlog.get_logger().info("metrics", process=process, port=server.server_port)
