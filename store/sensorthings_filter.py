"""A SensorThings syntax tree as a parameterised condition; what does not fit together is a `FilterError`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from store.sensorthings import ENTITIES, Entity, Kind, Values, joined, relation

Node = tuple[Any, ...]


class FilterError(ValueError):
    """A filter that cannot be meant so; never worth another try."""


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and the kind of its value."""

    sql: sql.Composable
    kind: Kind


#: Function → kinds of its arguments, kind of its value, its expression.
_FUNCTIONS: dict[str, tuple[tuple[Kind, ...], Kind, str]] = {
    "startswith": (("text", "text"), "bool", "starts_with({0}, {1})"),
    "endswith": (("text", "text"), "bool", "(right({0}, length({1})) = {1})"),
    "substringof": (("text", "text"), "bool", "(strpos({1}, {0}) > 0)"),
    "contains": (("text", "text"), "bool", "(strpos({0}, {1}) > 0)"),
    "length": (("text",), "number", "length({0})::float8"),
    "indexof": (("text", "text"), "number", "(strpos({0}, {1}) - 1)::float8"),
    "tolower": (("text",), "text", "lower({0})"),
    "toupper": (("text",), "text", "upper({0})"),
    "trim": (("text",), "text", "btrim({0})"),
    "concat": (("text", "text"), "text", "({0} || {1})"),
    "round": (("number",), "number", "round({0}::numeric)::float8"),
    "floor": (("number",), "number", "floor({0})"),
    "ceiling": (("number",), "number", "ceil({0})"),
    "year": (("time",), "number", "extract(year FROM {0} AT TIME ZONE 'UTC')::float8"),
    "month": (("time",), "number", "extract(month FROM {0} AT TIME ZONE 'UTC')::float8"),
    "day": (("time",), "number", "extract(day FROM {0} AT TIME ZONE 'UTC')::float8"),
    "hour": (("time",), "number", "extract(hour FROM {0} AT TIME ZONE 'UTC')::float8"),
    "minute": (("time",), "number", "extract(minute FROM {0} AT TIME ZONE 'UTC')::float8"),
    "second": (("time",), "number", "floor(extract(second FROM {0}))::float8"),
    "fractionalseconds": (("time",), "number", "(extract(second FROM {0}) %% 1)::float8"),
    "totaloffsetminutes": (("time",), "number", "(0 * extract(epoch FROM {0}))::float8"),
    "date": (("time",), "date", "({0} AT TIME ZONE 'UTC')::date"),
    "geo.distance": (("place", "shape"), "number", ""),
    "geo.intersects": (("place", "shape"), "bool", ""),
    "st_within": (("place", "shape"), "bool", ""),
    "st_intersects": (("place", "shape"), "bool", ""),
    "st_disjoint": (("place", "shape"), "bool", ""),
    "st_equals": (("place", "shape"), "bool", ""),
    "st_contains": (("shape", "place"), "bool", ""),
}
_COMPARE = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_ARITHMETIC = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / nullif({1}, 0))",
    "mod": "mod({0}::numeric, nullif({1}, 0)::numeric)::float8",
}


@dataclass(slots=True)
class Filter:
    """Translates the trees of one query."""

    values: Values
    now: datetime
    aliases: int = 0

    def condition(self, node: Node, entity: Entity, alias: str = "e") -> sql.Composable:
        """A tree that is true or false."""
        kind = node[0]
        if kind in {"and", "or"}:
            parts = [self.condition(part, entity, alias) for part in node[1:]]
            return sql.SQL("({})").format(sql.SQL(" AND " if kind == "and" else " OR ").join(parts))
        if kind == "not":
            return sql.SQL("(NOT coalesce({}, false))").format(self.condition(node[1], entity, alias))
        if (many := _through_many(node, entity)) is not None:
            return self._exists(node, entity, alias, many)
        if kind == "compare":
            return self._compare(node[1], self.value(node[2], entity, alias), self.value(node[3], entity, alias))
        found = self.value(node, entity, alias)
        if found.kind == "json":
            found = _as(found, "bool")
        if found.kind != "bool":
            raise FilterError(f"a {found.kind} stands where a condition is needed")
        return found.sql

    def _exists(self, node: Node, entity: Entity, alias: str, prefix: tuple[str, ...]) -> sql.Composable:
        """Some entity at the end of a way to many fulfils it."""
        navigation = entity.navigation[prefix[0]]
        target, inner = ENTITIES[navigation.target], self._alias()
        rest = _without(node, prefix[0])
        return sql.SQL("EXISTS (SELECT FROM {} AS {} WHERE {} AND {})").format(
            relation(target), sql.Identifier(inner), joined(navigation, inner, sql.Identifier(alias, "id")),
            self.condition(rest, target, inner),
        )  # fmt: skip

    def _alias(self) -> str:
        self.aliases += 1
        if self.aliases > 12:
            raise FilterError("the query goes over too many entities")
        return f"e{self.aliases}"

    def _compare(self, operator: str, left: Typed, right: Typed) -> sql.Composable:
        if "null" in {left.kind, right.kind}:
            value = right if left.kind == "null" else left
            if operator not in {"eq", "ne"}:
                raise FilterError("null can be compared by eq and ne only")
            found = _as(value, "text") if value.kind == "json" else value
            return sql.SQL("({} IS NULL)" if operator == "eq" else "({} IS NOT NULL)").format(found.sql)
        left, right = _alike(left, right)
        if operator == "ne":
            return sql.SQL("({} IS DISTINCT FROM {})").format(left.sql, right.sql)
        return sql.SQL("({} {} {})").format(left.sql, sql.SQL(_COMPARE[operator]), right.sql)

    def value(self, node: Node, entity: Entity, alias: str = "e") -> Typed:
        """A tree that has a value."""
        kind = node[0]
        if kind == "path":
            return self._path(node[1:], entity, alias)
        if kind == "call":
            return self._call(node, entity, alias)
        if kind == "arithmetic":
            return self._arithmetic(node[1], self.value(node[2], entity, alias), self.value(node[3], entity, alias))
        if kind in {"compare", "and", "or", "not"}:
            return Typed(self.condition(node, entity, alias), "bool")
        return self._literal(node)

    def _literal(self, node: Node) -> Typed:
        kind = node[0]
        if kind == "geography":
            raise FilterError("a shape can stand in geo.* and st_* functions only")
        types: dict[str, tuple[Kind, str]] = {
            "number": ("number", "float8"), "text": ("text", "text"), "time": ("time", "timestamptz"),
            "duration": ("duration", "interval"),
        }  # fmt: skip
        if kind in types:
            if kind == "text" and "\0" in node[1]:
                raise FilterError("a text holds a NUL character")
            return Typed(self.values.put(node[1], types[kind][1]), types[kind][0])
        if kind == "date":
            return Typed(self.values.put(node[1].date(), "date"), "date")
        if kind == "null":
            return Typed(sql.SQL("NULL"), "null")
        return Typed(sql.SQL("true" if kind == "true" else "false"), "bool")

    def _path(self, names: tuple[str, ...], entity: Entity, alias: str) -> Typed:
        first, rest = names[0], names[1:]
        if first == "@iot.id":
            first = "id"
        if first in entity.navigation and rest:
            navigation = entity.navigation[first]
            target, inner = ENTITIES[navigation.target], self._alias()
            if navigation.many:
                raise FilterError(f"a way over the many {first} can stand in a condition only")
            found = self._path(rest, target, inner)
            if found.kind == "place":
                raise FilterError("a location is reached from its own entity only")
            return Typed(sql.SQL("(SELECT {} FROM {} AS {} WHERE {} LIMIT 1)").format(
                found.sql, relation(target), sql.Identifier(inner),
                joined(navigation, inner, sql.Identifier(alias, "id"))), found.kind)  # fmt: skip
        if first not in entity.columns:
            raise FilterError(f"{entity.name} have no property {first[:60]!r}")
        kind, column = entity.columns[first], sql.Identifier(alias, first)
        if kind == "json" and rest:
            return Typed(sql.SQL("({} #> {})").format(column, self.values.put(list(rest), "text[]")), "json")
        if rest:
            raise FilterError(f"{first!r} has no parts")
        if kind == "number" and first == "id":
            return Typed(sql.SQL("{}::float8").format(column), "number") if alias != "e" else Typed(column, "number")
        return Typed(sql.Identifier(alias) if kind == "place" else column, kind)

    def _call(self, node: Node, entity: Entity, alias: str) -> Typed:
        name, arguments = node[1].lower(), node[2:]
        if name == "now" and not arguments:
            return Typed(self.values.put(self.now, "timestamptz"), "time")
        if name in {"mindatetime", "maxdatetime"} and not arguments:
            sign = "-infinity" if name == "mindatetime" else "infinity"
            return Typed(self.values.put(sign, "timestamptz"), "time")
        if name == "substring" and len(arguments) in {2, 3}:
            return self._substring([self.value(part, entity, alias) for part in arguments])
        if name not in _FUNCTIONS:
            raise FilterError(f"function {node[1][:40]!r} is not known here")
        kinds, result, expression = _FUNCTIONS[name]
        if len(arguments) != len(kinds):
            raise FilterError(f"{name} takes {len(kinds)} arguments")
        if not expression:
            return Typed(self._spatial(name, arguments, entity, alias), result)
        given = [_as(self.value(part, entity, alias), kind) for part, kind in zip(arguments, kinds, strict=True)]
        return Typed(sql.SQL(expression).format(*(part.sql for part in given)), result)

    def _substring(self, parts: list[Typed]) -> Typed:
        text, start = _as(parts[0], "text"), _as(parts[1], "number")
        bounded = sql.SQL("(greatest(0, least({}, 1e6))::int + 1)").format(start.sql)
        if len(parts) == 2:
            return Typed(sql.SQL("substr({}, {})").format(text.sql, bounded), "text")
        length = sql.SQL("greatest(0, least({}, 1e6))::int").format(_as(parts[2], "number").sql)
        return Typed(sql.SQL("substr({}, {}, {})").format(text.sql, bounded, length), "text")

    def _spatial(self, name: str, arguments: tuple[Node, ...], entity: Entity, alias: str) -> sql.Composable:
        """Where a point stands to a shape; both on the plane of longitude and latitude, distances on the sphere."""
        shapes = [part for part in arguments if part[0] == "geography"]
        paths = [part for part in arguments if part[0] == "path"]
        if len(shapes) != 1 or len(paths) != 1:
            raise FilterError(f"{name} takes a location and a geography'…'")
        place = self._path(paths[0][1:], entity, alias)
        if place.kind != "place":
            raise FilterError(f"{name} takes a location")
        _, form, coordinates = shapes[0]
        longitude, latitude = sql.Identifier(alias, "longitude"), sql.Identifier(alias, "latitude")
        if name == "geo.distance":
            if form != "point":
                raise FilterError("geo.distance takes a POINT; the distance is in metres")
            there = [self.values.put(number, "float8") for number in coordinates]
            return sql.SQL("metres_between({}, {}, {}, {})").format(longitude, latitude, *there)
        if form == "point":
            there = [self.values.put(number, "float8") for number in coordinates]
            inside = sql.SQL("({} = {} AND {} = {})").format(longitude, there[0], latitude, there[1])
        elif name == "st_equals":
            raise FilterError("a location here is a point, and equals a POINT only")
        else:
            ring = "(" + ",".join(f"({x!r},{y!r})" for x, y in coordinates) + ")"
            inside = sql.SQL("(point({}, {}) <@ {})").format(longitude, latitude, self.values.put(ring, "polygon"))
        return sql.SQL("(NOT {})").format(inside) if name == "st_disjoint" else inside

    def _arithmetic(self, operator: str, left: Typed, right: Typed) -> Typed:
        if left.kind == "time" and right.kind == "duration" and operator in {"add", "sub"}:
            return Typed(sql.SQL(_ARITHMETIC[operator]).format(left.sql, right.sql), "time")
        if left.kind == right.kind == "time" and operator == "sub":
            return Typed(sql.SQL("({} - {})").format(left.sql, right.sql), "duration")
        left, right = _as(left, "number"), _as(right, "number")
        return Typed(sql.SQL(_ARITHMETIC[operator]).format(left.sql, right.sql), "number")


def _as(value: Typed, kind: Kind) -> Typed:
    """The value as a kind that it can be."""
    if value.kind == kind:
        return value
    if value.kind == "json" and kind in {"text", "number", "bool"}:
        if kind == "text":
            return Typed(sql.SQL("({} #>> '{{}}')").format(value.sql), kind)
        form = "CASE WHEN jsonb_typeof({0}) = 'number' THEN ({0})::text::float8 END"
        if kind == "bool":
            form = "CASE WHEN jsonb_typeof({0}) = 'boolean' THEN ({0})::text::bool END"
        return Typed(sql.SQL(form).format(value.sql), kind)
    if value.kind == "date" and kind == "time":
        return Typed(sql.SQL("({}::timestamp AT TIME ZONE 'UTC')").format(value.sql), kind)
    if value.kind == "null":
        return Typed(value.sql, kind)
    raise FilterError(f"a {value.kind} stands where a {kind} is needed")


def _alike(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    """Both as one kind."""
    if left.kind == "json" and right.kind == "json":
        return left, right
    if left.kind == "json":
        return _as(left, right.kind), right
    if right.kind == "json":
        return left, _as(right, left.kind)
    if {left.kind, right.kind} == {"date", "time"}:
        return _as(left, "time"), _as(right, "time")
    if left.kind != right.kind or left.kind in {"place", "shape"}:
        raise FilterError(f"a {left.kind} cannot be compared with a {right.kind}")
    return left, right


def _paths(node: Any) -> list[tuple[str, ...]]:
    if not isinstance(node, tuple) or not node:
        return []
    if node[0] == "path":
        return [node[1:]]
    if node[0] == "geography":
        return []
    return [path for part in node[1:] for path in _paths(part)]


def _through_many(node: Node, entity: Entity) -> tuple[str, ...] | None:
    """First part of a path that goes to many, or to one and from there to many; None where no path does."""
    for path in _paths(node):
        at = entity
        for position, name in enumerate(path[:-1]):
            navigation = at.navigation.get(name)
            if navigation is None:
                break
            if navigation.many:
                return path[: position + 1]
            at = ENTITIES[navigation.target]
    return None


def _without(node: Any, first: str) -> Any:
    """The tree as seen from the other end of a way: every path must have begun with it."""
    if not isinstance(node, tuple) or not node or node[0] == "geography":
        return node
    if node[0] == "path":
        if node[1] != first or len(node) < 3:
            raise FilterError(f"a comparison over many {first} can speak of these only")
        return ("path", *node[2:])
    return (node[0], *(_without(part, first) for part in node[1:]))
