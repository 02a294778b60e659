"""What separates two JSON values, line by line; ours laid over theirs without losing what they added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboards.panel import Json

#: What Grafana keeps for itself, or changes by itself, in a board.
_OWN = frozenset({"id", "version", "schemaVersion", "iteration", "pluginVersion", "gnetId", "preload"})
#: Numbers of panels that people added: far above ours.
_ADDED = 1000


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Every place in which theirs lacks or changes something of ours; what they have beside it does not count."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in _OWN and not path:
                continue
            here = f"{path}.{name}" if path else name
            if name in theirs:
                yield from differences(value, theirs[name], here)
            else:
                yield f"+ {here}: {_short(value)}"
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"~ {path}: {len(theirs)} → {len(ours)} entries"
        for place, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(one, other, f"{path}[{_name(one, place)}]")
    elif ours != theirs:
        yield f"~ {path}: {_short(theirs)} → {_short(ours)}"


def _name(value: Any, place: int) -> str:
    if isinstance(value, dict):
        for key in ("title", "name", "refId", "uid"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return str(place)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 70 else text[:67] + "…"


def merged(ours: Json, theirs: Json) -> Json:
    """Our board with what people added to theirs: panels below ours, variables, annotations, links, tags."""
    made = {**ours}
    known = {panel["title"] for panel in ours["panels"]}
    numbers = {panel["id"] for panel in ours["panels"]}
    # A panel of ours that a newer version renamed keeps its number, which is how it is known.
    added = [p for p in theirs.get("panels", []) if p.get("title") not in known and p.get("id") not in numbers]
    if added:
        bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in ours["panels"])
        top = min(panel["gridPos"]["y"] for panel in added)
        made["panels"] = [*ours["panels"], *(_below(p, k, bottom - top) for k, p in enumerate(added))]
    for group in ("templating", "annotations"):
        names = {entry["name"] for entry in ours[group]["list"]}
        more = [entry for entry in theirs.get(group, {}).get("list", []) if entry.get("name") not in names]
        # Grafana puts annotations of its own ("builtIn") before all others of every board it saves
        first = [entry for entry in more if entry.get("builtIn")]
        last = [entry for entry in more if not entry.get("builtIn")]
        made[group] = {"list": [*first, *ours[group]["list"], *last]}
    made["tags"] = [*ours["tags"], *(tag for tag in theirs.get("tags", []) if tag not in ours["tags"])]
    titles = {(link["title"], link["url"]) for link in ours["links"]}
    made["links"] = [
        *ours["links"],
        *(x for x in theirs.get("links", []) if (x.get("title"), x.get("url")) not in titles),
    ]
    return made


def _below(panel: Json, place: int, shift: int) -> Json:
    position = panel["gridPos"]
    number = panel["id"] if panel.get("id", 0) >= _ADDED else _ADDED + place
    return {**panel, "id": number, "gridPos": {**position, "y": position["y"] + shift}}
