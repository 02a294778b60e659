"""GeoJSON file of places: features with properties code, kind, name and, as wanted, parent, elevation and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from store import outline
from store.outline import Geometry
from store.place import Place, PlaceError, number_of

NEEDED = ("code", "kind", "name")


def from_geojson(path: Path) -> Iterator[Place]:
    """Places of a file; `PlaceError` with file, feature and what to do where it, or one of them, cannot be."""
    for number, feature in enumerate(_features(path), start=1):
        where = f"{path.name}, feature {number}"
        if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
            raise PlaceError(f'{where} is no feature: write {{"type": "Feature", "properties": …, "geometry": …}}')
        properties = feature.get("properties") or {}
        if not isinstance(properties, Mapping):
            raise PlaceError(f"{where}: its properties are no object")
        where += f" ({properties['name']})" if properties.get("name") else ""
        try:
            outline.degrees(feature)
            yield _place(dict(properties), feature.get("geometry"), where)
        except (PlaceError, outline.OutlineError) as error:
            raise PlaceError(f"{where}: {error}") from error


def _features(path: Path) -> list[object]:
    document = _document(path)
    kind = document.get("type") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or kind not in {"FeatureCollection", "Feature"}:
        told = f"a {kind}" if isinstance(kind, str) else "something else"
        raise PlaceError(
            f"{path.name} is {told}, no GeoJSON FeatureCollection: export features, with code, kind and name"
        )
    try:
        outline.degrees(document)
    except outline.OutlineError as error:
        raise PlaceError(f"{path.name}: {error}") from error
    features = [document] if kind == "Feature" else document.get("features")
    if not isinstance(features, list) or not features:
        raise PlaceError(f"{path.name} has no features: nothing was imported")
    return features


def _document(path: Path) -> object:
    def no_number(text: str) -> object:
        raise PlaceError(f"{path.name}: {text} is no number of JSON: mend the coordinate, or leave it out")

    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=no_number)
    except UnicodeDecodeError as error:
        raise PlaceError(f"{path.name} is no UTF-8 text: export it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise PlaceError(f"{path.name}, line {error.lineno}, column {error.colno}: no JSON: {error.msg}") from error
    except RecursionError as error:
        raise PlaceError(f"{path.name} is nested too deeply to be GeoJSON") from error


def _place(properties: dict[str, object], geometry: Geometry | None, where: str) -> Place:
    missing = [name for name in NEEDED if properties.get(name) in (None, "")]
    if missing:
        raise PlaceError(f"property {', '.join(missing)} is missing")
    code, kind, name = (str(properties.pop(key)) for key in NEEDED)
    parent, zone = properties.pop("parent", None), properties.pop("time_zone", None)
    elevation = number_of("elevation", properties.pop("elevation", None))
    return Place(code, kind, name, None if parent in (None, "") else str(parent), elevation=elevation,
                 time_zone=str(zone or "Asia/Ho_Chi_Minh"), geometry=geometry, properties=properties,
                 origin=where)  # fmt: skip
