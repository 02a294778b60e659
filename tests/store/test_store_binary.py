"""Binary COPY ⇄ numpy: what goes in comes out, and nothing is wrapped on the way."""

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.binary import INFINITY, MINUS_INFINITY, READING, BinaryError, column, copy_in_now, gather_now, layout

EVERY = layout(b="bool", s="int2", i="int4", l="int8", f="float4", d="float8", t="timestamptz", day="date")


def sample():
    array = EVERY.empty(3)
    array["b"] = [True, False, True]
    array["s"] = [-32768, 0, 32767]
    array["i"] = [-(2**31), 1, 2**31 - 1]
    array["l"] = [-(2**63), 2, 2**63 - 1]
    array["f"] = [1.5, np.inf, -0.0]
    array["d"] = [np.nan, 1e300, -5e-324]
    array["t"] = np.array(["1969-12-31T23:59:59.999999", "2026-11-23T00:00:00", "2100-02-29"[:-2] + "28"], "M8[us]")
    array["day"] = np.array(["1900-01-01", "2000-01-01", "2024-02-29"], "M8[D]")
    return array


def test_through_postgresql_and_back(empty_database):
    array = sample()
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE x (b bool, s int2, i int4, l int8, f float4, d float8, t timestamptz, day date)")
        assert copy_in_now(cursor, "COPY x FROM STDIN (FORMAT BINARY)", EVERY, array) == 3
        back = gather_now(cursor, "SELECT * FROM x ORDER BY s", EVERY)
        texts = cursor.execute("SELECT t AT TIME ZONE 'UTC', day FROM x ORDER BY s").fetchall()
    for name in EVERY.columns:
        np.testing.assert_array_equal(array[name], back[name])
    assert str(texts[0][0]) == "1969-12-31 23:59:59.999999"
    assert str(texts[2][1]) == "2024-02-29"


def test_arrays_as_parameters(empty_database):
    array = sample()
    sent = {name: column(kind, array[name]) for name, kind in EVERY.columns.items()}
    typed = ", ".join(f"%({name})s::{kind}[]" for name, kind in EVERY.columns.items())
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        for prepare in (False, True):  # with the type unknown to psycopg, the server takes that of the cast
            cursor.execute(f"CREATE TEMPORARY TABLE x AS SELECT * FROM unnest({typed}) AS x ({', '.join(EVERY.columns)})",
                           sent, prepare=prepare)  # fmt: skip
            back = gather_now(cursor, "SELECT * FROM x ORDER BY s", EVERY)
            for name in EVERY.columns:
                np.testing.assert_array_equal(array[name], back[name])
            cursor.execute("DROP TABLE x")
        (none,) = cursor.execute("SELECT cardinality(%s::int4[])", [column("int4", np.empty(0, "i4"))]).fetchone()
    assert none == 0
    with pytest.raises(BinaryError, match="beyond"):
        column("int4", np.array([2**31]))


def test_nulls_become_nan_and_nat_and_infinities_stay(empty_database):
    shape = layout(t="timestamptz", d="float8")
    sql = "VALUES ('infinity'::timestamptz, 1::float8), ('-infinity', NULL), (NULL, 2)"
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        back = gather_now(cursor, sql, shape)
    assert back["t"][0] == INFINITY
    assert back["t"][1] == MINUS_INFINITY
    assert np.isnat(back["t"][2])
    np.testing.assert_array_equal(back["d"], [1, np.nan, 2])


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int2", 70_000), ("int2", -32_769), ("int4", 2**31), ("int4", -(2**31) - 1), ("float4", 1e300)],
)
def test_what_psycopg_would_wrap_is_refused(kind, value):
    wide = np.array([(value,)], np.dtype([("x", "f8" if kind == "float4" else "i8")]))
    with pytest.raises(BinaryError, match="beyond"):
        layout(x=kind).encode(wide)


def test_a_time_that_is_not_given_is_refused():
    array = READING.empty(1)
    array["phenomenon_time"], array["result"] = np.datetime64("NaT"), 0
    array["datastream_id"] = array["flag"] = array["batch_id"] = 1
    with pytest.raises(BinaryError, match="row 0"):
        READING.encode(array)


def test_no_rows_are_an_empty_array(empty_database):
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        back = gather_now(cursor, "SELECT 1, 2.0 WHERE %s", layout(x="int4", y="float8"), [False])
    assert len(back) == 0
    assert back.dtype.names == ("x", "y")


def test_a_value_that_does_not_fit_its_column_is_refused(empty_database):
    with (
        psycopg.connect(empty_database) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg.errors.NumericValueOutOfRange),
    ):
        gather_now(cursor, "SELECT 3000000000", layout(x="int4"))


def test_null_of_an_integer_names_the_remedy(empty_database):
    with (
        psycopg.connect(empty_database) as connection,
        connection.cursor() as cursor,
        pytest.raises(BinaryError, match="coalesce"),
    ):
        gather_now(cursor, "SELECT NULL::int4", layout(x="int4"))


@given(rows=st.lists(st.tuples(st.integers(-(2**40), 2**45), st.floats(), st.integers(0, 2**31 - 1))))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_reading_returns_as_it_was(empty_database, rows):
    array = READING.empty(len(rows))
    array["phenomenon_time"] = np.array([row[0] for row in rows], "M8[ms]")
    array["result"] = [row[1] for row in rows]
    array["datastream_id"] = [row[2] for row in rows]
    array["flag"] = array["batch_id"] = 7
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE r (t timestamptz, x float8, d int, f int, b int)")
        copy_in_now(cursor, "COPY r FROM STDIN (FORMAT BINARY)", READING, array)
        back = gather_now(cursor, "SELECT * FROM r", READING)
    for name in READING.columns:
        np.testing.assert_array_equal(back[name], array[name])


def test_texts_as_parameters(empty_database):
    words = np.array(["", "chill_portions", "độ ẩm đất", 'a,{}"\\'], object)
    with psycopg.connect(empty_database) as connection:
        for given_words in (words, words[:0]):
            found = connection.execute("SELECT unnest(%s::text[])", [column("text", given_words)]).fetchall()
            assert [word for (word,) in found] == given_words.tolist()
