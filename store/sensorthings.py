"""Entities as relations of ``store/sql/sensorthings.sql``, and the queries put around them.

Texts that become SQL come from this package only; whatever a client wrote is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from psycopg import AsyncCursor, sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from store.pool import Connection
from store.scope import Scope
from store.statements import statement

#: Columns depend on what was asked, so that none has a type beforehand.
Row = dict[str, Any]
Kind = Literal["number", "text", "time", "date", "duration", "bool", "json", "place", "shape", "null"]


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from one entity to others: the set they are of, and what joins them ({e} the others, {p} the one's id)."""

    target: str
    many: bool
    join: Any


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity set."""

    name: str
    #: Property → kind of its column, which has the same name.
    columns: dict[str, Kind]
    navigation: dict[str, Navigation]
    #: Type of ids.
    key: Literal["int", "text"] = "int"
    #: Columns that order a page in the end, with their types.
    order: tuple[tuple[str, str], ...] = (("id", "int"),)


_DESCRIBED: dict[str, Kind] = {"id": "number", "name": "text", "description": "text"}
_OF_DATASTREAM = sql.SQL("{e}.id = (SELECT datastream.place FROM datastream WHERE datastream.id = {p})")
_OF_PLACE = sql.SQL("{e}.place = {p}")
_SAME = sql.SQL("{e}.id = {p}")
_PLACE_OF_HISTORY = sql.SQL("{e}.id = (SELECT h.place FROM historical_location AS h WHERE h.id = {p})")

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "Things",
            _DESCRIBED | {"properties": "json"},
            {
                "Locations": Navigation("Locations", True, _SAME),
                "HistoricalLocations": Navigation("HistoricalLocations", True, _OF_PLACE),
                "Datastreams": Navigation("Datastreams", True, _OF_PLACE),
            },
        ),
        Entity(
            "Locations",
            _DESCRIBED | {"encodingType": "text", "location": "place", "properties": "json"},
            {
                "Things": Navigation("Things", True, _SAME),
                "HistoricalLocations": Navigation("HistoricalLocations", True, _OF_PLACE),
            },
        ),
        Entity(
            "HistoricalLocations",
            {"id": "number", "time": "time"},
            {
                "Thing": Navigation("Things", False, _PLACE_OF_HISTORY),
                "Locations": Navigation("Locations", True, _PLACE_OF_HISTORY),
            },
        ),
        Entity(
            "Datastreams",
            _DESCRIBED | {"observationType": "text", "unitOfMeasurement": "json", "properties": "json"},
            {
                "Thing": Navigation("Things", False, _OF_DATASTREAM),
                "Sensor": Navigation(
                    "Sensors", False, sql.SQL("{e}.id = (SELECT d.sensor FROM datastream AS d WHERE d.id = {p})")
                ),
                "ObservedProperty": Navigation(
                    "ObservedProperties", False,
                    sql.SQL("{e}.id = (SELECT d.quantity FROM datastream AS d WHERE d.id = {p})"),
                ),
                "Observations": Navigation("Observations", True, sql.SQL("{e}.datastream_id = {p}")),
            },
        ),
        Entity(
            "Sensors",
            _DESCRIBED | {"encodingType": "text", "metadata": "text", "properties": "json"},
            {"Datastreams": Navigation("Datastreams", True, sql.SQL("{e}.sensor = {p}"))},
        ),
        Entity(
            "ObservedProperties",
            {"id": "text", "name": "text", "definition": "text", "description": "text", "properties": "json"},
            {"Datastreams": Navigation("Datastreams", True, sql.SQL("{e}.quantity = {p}"))},
            "text",
            (("id", "text"),),
        ),
        Entity(
            "Observations",
            {"id": "text", "phenomenonTime": "time", "resultTime": "time", "result": "number"},
            {
                "Datastream": Navigation("Datastreams", False, sql.SQL("{e}.id = split_part({p}, '@', 1)::int")),
                "FeatureOfInterest": Navigation(
                    "FeaturesOfInterest", False,
                    sql.SQL("{e}.id = (SELECT d.place FROM datastream AS d WHERE d.id = split_part({p}, '@', 1)::int)"),
                ),
            },
            "text",
            (("datastream_id", "int"), ("phenomenonTime", "timestamptz")),
        ),
        Entity(
            "FeaturesOfInterest",
            _DESCRIBED | {"encodingType": "text", "feature": "place", "properties": "json"},
            {"Observations": Navigation("Observations", True, _OF_PLACE)},
        ),
    )
}  # fmt: skip


@dataclass(slots=True)
class Values:
    """Parameters of a query, numbered as they come."""

    given: dict[str, Any] = field(default_factory=dict)

    def put(self, value: Any, kind: str) -> sql.Composable:
        """Take a value; the placeholder that stands for it, cast to a type of ours."""
        name = f"v{len(self.given)}"
        self.given[name] = value
        return sql.SQL("{}::{}").format(sql.Placeholder(name), sql.SQL(kind))


@dataclass(frozen=True, slots=True)
class Order:
    """One part of an order: an expression, its type, whether downwards, and the name of its value in a row."""

    expression: sql.Composable
    kind: str
    down: bool
    label: str


@dataclass(slots=True)
class Query:
    """What is asked of an entity set."""

    entity: Entity
    values: Values
    conditions: list[sql.Composable] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    limit: int = 101
    skip: int = 0
    #: Only the newest observation of each datastream is asked for.
    newest: bool = False
    #: Key of the last row of the page before, in the order of ``orders``.
    after: list[Any] | None = None

    def whole_order(self) -> list[Order]:
        """The order asked for and what makes it definite."""
        last = [Order(sql.Identifier("e", column), kind, False, column) for column, kind in self.entity.order]
        return [*self.orders, *last]


def relation(entity: Entity, *, newest: bool = False) -> sql.Composed:
    """An entity set as a relation in parentheses."""
    name = "NewestObservations" if newest else entity.name
    return sql.SQL("({})").format(sql.SQL(statement("sensorthings", name)))


def joined(navigation: Navigation, alias: str, parent: sql.Composable) -> sql.Composable:
    """Condition that joins entities to the one they are reached from."""
    found: sql.Composable = navigation.join.format(e=sql.Identifier(alias), p=parent)
    return found


def _further(query: Query) -> sql.Composable:
    """Rows after the key of the page before: lexicographic, each part up or down, NULLs last."""
    alternatives: list[sql.Composable] = []
    equal: list[sql.Composable] = []
    for order, value in zip(query.whole_order(), query.after or [], strict=True):
        if value is None:
            equal.append(sql.SQL("{} IS NULL").format(order.expression))
            continue
        placed = query.values.put(value, order.kind)
        sign = sql.SQL("<" if order.down else ">")
        beyond = sql.SQL("({0} {1} {2} OR {0} IS NULL)").format(order.expression, sign, placed)
        alternatives.append(sql.SQL(" AND ").join([*equal, beyond]))
        equal.append(sql.SQL("{} = {}").format(order.expression, placed))
    return sql.SQL("({})").format(sql.SQL(" OR ").join(alternatives) if alternatives else sql.SQL("false"))


def select(query: Query) -> sql.Composed:
    """SELECT of a page; the values of the order stand in the rows as ``order 0``, ``order 1``."""
    conditions = list(query.conditions)
    if query.after is not None:
        conditions.append(_further(query))
    return sql.SQL("SELECT e.*, {labels} FROM {relation} AS e{where} ORDER BY {by} LIMIT {limit} OFFSET {skip}").format(
        labels=_labels(query),
        relation=relation(query.entity, newest=query.newest),
        where=where(conditions),
        by=_by(query),
        limit=sql.Literal(query.limit),
        skip=sql.Literal(query.skip),
    )


def _numbered(query: Query, parents: sql.Composable) -> sql.Composed:
    """SELECT of a page for each of the parents: all in one pass, numbered within each."""
    return sql.SQL(
        "SELECT * FROM (SELECT parent.id AS parent, e.*, {labels},"
        " row_number() OVER (PARTITION BY parent.id ORDER BY {by}) AS number"
        " FROM unnest({parents}) AS parent (id), {relation} AS e{where}) AS found"
        " WHERE number > {skip} AND number <= {skip} + {limit} ORDER BY parent, number"
    ).format(
        labels=_labels(query),
        by=_by(query),
        parents=parents,
        relation=relation(query.entity),
        where=where(query.conditions),
        skip=sql.Literal(query.skip),
        limit=sql.Literal(query.limit),
    )


def _labels(query: Query) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(order.expression, sql.Identifier(f"order {number}"))
        for number, order in enumerate(query.whole_order())
    )


def _by(query: Query) -> sql.Composed:
    return sql.SQL(", ").join(
        # of a column that is never NULL the index gives the order, if nothing is said of NULLs
        sql.SQL("{} {} NULLS LAST" if order.label == "" else "{} {}").format(
            order.expression, sql.SQL("DESC" if order.down else "ASC")
        )
        for order in query.whole_order()
    )


def where(conditions: Sequence[sql.Composable]) -> sql.Composed | sql.SQL:
    """WHERE clause of conditions that all must hold."""
    if not conditions:
        return sql.SQL("")
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions))


async def fetch(connection: Connection, scope: Scope, query: Query) -> list[Row]:
    """Rows of a page."""
    async with _cursor(connection) as cursor:
        await cursor.execute(select(query), scope.parameters() | query.values.given)
        return await cursor.fetchall()


def _cursor(connection: Connection) -> AsyncCursor[Row]:
    cursor = connection.cursor(row_factory=dict_row)
    set_json_loads(msgspec.json.decode, cursor)  # several times as fast as the standard library's
    return cursor


async def fetch_below(
    connection: Connection, scope: Scope, query: Query, navigation: Navigation, parents: list[Any], key: str
) -> dict[Any, list[Row]]:
    """Rows of a page for each of the parents, by one query."""
    query.conditions.append(joined(navigation, "e", sql.Identifier("parent", "id")))
    placed = query.values.put(parents, f"{key}[]")
    if query.newest and navigation is ENTITIES["Datastreams"].navigation["Observations"]:
        # there is one row a datastream: nothing to order or to cut off
        whole = sql.SQL("SELECT parent.id AS parent, e.* FROM unnest({}) AS parent (id), {} AS e{}").format(
            placed, relation(query.entity, newest=True), where(query.conditions)
        )
    elif query.entity.name == "Observations":  # endless: each parent's few are looked up by themselves
        whole = sql.SQL(
            "SELECT parent.id AS parent, found.* FROM unnest({}) AS parent (id), LATERAL ({}) AS found"
        ).format(placed, select(query))
    else:
        whole = _numbered(query, placed)
    below: dict[Any, list[Row]] = {parent: [] for parent in parents}
    async with _cursor(connection) as cursor:
        await cursor.execute(whole, scope.parameters() | query.values.given)
        for row in await cursor.fetchall():
            below[row.pop("parent")].append(row)
    return below


async def count(connection: Connection, scope: Scope, query: Query) -> int:
    """How many there are, whatever the page."""
    asked = sql.SQL("SELECT count(*) FROM {} AS e{}").format(relation(query.entity), where(query.conditions))
    cursor = await connection.execute(asked, scope.parameters() | query.values.given)
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def changed(connection: Connection, named: str, scope: Scope, /, **values: Any) -> Row | None:
    """The first row of a statement of ``store/sql/sensorthings.sql``."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("sensorthings", named), scope.parameters() | values)
        return await cursor.fetchone() if cursor.description else None


async def listed(connection: Connection, named: str, scope: Scope, /, **values: Any) -> list[Row]:
    """Every row of a statement of ``store/sql/sensorthings.sql``."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("sensorthings", named), scope.parameters() | values)
        return await cursor.fetchall()
