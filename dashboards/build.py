"""Build: boards as JSON files, the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.words import LANGUAGES

#: Where compose's Grafana and the tests look.
FOLDER = Path(__file__).parent / "grafana" / "boards"


def files() -> dict[str, str]:
    """Path below the folder → text, of every board in every language."""
    return {
        f"{language}/{board.uid(language)}.json": json.dumps(board.build(language), ensure_ascii=False, indent=1) + "\n"
        for language in LANGUAGES
        for board in BOARDS
    }


def differing(folder: Path = FOLDER) -> list[str]:
    """Files that are missing, different or no longer built."""
    wanted = files()
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.json")}
    changed = [name for name, text in wanted.items() if name not in there or there[name].read_text("utf-8") != text]
    return sorted([*changed, *(there.keys() - wanted.keys())])


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the folder up to date and return what changed."""
    changed, wanted = differing(folder), files()
    for name in changed:
        path = folder / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed
