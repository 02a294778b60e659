"""What should be in Grafana; data sources, folders with who may see them, teams, boards, a service account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboards.board import INSIDE, OUTSIDE, Board, lead_to
from dashboards.boards import BOARDS
from dashboards.panel import Json
from dashboards.settings import GrafanaSettings
from dashboards.words import LANGUAGES, Language

#: Grafana's number of the right to look at a folder (2 would be to edit).
VIEW = 1
DEPARTMENT, AGRONOMISTS, FARMERS = "Nông Vụ · Sở", "Nông Vụ · Cán bộ kỹ thuật", "Nông Vụ · Nông dân"
TEAMS = (DEPARTMENT, AGRONOMISTS, FARMERS)
SERVICE_ACCOUNT = "nongvu-reader"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and the teams that may see it; whoever is not named does not."""

    uid: str
    title: str
    teams: Mapping[str, int]


FOLDERS = (
    Folder("nongvu-vi", "Nông Vụ", MappingProxyType({DEPARTMENT: VIEW, AGRONOMISTS: VIEW})),
    Folder("nongvu-en", "Nông Vụ (English)", MappingProxyType({DEPARTMENT: VIEW, AGRONOMISTS: VIEW})),
    Folder("nongvu-operation", "Nông Vụ · Vận hành", MappingProxyType({DEPARTMENT: VIEW})),
    Folder("nongvu-public", "Nông Vụ · Bà con", MappingProxyType({DEPARTMENT: VIEW, AGRONOMISTS: VIEW, FARMERS: VIEW})),
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
        _source(settings, OUTSIDE, "Nông Vụ (công khai)", "grafana_public", default=False),
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
        for language in LANGUAGES
        for board in BOARDS
    ]
