"""The farmers' board with its data inside, for a link that needs no sign-in and no database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from grafana_client.client import GrafanaClientError

from dashboards import languages
from dashboards.board import OUTSIDE, Board
from dashboards.boards import BOARDS
from dashboards.macros import Shown
from dashboards.panel import Json
from dashboards.preview.ask import span
from dashboards.provision import Change
from dashboards.words import Language
from telemetry.clock import RealClock

#: How Grafana says that a panel's data lie in the board itself.
_GRAFANA = {"type": "datasource", "uid": "-- Grafana --"}


def key(board: Board, language: Language) -> str:
    """Last part of the snapshot's address: always the same, so that the link can be printed."""
    return f"nongvu-{board.name}-{language}"


def there(api: Any, name: str) -> bool:
    """Whether the snapshot exists."""
    try:
        api.snapshots.get_snapshot_by_key(name)
    except GrafanaClientError as error:
        if error.status_code == 404:
            return False
        raise
    return True


def take(api: Any, board: Board, language: Language, end: datetime, expires: timedelta) -> str:
    """Ask Grafana for every panel's data, keep them in a snapshot under the same key, and return its address."""
    built, start = board.build(language), end - span(board)
    name = key(board, language)
    for panel in built["panels"]:
        if targets := panel.pop("targets", None):
            frames = _frames(api, targets, Shown(start, end))
            target = {"refId": "A", "datasource": _GRAFANA, "queryType": "snapshot", "snapshot": frames}
            panel |= {"datasource": _GRAFANA, "targets": [target]}
    built["templating"]["list"], built["annotations"]["list"], built["links"] = [], [], []
    built["time"] = {"from": start.isoformat(), "to": end.isoformat()}
    built["refresh"] = ""
    if there(api, name):
        api.snapshots.delete_snapshot_by_key(name)
    title = built["title"]
    made = api.snapshots.create_new_snapshot(
        built, title, expires=round(expires.total_seconds()), key=name, delete_key=secrets.token_urlsafe(24)
    )
    return str(made["url"])


def _frames(api: Any, targets: list[Json], shown: Shown) -> list[Any]:
    """Data of a panel's queries; without the SQL that was run."""
    times = {"from": str(round(shown.start.timestamp() * 1000)), "to": str(round(shown.end.timestamp() * 1000))}
    milliseconds = round(shown.interval.total_seconds() * 1000)
    queries = [{**target, "intervalMs": milliseconds, "maxDataPoints": shown.pixels} for target in targets]
    # grafana-client has no call for a query by uid of the data source
    answer = api.client.POST("/ds/query", json={"queries": queries, **times})
    frames = [frame for result in answer["results"].values() for frame in result.get("frames", [])]
    for frame in frames:
        frame.get("schema", {}).pop("meta", None)
    return frames


def refresh(api: Any, *, anew: bool, dry_run: bool) -> Iterator[Change]:
    """Take the snapshots that are missing, or all of them anew; never more than a link for 30 days."""
    for board in (board for board in BOARDS if board.source == OUTSIDE):
        for language in languages.SHELF.codes:
            if not anew and there(api, key(board, language)):
                continue
            what = f"snapshot {key(board, language)}"
            if dry_run:
                yield Change(what, "would take")
            else:
                yield Change(what, "taken", [take(api, board, language, RealClock().now(), timedelta(days=30))])
