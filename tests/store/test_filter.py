"""SensorThings filters by their trees: each function has its value in the database, and what cannot be meant is refused."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import sql

from store.sensorthings import ENTITIES, Values
from store.sensorthings_filter import Filter, FilterError

NOW = datetime(2026, 1, 15, 3, 4, 5, 250_000, tzinfo=UTC)
THINGS = ENTITIES["Things"]


def text(value):
    return ("text", value)


def number(value):
    return ("number", value)


def call(name, *arguments):
    return ("call", name, *arguments)


def time(value=NOW):
    return ("time", value)


@pytest.fixture
def asked(database):
    """The value of a tree that speaks of no entity."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:

        def value(node):
            values = Values()
            expression = Filter(values, NOW).value(node, THINGS).sql
            return connection.execute(sql.SQL("SELECT {}").format(expression), values.given).fetchone()[0]

        yield value


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (call("startswith", text("abc"), text("ab")), True),
        (call("startswith", text("abc"), text("bc")), False),
        (call("endswith", text("abc"), text("bc")), True),
        (call("endswith", text("abc"), text("ab")), False),
        (call("substringof", text("b"), text("abc")), True),
        (call("substringof", text("abc"), text("b")), False),
        (call("contains", text("abc"), text("b")), True),
        (call("length", text("Hữu")), 3.0),
        (call("indexof", text("abc"), text("c")), 2.0),
        (call("indexof", text("abc"), text("x")), -1.0),
        (call("TOLOWER", text("ABC")), "abc"),
        (call("toupper", text("abc")), "ABC"),
        (call("trim", text(" a ")), "a"),
        (call("concat", text("a"), text("b")), "ab"),
        (call("substring", text("abcd"), number(1.0)), "bcd"),
        (call("substring", text("abcd"), number(-3.0)), "abcd"),
        (call("substring", text("abcd"), number(1.0), number(2.0)), "bc"),
        (call("substring", text("abcd"), number(0.0), number(1e12)), "abcd"),
        (call("round", number(2.5)), 3.0),
        (call("floor", number(-0.5)), -1.0),
        (call("ceiling", number(-0.5)), 0.0),
        (call("year", time()), 2026.0),
        (call("month", time()), 1.0),
        (call("day", time()), 15.0),
        (call("hour", time()), 3.0),
        (call("minute", time()), 4.0),
        (call("second", time()), 5.0),
        (call("fractionalseconds", time()), 0.25),
        (call("totaloffsetminutes", time()), 0.0),
        (call("date", time()), date(2026, 1, 15)),
        (call("now"), NOW),
        (("arithmetic", "add", number(1.0), number(2.0)), 3.0),
        (("arithmetic", "sub", number(1.0), number(2.0)), -1.0),
        (("arithmetic", "mul", number(3.0), number(2.0)), 6.0),
        (("arithmetic", "div", number(3.0), number(2.0)), 1.5),
        (("arithmetic", "div", number(3.0), number(0.0)), None),
        (("arithmetic", "mod", number(7.0), number(4.0)), 3.0),
        (("arithmetic", "sub", time(), time(NOW - timedelta(hours=1))), timedelta(hours=1)),
        (("arithmetic", "add", time(), ("duration", timedelta(hours=1))), NOW + timedelta(hours=1)),
        (("compare", "eq", number(1.0), number(1.0)), True),
        (("compare", "ne", number(1.0), number(1.0)), False),
        (("compare", "lt", number(1.0), number(1.0)), False),
        (("compare", "le", number(1.0), number(1.0)), True),
        (("compare", "gt", number(1.0), number(1.0)), False),
        (("compare", "ge", number(1.0), number(1.0)), True),
        (("compare", "gt", time(), ("date", datetime(2026, 1, 15, tzinfo=UTC))), True),
        (("compare", "lt", time(), call("maxdatetime")), True),
        (("compare", "gt", time(), call("mindatetime")), True),
        (("compare", "eq", ("null",), text("a")), False),
        (("compare", "ne", text("a"), ("null",)), True),
        (("and", ("true",), ("false",)), False),
        (("or", ("true",), ("false",)), True),
        (("not", ("false",)), True),
        (("not", ("compare", "eq", ("arithmetic", "div", number(1.0), number(0.0)), number(1.0))), True),
    ],
)  # fmt: skip
def test_each_tree_has_its_value(asked, node, expected):
    assert asked(node) == expected


def path(*names):
    return ("path", *names)


POINT = ("geography", "point", (106.8, 21.8))
RING = ("geography", "polygon", ((0, 0), (0, 1), (1, 1), (0, 0)))


@pytest.mark.parametrize(
    ("node", "of", "says"),
    [
        (text("a"), "Things", "a text stands where a condition is needed"),
        (call("length", number(1.0)), "Things", "a number stands where a text is needed"),
        (call("length"), "Things", "length takes 1 arguments"),
        (call("sleep", number(9.0)), "Things", "function 'sleep' is not known here"),
        (path("secret"), "Things", "no property 'secret'"),
        (path("name", "x"), "Things", "'name' has no parts"),
        (("compare", "lt", ("null",), number(1.0)), "Things", "null can be compared by eq and ne only"),
        (("compare", "eq", text("a"), number(1.0)), "Things", "a text cannot be compared with a number"),
        (text("a\0b"), "Things", "a text holds a NUL character"),
        (POINT, "Things", "a shape can stand in geo"),
        (call("geo.distance", POINT, POINT), "Locations", "takes a location and a geography"),
        (call("geo.distance", path("name"), POINT), "Locations", "geo.distance takes a location"),
        (call("geo.distance", path("location"), RING), "Locations", "geo.distance takes a POINT"),
        (call("st_equals", path("location"), RING), "Locations", "a location here is a point"),
    ],
)
def test_what_cannot_be_meant_is_refused(node, of, says):
    with pytest.raises(FilterError, match=says):
        Filter(Values(), NOW).condition(node, ENTITIES[of])


def test_what_a_client_wrote_is_never_text_of_the_query():
    values = Values()
    evil = "'; DROP TABLE place; --"
    made = Filter(values, NOW).condition(("compare", "eq", path("properties", evil), text(evil)), THINGS)
    assert "DROP" not in made.as_string()
    assert values.given == {"v0": [evil], "v1": evil}


def test_a_query_goes_over_so_many_entities_and_no_more():
    way = ("compare", "gt", path("Datastreams", "Observations", "result"), number(1.0))
    few, many = ("and", *[way] * 6), ("and", *[way] * 7)
    Filter(Values(), NOW).condition(few, THINGS)
    with pytest.raises(FilterError, match="the query goes over too many entities"):
        Filter(Values(), NOW).condition(many, THINGS)
