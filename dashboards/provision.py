"""Bring Grafana to what is wanted, by uid; first everything is read, then the changes are made.

What people added stays: panels and variables on our boards, members of teams, rights on folders, whatever else there
is. A board of ours that somebody changed by hand is shown with its differences and put back only when told so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException

from dashboards import wanted
from dashboards.difference import differences, merged
from dashboards.panel import Json
from dashboards.settings import GrafanaSettings

_NOT_FOUND = 404
#: Version messages by which our own writing is known from a person's.
_MARK = "nongvu "


class ProvisionError(Exception):
    """Grafana cannot be brought to what is wanted; the message says what to do."""


@dataclass(slots=True)
class Change:
    """One thing that differs: what, how, and the call that cures it; none where it is left on purpose."""

    what: str
    verb: str
    lines: list[str] = field(default_factory=list)
    make: Callable[[], Any] | None = None


@contextmanager
def connected(settings: GrafanaSettings) -> Iterator[Any]:
    """Grafana's API (grafana-client has no types); nothing is sent yet, and nothing is left open."""
    url = settings.grafana_url
    credential = settings.grafana_token.get_secret_value() if settings.grafana_token else None
    factory: Any = GrafanaApi
    api = factory.from_url(url if url.endswith("/") else url + "/", credential, timeout=10.0)
    try:
        yield api
    finally:
        api.client.s.close()


