"""Binary COPY ⇄ numpy: what goes in comes out, and nothing is wrapped on the way."""

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.binary import INFINITY, MINUS_INFINITY, READING, BinaryError, copy_in_now, copy_out_now, layout

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
        back = copy_out_now(cursor, "COPY x TO STDOUT (FORMAT BINARY)", EVERY)
        texts = cursor.execute("SELECT t AT TIME ZONE 'UTC', day FROM x ORDER BY s").fetchall()
    for name in EVERY.columns:
        np.testing.assert_array_equal(array[name], back[name])
    assert str(texts[0][0]) == "1969-12-31 23:59:59.999999"
    assert str(texts[2][1]) == "2024-02-29"


def test_nulls_become_nan_and_nat_and_infinities_stay(empty_database):
    shape = layout(t="timestamptz", d="float8")
    sql = (
        "COPY (SELECT * FROM (VALUES ('infinity'::timestamptz, 1::float8), ('-infinity', NULL), (NULL, 2)) AS v)"
        " TO STDOUT (FORMAT BINARY)"
    )
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        back = copy_out_now(cursor, sql, shape)
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


def test_a_copy_cut_short_is_refused():
    payload = EVERY.encode(sample())
    with pytest.raises(BinaryError, match="cut short"):
        EVERY.decode(payload[:-1])
    with pytest.raises(BinaryError):
        EVERY.decode(payload[:40] + b"\xff\xff")


def test_null_of_an_integer_names_the_remedy(empty_database):
    with (
        psycopg.connect(empty_database) as connection,
        connection.cursor() as cursor,
        pytest.raises(BinaryError, match="coalesce"),
    ):
        copy_out_now(cursor, "COPY (SELECT NULL::int4) TO STDOUT (FORMAT BINARY)", layout(x="int4"))


@given(st.lists(st.tuples(st.integers(-(2**40), 2**45), st.floats(), st.integers(0, 2**31 - 1))))
def test_every_reading_returns_as_it_was(rows):
    array = READING.empty(len(rows))
    array["phenomenon_time"] = np.array([row[0] for row in rows], "M8[ms]")
    array["result"] = [row[1] for row in rows]
    array["datastream_id"] = [row[2] for row in rows]
    array["flag"] = array["batch_id"] = 7
    back = READING.decode(READING.encode(array))
    np.testing.assert_array_equal(back["phenomenon_time"], array["phenomenon_time"])
    np.testing.assert_array_equal(back["result"], array["result"])
    np.testing.assert_array_equal(back["datastream_id"], array["datastream_id"])
