"""Boards as JSON files, the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path

from dashboards import languages
from dashboards.board import lead_to
from dashboards.boards import BOARDS
from dashboards.panel import Json
from dashboards.settings import PageSettings

#: Where compose's Grafana and the tests look.
FOLDER = Path(__file__).parent / "grafana" / "boards"


#: Of ``nongvu up``; a setting names another.
PAGE: str = PageSettings.model_fields["farmers_page"].default


def files(page: str = PAGE) -> dict[str, str]:
    """Path below the folder → text, of every board in every language, with links to the farmers' page."""
    return {
        f"{language}/{board.uid(language)}.json": text(lead_to(page, board.build(language)))
        for language in languages.SHELF.codes
        for board in BOARDS
    }


def text(built: Json) -> str:
    """A board as its file has it."""
    return json.dumps(built, ensure_ascii=False, indent=1) + "\n"


def differing(folder: Path = FOLDER, page: str = PAGE) -> list[str]:
    """Files that are missing, different or no longer built."""
    wanted = files(page)
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.json")}
    changed = [name for name, body in wanted.items() if name not in there or there[name].read_text("utf-8") != body]
    return sorted([*changed, *(there.keys() - wanted.keys())])


def write(folder: Path = FOLDER, page: str = PAGE) -> list[str]:
    """Bring the folder up to date and return what changed."""
    changed, wanted = differing(folder, page), files(page)
    for name in changed:
        path = folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed
