"""What should be in Grafana; data sources, folders with who may see them, teams, boards, a service account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboards import languages
from dashboards.board import INSIDE, OUTSIDE, Board, lead_to
from dashboards.boards import BOARDS
from dashboards.panel import Json
from dashboards.settings import GrafanaSettings
from dashboards.words import Language

#: Grafana's number of the right to look at a folder (2 would be to edit).
VIEW = 1
#: Names that stay: Grafana knows teams by them.
_NAMES = languages.SHELF.words(languages.OFFICIAL, "grafana")
DEPARTMENT, AGRONOMISTS, FARMERS = (_NAMES[team] for team in ("department", "agronomists", "farmers"))
TEAMS = (DEPARTMENT, AGRONOMISTS, FARMERS)
SERVICE_ACCOUNT = "nongvu-reader"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and the teams that may see it; whoever is not named does not."""

    uid: str
    title: str
    teams: Mapping[str, int]


def folders() -> tuple[Folder, ...]:
    """Every folder: one a language, what only operators see, what everybody sees."""
    return (
        *(
            Folder(
                f"nongvu-{code}",
                "Nông Vụ" if code == languages.OFFICIAL else f"Nông Vụ ({name})",
                MappingProxyType({DEPARTMENT: VIEW, AGRONOMISTS: VIEW}),
            )
            for code, name in languages.SHELF.names.items()
        ),
        Folder("nongvu-operation", _NAMES["operation"], MappingProxyType({DEPARTMENT: VIEW})),
        Folder(
            "nongvu-public", _NAMES["public"], MappingProxyType({DEPARTMENT: VIEW, AGRONOMISTS: VIEW, FARMERS: VIEW})
        ),
    )


def folder_of(board: Board, language: Language) -> str:
    """Folder in which a board lies."""
    if board.source == OUTSIDE:
        return "nongvu-public"
    return "nongvu-operation" if "operation" in board.tags else f"nongvu-{language}"


def data_sources(settings: GrafanaSettings) -> list[Json]:
    """The department's and everybody else's, each with a login of its own; passwords apart."""
    return [
        _source(settings, INSIDE, "Nông Vụ", "grafana", default=True),
        _source(settings, OUTSIDE, _NAMES["public_source"], "grafana_public", default=False),
    ]


def _source(settings: GrafanaSettings, uid: str, name: str, user: str, *, default: bool) -> Json:
    return {
        "uid": uid, "name": name, "type": "grafana-postgresql-datasource", "access": "proxy", "isDefault": default,
        "url": settings.grafana_database, "user": user,
        "jsonData": {
            "database": settings.grafana_database_name, "sslmode": settings.grafana_database_tls, "timescaledb": True,
            # PostgreSQL 17 as Grafana writes it; few connections, since a board asks in bursts
            "postgresVersion": 1700, "maxOpenConns": 10, "maxIdleConns": 2, "connMaxLifetime": 3600,
        },
    }  # fmt: skip


def password(settings: GrafanaSettings, uid: str) -> str:
    """Password of a data source's login."""
    secret = settings.chart_reader_password if uid == INSIDE else settings.chart_public_password
    return secret.get_secret_value()


def boards(settings: GrafanaSettings) -> list[tuple[str, Json]]:
    """Folder and JSON of every board in every language, with the address of the farmers' page."""
    return [
        (folder_of(board, language), lead_to(settings.farmers_page, board.build(language)))
        for language in languages.SHELF.codes
        for board in BOARDS
    ]
