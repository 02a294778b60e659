"""A SensorThings path taken apart: sets, ids, navigation, properties."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from api.protocol.problems import Problem, not_found
from api.sensorthings.grammar import wrong
from api.sensorthings.read import Reader, is_one
from store import sensorthings
from store.sensorthings import ENTITIES, Entity, Query, Values, joined

_SEGMENT = re.compile(r"(?P<name>[A-Za-z]+)(?:\((?P<id>[^()]{1,100})\))?\Z")
_OBSERVATION = re.compile(r"(?:[0-9]{1,9})@(?:[0-9]{1,17})\Z")
LONGEST = 12


#: Of an entity; an Observation's is text. None: no entity, a set of them.
Id = int | str | None


@dataclass(slots=True)
class Place:
    """Where a path leads."""

    entity: Entity
    what: Literal["set", "one", "property", "value", "reference"] = "set"
    number: Id = None
    #: The entity above, if the path went through one: its set, id and the name of the way.
    above: tuple[Entity, Id, str] | None = None
    property: str = ""

    def within(self, values: Values) -> sql.Composable | None:
        """Condition that a set is reached from the entity above."""
        if self.above is None:
            return None
        entity, number, name = self.above
        return joined(entity.navigation[name], "e", values.put(number, entity.key))


def number_of(entity: Entity, text: str) -> int | str:
    """Id of its text, or a 400."""
    if entity.key == "int":
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise wrong(f"{text[:40]!r} is no id of {entity.name}: those are numbers")
        return int(text)
    found = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
    if entity.name == "Observations" and not _OBSERVATION.match(found):
        raise wrong("an id of Observations is written '<datastream>@<microseconds>'")
    if not re.fullmatch(r"[\w.@-]{1,100}", found):
        raise wrong(f"{text[:40]!r} is no id of {entity.name}")
    return found


async def find(reader: Reader, path: str) -> Place:
    """Follow a path as far as it goes; each entity on it must be there and be seen."""
    segments = path.strip("/").split("/")
    if len(segments) > LONGEST:
        raise wrong(f"a path has {LONGEST} parts at most")
    match = _SEGMENT.match(segments[0])
    if match is None or match["name"] not in ENTITIES:
        raise Problem(404, f"there is no entity set {segments[0][:60]!r}: see {reader.root}")
    place = Place(ENTITIES[match["name"]])
    if match["id"]:
        await _pick(reader, place, match["id"])
    for position, segment in enumerate(segments[1:], 1):
        await _step(reader, place, segment, position == len(segments) - 1)
    return place


async def _pick(reader: Reader, place: Place, text: str) -> None:
    place.number, place.what = number_of(place.entity, text), "one"
    query = Query(place.entity, Values(), limit=1)
    query.conditions.append(is_one(place.entity, place.number, query.values))
    if (within := place.within(query.values)) is not None:
        query.conditions.append(within)
    if not await sensorthings.fetch(reader.connection, reader.scope, query):
        raise not_found(place.entity.name, place.number)
    place.above = None


async def _step(reader: Reader, place: Place, segment: str, last: bool) -> None:
    if segment == "$ref" and last and place.what in {"set", "one"}:
        place.what = "reference"
        return
    if segment == "$value" and last and place.what == "property":
        place.what = "value"
        return
    match = _SEGMENT.match(segment)
    if match is None or place.what != "one":
        raise Problem(404, f"the path goes no further than {place.entity.name}: {segment[:60]!r}")
    name = match["name"]
    if name in place.entity.navigation:
        await _follow(reader, place, name, match["id"])
    elif match["id"] is None and (name in place.entity.columns or name in {"resultQuality", "parameters"}):
        place.what, place.property = "property", name
    else:
        raise Problem(404, f"{place.entity.name} have no {name[:60]!r}")


async def _follow(reader: Reader, place: Place, name: str, text: str | None) -> None:
    entity, number = place.entity, place.number
    navigation = entity.navigation[name]
    place.entity = ENTITIES[navigation.target]
    if not navigation.many:
        if text is not None:
            raise wrong(f"{name} is one: write no id after it")
        place.number = await reader.reached(entity, number, name)
        return
    place.above, place.what, place.number = (entity, number, name), "set", None
    if text is not None:
        await _pick(reader, place, text)