class Provision:
    """What is there against what is wanted."""

    def __init__(self, api: Any, settings: GrafanaSettings, *, overwrite: bool = False) -> None:
        self.api, self.settings, self.overwrite = api, settings, overwrite
        #: Team → number; filled as they are found or made.
        self.teams: dict[str, int] = {}

    def plan(self) -> Iterator[Change]:
        """Read everything and say what differs, in the order in which it has to be made."""
        yield from self._data_sources()
        yield from self._teams()
        yield from self._folders()
        yield from self._boards()
        yield from self._service_account()

    def _data_sources(self) -> Iterator[Change]:
        for source in wanted.data_sources(self.settings):
            there = _found(self.api.datasource.get_datasource_by_uid, source["uid"])
            secret = {"secureJsonData": {"password": wanted.password(self.settings, source["uid"])}}
            what = f"data source {source['uid']}"
            if there is None:
                yield Change(what, "create", make=partial(self.api.datasource.create_datasource, source | secret))
            elif there["type"] != source["type"]:
                message = (
                    f"{what} is of type {there['type']!r}: it is not ours; rename its uid in Grafana, then try again"
                )
                raise ProvisionError(message)
            elif there.get("readOnly"):
                if lines := [*differences(source, there)]:
                    yield Change(what, "left: it comes from a file", lines)
            elif lines := [*differences(source, there)]:
                body = {**there, **source, "jsonData": {**there.get("jsonData", {}), **source["jsonData"]}, **secret}
                yield Change(
                    what, "update", lines, partial(self.api.datasource.update_datasource_by_uid, source["uid"], body)
                )

    def _teams(self) -> Iterator[Change]:
        there = {team["name"]: team["id"] for team in self.api.teams.search_teams(perpage=1000)}
        for name in wanted.TEAMS:
            if name in there:
                self.teams[name] = there[name]
            else:
                yield Change(f"team {name}", "create", make=partial(self._make_team, name))

    def _make_team(self, name: str) -> None:
        self.teams[name] = self.api.teams.add_team({"name": name})["teamId"]

    def _folders(self) -> Iterator[Change]:
        for folder in wanted.folders():
            what = f"folder {folder.uid}"
            there = _found(self.api.folder.get_folder, folder.uid)
            if there is None:
                yield Change(what, "create", make=partial(self._make_folder, folder))
                continue
            if there["title"] != folder.title:
                line = f"~ title: {there['title']!r} → {folder.title!r}"
                yield Change(
                    what,
                    "update",
                    [line],
                    partial(self.api.folder.update_folder, folder.uid, title=folder.title, overwrite=True),
                )
            kept = self.api.folder.get_folder_permissions(folder.uid)
            given = {entry.get("team", ""): entry["permission"] for entry in kept}
            lacking = {name: right for name, right in folder.teams.items() if given.get(name, 0) < right}
            if lacking:
                lines = [f"+ {name} may view" for name in lacking]
                yield Change(what, "permit", lines, partial(self._permit, folder, kept))

    def _make_folder(self, folder: wanted.Folder) -> None:
        self.api.folder.create_folder(folder.title, folder.uid)
        # A new folder is open to every viewer and editor; only who is named may see it.
        self._permit(folder, [])

    def _permit(self, folder: wanted.Folder, kept: list[Json]) -> None:
        ours = {self.teams[name]: right for name, right in folder.teams.items()}
        others = [_right(entry) for entry in kept if entry.get("teamId") not in ours and not entry.get("inherited")]
        mine = [{"teamId": team, "permission": right} for team, right in ours.items()]
        self.api.folder.update_folder_permissions(folder.uid, [*others, *mine])

    def _boards(self) -> Iterator[Change]:
        for folder, built in wanted.boards(self.settings):
            there = _found(self.api.dashboard.get_dashboard, built["uid"])
            what = f"board {built['uid']}"
            if there is None:
                yield Change(what, "create", make=partial(self._save, folder, built))
                continue
            lines = [*differences(merged(built, there["dashboard"]), there["dashboard"])]
            if there["meta"].get("folderUid") != folder:
                lines.append(f"~ folder: {there['meta'].get('folderUid')!r} → {folder!r}")
            if not lines:
                continue
            if there["meta"].get("provisioned"):
                yield Change(what, "left: it comes from a file", lines)
            elif self._by_hand(built["uid"]) and not self.overwrite:
                yield Change(what, "left: changed by hand (--overwrite puts it back)", lines)
            else:
                body = merged(built, there["dashboard"])
                yield Change(what, "update", lines, partial(self._save, folder, body))

    def _by_hand(self, uid: str) -> bool:
        """Whether the last to save the board was a person."""
        found = self.api.dashboard_versions.get_dashboard_versions_by_uid(uid)
        versions = found["versions"] if isinstance(found, dict) else found
        last = max(versions, key=lambda version: int(version["version"]), default={"message": _MARK})
        return not str(last.get("message", "")).startswith(_MARK)

    def _save(self, folder: str, board: Json) -> None:
        digest = hashlib.sha256(json.dumps(board, sort_keys=True).encode()).hexdigest()[:12]
        body = {"dashboard": {**board, "id": None}, "folderUid": folder, "overwrite": True, "message": _MARK + digest}
        self.api.dashboard.update_dashboard(body)

    def _service_account(self) -> Iterator[Change]:
        name = wanted.SERVICE_ACCOUNT
        if not any(account["name"] == name for account in self.api.serviceaccount.search_all(query=name, perpage=100)):
            body = {"name": name, "role": "Viewer", "isDisabled": False}
            yield Change(f"service account {name}", "create", make=partial(self.api.serviceaccount.create, body))


def _right(entry: Json) -> Json:
    """A right as it is written, from one as it is read."""
    holders = {name: entry[name] for name in ("teamId", "userId", "role") if entry.get(name)}
    return holders | {"permission": entry["permission"]}


def _found(get: Callable[[str], Any], uid: str) -> Any:
    """What is there, or None."""
    try:
        return get(uid)
    except GrafanaClientError as error:
        if error.status_code == _NOT_FOUND:
            return None
        raise


def explained(error: Exception) -> str:
    """What went wrong, and whether to try again later or never."""
    if isinstance(error, GrafanaClientError) and error.status_code in {401, 403}:
        return f"Grafana refuses ({error.message}): use an administrator's token in NONGVU_GRAFANA_TOKEN"
    if isinstance(error, GrafanaClientError):
        return f"Grafana does not take this; trying again will not help: {error.message}"
    if isinstance(error, GrafanaException):
        return f"Grafana had a fault; try again later: {error.message}"
    return f"cannot reach Grafana at NONGVU_GRAFANA_URL; try again later: {error}"
