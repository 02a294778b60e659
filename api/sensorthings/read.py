"""Entity sets and entities as SensorThings JSON, page by page, with what is expanded."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote, urlencode

from psycopg import sql

from api.protocol.parameters import checks
from api.protocol.problems import not_found
from api.sensorthings.grammar import wrong
from api.sensorthings.options import Options
from store import sensorthings
from store.pool import Connection
from store.scope import Scope
from store.sensorthings import ENTITIES, Entity, Order, Query, Row, Values, joined
from store.sensorthings_filter import Filter, FilterError

#: Rows that one expansion may bring for all parents together; each parent's rest is behind its link.
MOST_BELOW = 20_000
_TYPES = {"number": "float8", "text": "text", "time": "timestamptz", "json": "jsonb"}


class Within(Protocol):
    """Where a set is reached from."""

    def within(self, values: Values) -> sql.Composable | None:
        """Condition, or None for the whole set."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one asker."""

    connection: Connection
    scope: Scope
    #: Address of the service, without a slash at the end.
    root: str
    now: datetime

    def link(self, entity: Entity, number: object) -> str:
        """Address of an entity."""
        # ids are numbers, names of quantities or '7@1700000000000000': nothing in them needs quoting
        text = f"'{number}'" if entity.key == "text" else number
        return f"{self.root}/{entity.name}({text})"

    def query(self, entity: Entity, asked: Options) -> Query:
        """Query of options; 400 where they cannot be meant."""
        query = Query(entity, Values(), limit=asked.top + 1, skip=asked.skip, newest=_newest(entity, asked))
        translating = Filter(query.values, self.now)
        try:
            if asked.filter is not None:
                query.conditions.append(translating.condition(asked.filter, entity))
            for node, down in asked.orderby:
                found = translating.value(node, entity)
                if found.kind not in _TYPES:
                    raise wrong(f"$orderby cannot go by a {found.kind}")
                expression = found.sql
                if found.kind == "json":
                    expression = sql.SQL("nullif({}, 'null')").format(expression)
                label = str(node[-1]) if found.kind == "time" and len(node) == 2 else ""
                query.orders.append(Order(expression, _key_type(entity, node, found.kind), down, label))
        except FilterError as error:
            raise wrong(str(error)) from None
        if asked.token is not None:
            query.after = _after(asked.token, query)
        return query

    async def page(self, entity: Entity, asked: Options, address: str, place: Within) -> dict[str, object]:
        """A page of a set, or of what is reached from another entity."""
        query = self.query(entity, asked)
        if (within := place.within(query.values)) is not None:
            query.conditions.append(within)
        document: dict[str, object] = {}
        if asked.count:
            document["@iot.count"] = await sensorthings.count(self.connection, self.scope, query)
        rows = await sensorthings.fetch(self.connection, self.scope, query) if asked.top else []
        if len(rows) > asked.top:
            rows = rows[: asked.top]
            document["@iot.nextLink"] = _next(address, asked, query, rows[-1])
        value = await self.shown(entity, rows, asked)
        document["value"] = _data_arrays(self, rows, value, asked) if asked.data_array else value
        return document

    async def shown(self, entity: Entity, rows: list[Row], asked: Options) -> list[dict[str, object]]:
        """Rows as entities with what is expanded."""
        found = [self._entity(entity, row, asked) for row in rows]
        for name, below in asked.expand.items():
            await self._expand(entity, rows, found, name, below)
        return found

    async def _expand(
        self, entity: Entity, rows: list[Row], found: list[dict[str, object]], name: str, asked: Options
    ) -> None:
        if not rows:
            return
        navigation = entity.navigation[name]
        target = ENTITIES[navigation.target]
        top = min(asked.top, max(1, MOST_BELOW // len(rows))) if navigation.many else 1
        query = self.query(target, asked)
        query.limit = top if query.newest else top + 1
        parents = [row["id"] for row in rows]
        fetched = await sensorthings.fetch_below(self.connection, self.scope, query, navigation, parents, entity.key)
        kept = {parent: below[:top] for parent, below in fetched.items()}
        flat = await self.shown(target, [row for parent in parents for row in kept[parent]], asked)
        place = 0
        for row, document in zip(rows, found, strict=True):
            mine, place = flat[place : place + len(kept[row["id"]])], place + len(kept[row["id"]])
            self._hang(document, name, navigation.many, mine)
            if navigation.many and mine:
                address = f"{document['@iot.selfLink']}/{name}"
                if query.newest:  # whether there are older ones was not looked for
                    document[f"{name}@iot.nextLink"] = f"{address}?{_written(tuple(asked.written.items()))}$skip=1"
                elif len(fetched[row["id"]]) > top:
                    document[f"{name}@iot.nextLink"] = _next(address, asked, query, kept[row["id"]][-1])
            if asked.count and navigation.many:
                document[f"{name}@iot.count"] = await self._count_below(entity, row["id"], name, asked)

    async def _count_below(self, entity: Entity, number: object, name: str, asked: Options) -> int:
        navigation = entity.navigation[name]
        query = self.query(ENTITIES[navigation.target], asked)
        query.conditions.append(joined(navigation, "e", query.values.put(number, entity.key)))
        return await sensorthings.count(self.connection, self.scope, query)

    def _hang(self, document: dict[str, object], name: str, many: bool, mine: list[dict[str, object]]) -> None:
        document.pop(f"{name}@iot.navigationLink", None)
        document[name] = mine if many else (mine[0] if mine else None)

    def _entity(self, entity: Entity, row: Row, asked: Options) -> dict[str, object]:
        document = said(entity, row, self.link(entity, row["id"]))
        if not asked.select:
            return document
        wanted = set(asked.select)
        kept = wanted | {f"{name}@iot.navigationLink" for name in wanted} | ({"@iot.id"} if "id" in wanted else set())
        return {name: value for name, value in document.items() if name in kept or name == "@iot.selfLink"}

    async def one(self, entity: Entity, number: object, asked: Options | None = None) -> dict[str, object]:
        """One entity by its id, or a 404."""
        asked = asked or Options()
        query = Query(entity, Values(), limit=1)
        query.conditions.append(is_one(entity, number, query.values))
        rows = await sensorthings.fetch(self.connection, self.scope, query)
        if not rows:
            raise not_found(entity.name, number)
        (document,) = await self.shown(entity, rows, asked)
        return document

    async def reached(self, entity: Entity, number: object, name: str) -> int | str:
        """Id of the one entity at the end of a way, or a 404."""
        navigation = entity.navigation[name]
        target = ENTITIES[navigation.target]
        query = Query(target, Values(), limit=1)
        query.conditions.append(joined(navigation, "e", query.values.put(number, entity.key)))
        rows = await sensorthings.fetch(self.connection, self.scope, query)
        if not rows:
            raise not_found(f"{name} of {entity.name}", number)
        found: int | str = rows[0]["id"]
        return found


def _newest(entity: Entity, asked: Options) -> bool:
    return entity.name == "Observations" and asked.newest


def _key_type(entity: Entity, node: tuple[object, ...], kind: str) -> str:
    if node[-1] in {"id", "@iot.id"}:
        target = entity
        for name in node[1:-1]:
            target = ENTITIES[target.navigation[str(name)].target]
        return "float8" if target.key == "int" and target is not entity else target.key
    return _TYPES[kind]


def is_one(entity: Entity, number: object, values: Values) -> sql.Composable:
    """Condition that an entity is the one of an id."""
    if entity.name != "Observations":
        return sql.SQL("e.id = {}").format(values.put(number, entity.key))
    datastream, _, microseconds = str(number).partition("@")
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds))
    return sql.SQL('e.datastream_id = {} AND e."phenomenonTime" = {}').format(
        values.put(int(datastream), "int"), values.put(moment, "timestamptz")
    )


#: Columns of an entity without its id, and the ways from it: as they stand in its JSON.
_COLUMNS = {name: [column for column in entity.columns if column != "id"] for name, entity in ENTITIES.items()}
_WAYS = {name: [(f"{way}@iot.navigationLink", way) for way in entity.navigation] for name, entity in ENTITIES.items()}


def said(entity: Entity, row: Row, address: str) -> dict[str, object]:
    """An entity as it is said; times become text when the whole is encoded."""
    document: dict[str, object] = {"@iot.id": row["id"], "@iot.selfLink": address}
    for name in _COLUMNS[entity.name]:
        document[name] = row[name]
    if entity.name == "Observations":
        document["resultQuality"] = {"nameOfMeasure": "QARTOD", "flag": row["quality"], "checks": checks(row["flag"])}
        document["parameters"] = {}
    for link, name in _WAYS[entity.name]:
        document[link] = f"{address}/{name}"
    return document


def _key(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _next(address: str, asked: Options, query: Query, last: Row) -> str:
    """Address of the next page: what was asked, and the key of the last row."""
    values = [_key(last[f"order {number}"]) for number in range(len(query.whole_order()))]
    token = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    return f"{address}?{_written(tuple(asked.written.items()))}$skiptoken={token}"


@lru_cache(maxsize=256)
def _written(pairs: tuple[tuple[str, str], ...]) -> str:
    kept = {name: text for name, text in pairs if name.lower() not in {"$skip", "$skiptoken"}}
    return f"{urlencode(kept, quote_via=quote, safe='$,/():')}&" if kept else ""


def _after(token: str, query: Query) -> list[object]:
    """Key of a token, checked against the order."""
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        orders = query.whole_order()
        if not isinstance(values, list) or len(values) != len(orders):
            raise ValueError(token)
        return [_checked(value, order.kind) for value, order in zip(values, orders, strict=True)]
    except (binascii.Error, ValueError, RecursionError):
        raise wrong("$skiptoken: take it unchanged from @iot.nextLink") from None


def _checked(value: object, kind: str) -> object:
    if value is None:
        return None
    if kind == "jsonb":
        return json.dumps(value)
    kinds: dict[str, type | tuple[type, ...]] = {"int": int, "float8": (int, float), "text": str, "timestamptz": str}
    if not isinstance(value, kinds[kind]) or isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise ValueError(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(value)
        return datetime.fromisoformat(value) if kind == "timestamptz" else value
    return value


def _data_arrays(
    reader: Reader, rows: list[Row], shown: list[dict[str, object]], asked: Options
) -> list[dict[str, object]]:
    """Observations as arrays, a table for each datastream."""
    usual = ["id", "phenomenonTime", "resultTime", "result", "resultQuality"]
    names = [name for name in asked.select if name not in {"Datastream", "FeatureOfInterest", "parameters"}] or usual
    tables: dict[int, list[list[object]]] = {}
    for row, document in zip(rows, shown, strict=True):
        cells = [document.get("@iot.id" if name == "id" else name) for name in names]
        tables.setdefault(row["datastream_id"], []).append(cells)
    datastreams = ENTITIES["Datastreams"]
    return [
        {
            "Datastream@iot.navigationLink": reader.link(datastreams, number),
            "components": names,
            "dataArray@iot.count": len(table),
            "dataArray": table,
        }
        for number, table in tables.items()
    ]
