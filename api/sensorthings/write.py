"""What SensorThings clients create, change and delete, as places, sensors and datastreams."""

from __future__ import annotations

import psycopg
from psycopg.types.json import Jsonb

from api.access.caller import Asker
from api.protocol.problems import Problem, not_found
from api.sensorthings.address import Id
from api.sensorthings.body import (
    KNOWN,
    MEASUREMENT,
    Body,
    code_of,
    extra,
    inner,
    point,
    quantity_of,
    reference,
    same_unit,
    several,
    text,
    told,
)
from api.sensorthings.grammar import wrong
from store import audit, sensorthings
from store.outline import Above, OutlineError, near
from store.place import ELEVATIONS
from store.pool import Connection
from store.scope import Scope
from store.sensorthings import Entity, Row
from telemetry.reading import LEVEL


class Writer:
    """Writes for one asker within one transaction."""

    def __init__(self, connection: Connection, asker: Asker) -> None:
        self.connection = connection
        self.asker = asker
        self.scope: Scope = asker.require("places")

    async def _do(self, named: str, **values: object) -> Row | None:
        try:
            async with self.connection.transaction():
                return await sensorthings.changed(self.connection, named, self.scope, **values)
        except psycopg.errors.UniqueViolation as error:
            raise Problem(409, "such a one is there already") from error
        except (psycopg.errors.ForeignKeyViolation, psycopg.errors.RestrictViolation) as error:
            raise Problem(409, "something else refers to it still, so it stays") from error
        except psycopg.errors.CheckViolation as error:
            raise wrong("a value is outside what can be stored") from error

    async def _audit(self, action: str, entity: str, number: int) -> None:
        await audit.record_asked(self.connection, self.asker.name, action, f"{entity}({number})")

    async def create(self, entity: Entity, body: object, above: tuple[Entity, Id, str] | None) -> int:
        """Create an entity with everything inside it; returns its id."""
        given = told(entity.name, body) if entity.name in KNOWN else {}
        outer: Row = {above[0].name: above[1]} if above else {}
        if entity.name == "Things":
            number = await self._thing(given)
        elif entity.name == "Sensors":
            number = await self._sensor(given)
        elif entity.name == "Datastreams":
            number = await self._datastream(
                given, outer.get("Things"), outer.get("Sensors"), outer.get("ObservedProperties")
            )
        elif entity.name == "Locations":
            number = await self._location(given, outer.get("Things"))
        else:
            raise Problem(405, f"{entity.name} are kept by the platform and cannot be created")
        await self._audit("created", entity.name, number)
        return number

    async def _thing(self, body: Body) -> int:
        kept = extra(body)
        kept["description"] = text(body, "description", usual=text(body, "name"))
        told_properties = inner(body, "properties")
        parent = await self._parent(told_properties.get("parent"))
        elevation = told_properties.get("elevation")
        if elevation is not None and (not isinstance(elevation, int | float) or isinstance(elevation, bool)
                                      or not ELEVATIONS[0] <= elevation <= ELEVATIONS[1]):  # fmt: skip
            raise wrong("properties.elevation is a number of metres, {:g} to {:g}".format(*ELEVATIONS))
        row = await self._do("add_place", code=code_of(body), name=text(body, "name"), parent=parent,
                             elevation=elevation, properties=Jsonb(kept))  # fmt: skip
        number = int(row["id"]) if row else 0
        for location in several(body, "Locations"):
            await self._location(told("Locations", location), number)
        for datastream in several(body, "Datastreams"):
            await self._datastream(told("Datastreams", datastream), number, None, None)
        return number

    async def _parent(self, code: object) -> int | None:
        if code is None:
            if not self.scope.everything:
                raise wrong("name the place above in properties.parent: you look after a part of the tree")
            return None
        row = await self._do("parent_within", parent=code) if isinstance(code, str) and "\0" not in code else None
        if row is None:
            raise not_found("place", code)
        return int(row["id"])

    async def _location(self, body: Body, thing: int | None) -> int:
        things = several(body, "Things")
        thing = thing or (reference(things[0], "Things") if things else None)
        if thing is None:
            raise wrong("a Location is a Thing's: send it within a Thing, to Things(id)/Locations, or with 'Things'")
        spot = point(body)
        above = await self._do("above", id=thing)
        try:
            near("station", spot, Above(**above) if above else None)
        except OutlineError as error:
            raise wrong(f"location: {error}") from error
        row = await self._do("locate", id=thing, longitude=spot.longitude, latitude=spot.latitude)
        if row is None:
            raise not_found("Things", thing)
        return int(row["id"])

    async def _sensor_named(self, body: Body) -> int | None:
        """Sensor that a Datastream refers to; 404 for one of others, of which it would tell."""
        sensor = reference(body.get("Sensor"), "Sensors")
        if sensor is not None and await self._do("sensor_within", sensor=sensor) is None:
            raise not_found("Sensors", sensor)
        return sensor

    async def _sensor(self, body: Body) -> int:
        row = await self._do(
            "add_sensor", name=text(body, "name"), description=text(body, "description", usual=""),
            encoding_type=text(body, "encodingType", usual="text/plain"), metadata=text(body, "metadata", usual=""),
            properties=Jsonb(extra(body)),
        )  # fmt: skip
        return int(row["id"]) if row else 0

    async def _datastream(self, body: Body, thing: int | None, sensor: int | None, quantity: str | None) -> int:
        thing = thing or reference(body.get("Thing"), "Things")
        if thing is None and isinstance(body.get("Thing"), dict):
            thing = await self._thing(told("Things", body["Thing"]))
        if thing is None:
            raise wrong("a Datastream needs its Thing")
        quantity = quantity or quantity_of(body.get("ObservedProperty"))
        same_unit(body, quantity)
        if body.get("observationType", MEASUREMENT) != MEASUREMENT:
            raise wrong("results are numbers: observationType is OM_Measurement")
        sensor = sensor or await self._sensor_named(body)
        if sensor is None and isinstance(body.get("Sensor"), dict):
            sensor = await self._sensor(told("Sensors", body["Sensor"]))
        level = inner(body, "properties").get("level", "")
        if not isinstance(level, str) or (level and not LEVEL.match(level)):
            raise wrong("properties.level: write -0.30m, 2m or a word")
        if several(body, "Observations"):
            raise wrong("send Observations after their Datastream: they go the way of every reading")
        kept = extra(body) | {name: text(body, name) for name in ("name", "description") if name in body}
        row = await self._do("add_datastream", place=thing, quantity=quantity, level=level, sensor=sensor or 1,
                             properties=Jsonb(kept))  # fmt: skip
        if row is None:
            raise not_found("Things", thing)
        return int(row["id"])

    async def change(self, entity: Entity, id_: Id, body: object) -> None:
        """Change what is named; the rest stays."""
        given = told(entity.name, body) if entity.name in KNOWN else {}
        _references_only(entity, given)
        if entity.name not in {"Things", "Sensors", "Datastreams", "Locations"}:
            raise Problem(405, f"{entity.name} are kept by the platform and cannot be changed")
        number = int(id_ or 0)
        if entity.name == "Locations":
            if "location" in given:
                await self._location(given, number)
            await self._audit("changed", entity.name, number)
            return
        stored = await self._do("stored_properties", id=number, entity=entity.name)
        if stored is None:
            raise not_found(entity.name, number)
        kept = extra(given) if "properties" in given else dict(stored["properties"])
        if entity.name != "Sensors":
            for name in ("name", "description"):
                if name in given:
                    kept[name] = text(given, name)
                elif name in stored["properties"]:
                    kept[name] = stored["properties"][name]
        named, values = _changes(entity, number, given, kept)
        if entity.name == "Datastreams":
            values["sensor"] = await self._sensor_named(given)
        row = await self._do(named, **values)
        if row is None:
            raise not_found(entity.name, number)
        await self._audit("changed", entity.name, number)

    async def drop(self, entity: Entity, id_: Id) -> None:
        """Delete what has no readings; those are never deleted."""
        names = {"Things": "drop_thing", "Datastreams": "drop_datastream", "Sensors": "drop_sensor"}
        if entity.name not in names:
            raise Problem(405, f"{entity.name} cannot be deleted; say a verdict over readings instead")
        number = int(id_ or 0)
        if entity.name != "Sensors":
            place = number if entity.name == "Things" else None
            datastream = number if entity.name == "Datastreams" else None
            found = await self._do("has_readings", place=place, datastream=datastream)
            if found and found["found"]:
                raise Problem(409, "it has readings, which are never deleted")
        if entity.name == "Things":
            rows = await sensorthings.listed(self.connection, "datastreams_of", self.scope, place=number)
            for row in rows:
                await self._do("drop_deployments", id=row["id"])
                await self._do("drop_datastream", id=row["id"])
        elif entity.name == "Datastreams":
            await self._do("drop_deployments", id=number)
        if await self._do(names[entity.name], id=number) is None:
            raise not_found(entity.name, number)
        await self._audit("deleted", entity.name, number)


def _references_only(entity: Entity, given: Body) -> None:
    """Refuse what a change would have to make or change elsewhere."""
    for name in entity.navigation:
        for referred in several(given, name) if name in given else []:
            if not isinstance(referred, dict) or "@iot.id" not in referred:
                raise wrong(f"{name} are changed at their own address")


def _changes(entity: Entity, number: int, given: Body, kept: Body) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {"id": number, "properties": Jsonb(kept)}
    if entity.name == "Things":
        kept.pop("name", None)
        return "change_thing", values | {"name": text(given, "name") if "name" in given else None}
    if entity.name == "Datastreams":
        return "change_datastream", values
    names = {"name": "name", "description": "description", "encoding_type": "encodingType", "metadata": "metadata"}
    found = {column: text(given, name) if name in given else None for column, name in names.items()}
    return "change_sensor", values | found
