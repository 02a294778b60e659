"""History from files: units, times, dry run, broken off and gone on with, in twice."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import psycopg
import pytest
from typer.testing import CliRunner

from ingest.commands import app

TOA5 = """"TOA5","MauSon","CR1000","1234","CR1000.Std.32","CPU:prog.CR1","5","Table1"
"TIMESTAMP","RECORD","BattV_Min","AirTC_Avg","RH","Rain_mm_Tot","Odd"
"TS","RN","Volts","Deg C","%","mm",""
"","","Min","Avg","Smp","Tot","Smp"
"2020-01-01 00:10:00",0,12.61,5.5,91.2,0.2,1
"2020-01-01 00:20:00",1,12.60,"NAN",91.0,0,2
"2020-01-01 00:30:00",2,12.60,99.5,90.5,0,3
"no time at all",3,12.60,5.4,90.5,0,3
"""


@pytest.fixture
def nongvu(database, monkeypatch):
    """The command, within this process: importing pandas anew for every call would cost seconds."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)

    def call(room, *arguments, code=0):
        assert room == "ingest"
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exit_code == code, done.output + repr(done.exception)
        return done.output if code else done.stdout

    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's')")
    return call


def values(database, quantity):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT phenomenon_time, round(result::numeric, 3)::float8, flag FROM reading JOIN datastream ON id = datastream_id"
            " WHERE quantity = %s ORDER BY 1", [quantity]).fetchall()  # fmt: skip


def test_toa5_dry_then_wet_then_again(nongvu, database, tmp_path):
    file = tmp_path / "mau-son.dat"
    file.write_text(TOA5)
    text = nongvu("ingest", "import", file, "--station", "s", "--dry-run")
    assert "nothing was written" in text
    assert "not read: RECORD, Odd" in text
    assert values(database, "air_temperature") == []
    assert "--create" in nongvu("ingest", "import", file, "--station", "s", code=1)
    (summary,) = json.loads(nongvu("ingest", "import", file, "--station", "s", "--create", "--json"))
    assert (summary["rows"], summary["wrong_times"], summary["stored"]) == (4, 1, 11)
    assert summary["columns"]["AirTC_Avg"]["missing"] == 1
    first = dt.datetime(2019, 12, 31, 17, 10, tzinfo=dt.UTC)  # logger's clock is the place's
    assert values(database, "air_temperature") == [
        (first, 5.5, 1),
        (first + dt.timedelta(minutes=20), 99.5, 4 | 1 << 8),
    ]
    (summary,) = json.loads(nongvu("ingest", "import", file, "--station", "s", "--json"))
    assert (summary["stored"], summary["skipped_pieces"]) == (0, 1)
    longer = tmp_path / "longer.dat"
    longer.write_text(TOA5 + '"2020-01-01 00:50:00",4,12.6,5.0,90,0,3\n"2020-01-01 00:10:00",0,12.61,6.5,91.2,0.2,1\n')
    (summary,) = json.loads(nongvu("ingest", "import", longer, "--station", "s", "--json"))
    assert (summary["stored"], summary["repeated"], summary["conflicts"]) == (4, 14, 1)  # one value differs from before
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*), min(cause) FROM mark").fetchone() == (2, "reading")
    assert "6.5 came where 5.5 is stored" in nongvu("ingest", "aside")


def test_weatherlink_text_with_units_of_the_map(nongvu, database, tmp_path):
    file, columns = tmp_path / "davis.txt", tmp_path / "map.toml"
    columns.write_text(
        'station = "s"\ntime_format = "%m/%d/%y %I:%M %p"\n'
        '[[columns]]\ncolumn = "Temp Out"\nquantity = "air_temperature"\nunit = "°F"\n'
        '[[columns]]\ncolumn = "Wind Speed"\nquantity = "wind_speed"\nunit = "mph"\n'
        '[[columns]]\ncolumn = "Rain"\nquantity = "precipitation"\nunit = "in"\n'
    )
    file.write_bytes(
        b"\t\tTemp\tOut\tWind\t\r\nDate\tTime\tOut\tHum\tSpeed\tRain\r\n"
        b"1/02/20\t1:00a\t50.0\t80\t10\t0.01\r\n1/02/20\t1:00p\t---\t81\t0\t0.00\r\n"
    )
    nongvu("ingest", "import", file, "--map", columns, "--create")
    assert [row[:2] for row in values(database, "air_temperature")] == [
        (dt.datetime(2020, 1, 1, 18, tzinfo=dt.UTC), 10.0)
    ]
    assert [row[1] for row in values(database, "wind_speed")] == [4.47, 0.0]
    assert [row[1] for row in values(database, "precipitation")] == [0.254, 0.0]


def test_weatherlink_com(nongvu, database, tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(
        '"Station","x"\n"Date & Time","Temp - °F","Hum - %","Barometer - in Hg","Rain - in"\n"01/02/20 01:00 AM","50.0","80","29.92","0.01"\n'
    )
    nongvu("ingest", "import", file, "--station", "s", "--create")
    assert [row[1] for row in values(database, "air_pressure")] == [1013.208]
    assert [row[1] for row in values(database, "air_temperature")] == [10.0]


def test_excel_with_a_decimal_comma(nongvu, database, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Ngày", "Mưa (cm)", "Nhiệt độ (°C)"])
    book.active.append([dt.datetime(2021, 7, 1, 7, 0), "1,25", 30.5])
    book.active.append([dt.datetime(2021, 7, 1, 8, 0), -99, 31.0])
    book.save(tmp_path / "so.xlsx")
    (tmp_path / "map.toml").write_text(
        '[[columns]]\ncolumn = "Mưa (cm)"\nquantity = "precipitation"\nmissing = [-99]\n'
        '[[columns]]\ncolumn = "Nhiệt độ (°C)"\nquantity = "air_temperature"\nlevel = "2m"\n'
    )
    nongvu("ingest", "import", tmp_path / "so.xlsx", "--station", "s", "--map", tmp_path / "map.toml", "--create")
    assert [row[:2] for row in values(database, "precipitation")] == [(dt.datetime(2021, 7, 1, tzinfo=dt.UTC), 12.5)]
    assert len(values(database, "air_temperature")) == 2


def test_a_map_may_be_short(nongvu, database, tmp_path):
    (tmp_path / "a.csv").write_text("time,T,P\n2021-07-01 07:00,30.5,2\n")
    (tmp_path / "map.toml").write_text(
        '[columns]\nT = "air_temperature"\nP = { quantity = "precipitation", unit = "cm" }\n'
    )
    nongvu("ingest", "import", tmp_path / "a.csv", "--station", "s", "--map", tmp_path / "map.toml", "--create")
    assert [row[1] for row in values(database, "precipitation")] == [20.0]
    assert [row[1] for row in values(database, "air_temperature")] == [30.5]


@pytest.mark.parametrize(
    ("text", "map_", "says"),
    [
        ("a,b\n1,2\n", "", "which column is the time"),
        ("time,b\n2020-01-01,2\n", "", '[columns]\n"b" = "…"'),
        ("time,b\n2020-01-01,2\n", "[columns]\nb = 3\n", "columns.0.quantity: Input should be a valid string"),
        ("time,b\n2020-01-01,2\n", '[[columns]]\ncolumn = "c"\nquantity = "air_temperature"\n', "no column 'c'"),
        ("time,b\n2020-01-01,2\n", '[[columns]]\ncolumn = "b"\nquantity = "wind_sped"\n', "do you mean wind_speed"),
        (
            "time,b\n2020-01-01,2\n",
            '[[columns]]\ncolumn = "b"\nquantity = "air_temperature"\nunit = "mm"\n',
            "cannot be had from 'mm'",
        ),
        ("time,b\n2020-01-01,2\n", "[[columns]\n", "map.toml"),
        ("time,b\n2020-01-01,2\n", "[[column]]\nx = 1\n", "map.toml: column: Extra inputs are not permitted"),
        ("time,odd one\n2020-01-01,2\n", "", '"odd one" = "…"'),
        ("\0\1\2\n", "", "no text file"),
        ("", "", "empty"),
        ("time,air_temperature\n", "", "no rows"),
        ("time,air_temperature\nsoon,1\nlater,2\n", "", "the first is 'soon'"),
        ("time,air_temperature\n01/02/2020 07:00,1\n02/02/2020 07:00,2\n", "", "day/month or month/day"),
        ("time,air_temperature\n13/02/2020 07:00,1\n02/14/2020 07:00,2\n", "", "some dates have the day first"),
    ],
)
def test_what_cannot_be_imported_is_said_in_words(nongvu, tmp_path, text, map_, says):
    (tmp_path / "x.csv").write_text(text)
    (tmp_path / "map.toml").write_text(map_)
    more = ("--map", tmp_path / "map.toml") if map_ else ()
    assert says in nongvu("ingest", "import", tmp_path / "x.csv", "--station", "s", "--create", *more, code=1)


@pytest.mark.parametrize(("second", "february"), [("13/02/2020", True), ("02/13/2020", False)])
def test_the_file_tells_whether_the_day_comes_first(nongvu, database, tmp_path, second, february):
    """As Vietnamese write it, unless the file shows that it is American; the same for every row."""
    file = tmp_path / "so.csv"
    file.write_text(f"ngày,air_temperature\n01/02/2020 07:00,1\n{second} 07:00,2\n")
    nongvu("ingest", "import", file, "--station", "s", "--create")
    first = dt.datetime(2020, 2, 1, tzinfo=dt.UTC) if february else dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    assert [row[0] for row in values(database, "air_temperature")] == [first, dt.datetime(2020, 2, 13, tzinfo=dt.UTC)]


def test_the_map_of_the_docs(nongvu, database, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "history.md").read_text()
    (columns,) = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "so-mua.toml").write_text(columns)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('mau-son-1', 'station', 'Mẫu Sơn')")
    file = tmp_path / "so-mua.csv"
    file.write_text("Ngày giờ,T tủ,VWC 30,Mưa\n01/02/2024 07:00,50,31,0\n02/02/2024 07:00,-99,30,1\n")
    nongvu("ingest", "import", file, "--map", tmp_path / "so-mua.toml", "--create")
    assert [row[:2] for row in values(database, "air_temperature")] == [(dt.datetime(2024, 2, 1, tzinfo=dt.UTC), 10.0)]
    assert [row[1] for row in values(database, "soil_moisture")] == [0.31, 0.3]


@pytest.mark.parametrize(("name", "says"), [("x.xlsx", "no Excel file"), ("x.xls", "save it as .xlsx"),
                                            ("x.csv", "no text file")])  # fmt: skip
def test_files_that_are_something_else(nongvu, tmp_path, name, says):
    (tmp_path / name).write_bytes(b"\x7fELF\0\0\xff\xfe\n" * 5)
    assert says in nongvu("ingest", "import", tmp_path / name, "--station", "s", code=1)


def test_usual_vietnamese_names_need_no_map(nongvu, database, tmp_path):
    file = tmp_path / "vn.csv"
    file.write_bytes("ngày;Nhiệt độ (°C);Lượng mưa (cm)\r\n13/02/2024 07:00;21,5;0,2\r\n".encode())
    nongvu("ingest", "import", file, "--station", "s", "--create")
    assert [row[1] for row in values(database, "air_temperature")] == [21.5]
    assert [row[1] for row in values(database, "precipitation")] == [2.0]
    assert "in already" in nongvu("ingest", "import", file, "--station", "s", "--create")


def test_a_broken_off_import_goes_on_where_it_stopped(nongvu, database, tmp_path):
    lines = ["time,air_temperature,relative_humidity"]
    start = dt.datetime(2015, 1, 1)
    lines += [f"{start + dt.timedelta(minutes=10 * n)},{n % 40 - 5},{n % 100}" for n in range(60_000)]
    (tmp_path / "years.csv").write_text("\n".join(lines) + "\n")
    environment = os.environ | {"NONGVU_DATABASE_URL": database}
    command = [
        sys.executable,
        "-m",
        "nongvu",
        "ingest",
        "import",
        str(tmp_path / "years.csv"),
        "--station",
        "s",
        "--create",
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while connection.execute("SELECT count(*) FROM batch").fetchone() == (0,) and process.poll() is None:
            pass
        process.kill()
        process.wait()
        before = connection.execute("SELECT count(*) FROM reading").fetchone()[0]
        (summary,) = json.loads(
            nongvu("ingest", "import", tmp_path / "years.csv", "--station", "s", "--create", "--json")
        )
        assert summary["skipped_pieces"] >= 1
        assert summary["stored"] == 120_000 - before
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (120_000,)


def test_forecasts(nongvu, database, tmp_path):
    meteo = {"utc_offset_seconds": 25200, "hourly_units": {"temperature_2m": "°F", "wind_speed_10m": "km/h"},
             "hourly": {"time": ["2026-01-01T00:00", "2026-01-01T01:00"], "temperature_2m": [50.0, None], "wind_speed_10m": [36.0, 18.0],
                        "cape": [1, 2]}}  # fmt: skip
    file = tmp_path / "meteo.json"
    file.write_text(json.dumps(meteo))
    nongvu("ingest", "forecast", file, "--place", "s", code=2)  # it does not say when it was issued
    assert "3 of 3" in nongvu("ingest", "forecast", file, "--place", "s", "--issued", "2025-12-31T12:00:00")
    assert "0 of 3" in nongvu("ingest", "forecast", file, "--place", "s", "--issued", "2025-12-31T12:00:00")
    gfs = {
        "reference_time": "2026-01-01T00:00:00Z",
        "forecasts": [
            {"valid_time": "2026-01-01T06:00:00Z", "TMP_2maboveground": 283.15, "UGRD_10m": -3.0, "VGRD_10m": 0.0}
        ],
    }
    file.write_text(json.dumps(gfs))
    assert "3 of 3" in nongvu("ingest", "forecast", file, "--place", "s")
    file.write_text("valid_time,air_temperature (degF),relative_humidity\n2026-01-02T00:00:00Z,50,80\n")
    nongvu("ingest", "forecast", file, "--place", "s", "--issued", "2026-01-01T12:00:00", "--source", "province")
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT quantity, value::numeric(9, 3)::float8, source FROM forecast ORDER BY reference_time, valid_time, 1"
        ).fetchall()
        assert connection.execute("SELECT count(*) FROM mark WHERE cause = 'forecast'").fetchone() == (3,)
    assert rows == [
        ("air_temperature", 10.0, "open-meteo"), ("wind_speed", 10.0, "open-meteo"), ("wind_speed", 5.0, "open-meteo"),
        ("air_temperature", 10.0, "gfs"), ("wind_direction", 90.0, "gfs"), ("wind_speed", 3.0, "gfs"),
        ("air_temperature", 10.0, "province"), ("relative_humidity", 80.0, "province"),
    ]  # fmt: skip
    file.write_text("{")
    assert "not JSON" in nongvu("ingest", "forecast", file, "--place", "s", code=1)
    file.write_text("valid_time,heat\n2026-01-02T00:00:00Z,50\n")
    assert "no value" in nongvu("ingest", "forecast", file, "--place", "s", "--issued", "2026-01-01T12:00:00", code=1)
    file.write_text("valid_time,air_temperature\nlater,50\n")
    assert "line 2: 'later' is no time" in nongvu("ingest", "forecast", file, "--place", "s", code=1)
    file.write_text("valid_time,air_temperature\n2026-01-02T00:00:00Z,50\n\n2026-01-02T00:00:00Z,50,51\n")
    assert "line 4: there are more cells" in nongvu("ingest", "forecast", file, "--place", "s", code=1)
    file.write_text("{}")
    assert "neither" in nongvu("ingest", "forecast", file, "--place", "s", code=1)


@pytest.mark.parametrize("missing", [[], [-99.0]])
def test_decimals_and_gaps_of_every_kind_of_column(nongvu, database, tmp_path, missing):
    """What the reader hands out is never written to: some releases of pandas lend their own memory, read-only."""
    (tmp_path / "x.csv").write_text(
        "time,air_temperature,precipitation\n2024-02-01 00:00,12.5,\n2024-02-01 01:00,-99,3\n"
    )
    columns = "".join(f'[[columns]]\ncolumn = "{name}"\nquantity = "{name}"\nmissing = {missing}\n'
                      for name in ("air_temperature", "precipitation"))  # fmt: skip
    (tmp_path / "map.toml").write_text(columns)
    nongvu("ingest", "import", tmp_path / "x.csv", "--station", "s", "--create", "--map", tmp_path / "map.toml")
    assert [row[1] for row in values(database, "air_temperature")] == ([12.5] if missing else [12.5, -99.0])
    assert [row[1] for row in values(database, "precipitation")] == [3.0]


@pytest.mark.parametrize("head", ["Ngày;Giờ", "Date;Time", "Time;Date", "Ngày;Thời gian", "NGÀY;GIỜ (h)"])
def test_date_and_hour_in_two_columns(nongvu, database, tmp_path, head):
    """What stood beside the date was "not read", and all of a day lay at its midnight; a bare hour was one of today."""
    file = tmp_path / "x.csv"
    day, hour = ("{1};{0}" if head.startswith("Time") else "{0};{1}"), ("07:00", "13:00", "19:00")
    rows = [f"{day.format('13/01/2020', at)};{at[:2]},5" for at in hour]
    file.write_text("\n".join([f"{head};Nhiệt độ (°C)", *rows]))
    assert "not read" not in nongvu("ingest", "import", file, "--station", "s", "--create")
    assert [(at.hour, value) for at, value, _ in values(database, "air_temperature")] == [
        (0, 7.5),
        (6, 13.5),
        (12, 19.5),
    ]


def test_a_map_names_two_columns_of_the_time(nongvu, database, tmp_path):
    (tmp_path / "x.csv").write_text("D,obs,T\n2020-01-13,7,5\n2020-01-13,13,6\n")
    (tmp_path / "m.toml").write_text('time = ["D", "obs"]\n[columns]\nT = "air_temperature"\n')
    nongvu("ingest", "import", tmp_path / "x.csv", "--map", tmp_path / "m.toml", "--station", "s", "--create")
    assert [at.hour for at, _, _ in values(database, "air_temperature")] == [0, 6]


def test_rows_of_several_stations_or_hours_under_one_time_are_refused(nongvu, database, tmp_path):
    """The first was stored under that time, the others set aside: which is true, the file does not say."""
    rows = [f"{station},{day}/01/2020,{value}" for day in (13, 14) for station, value in (("A", 1), ("B", 2), ("C", 3))]
    (tmp_path / "x.csv").write_text("\n".join(["Trạm,Ngày,Mưa (mm)", *rows]))
    said = nongvu("ingest", "import", tmp_path / "x.csv", "--station", "s", "--create", code=1)
    assert "6 rows have another's time and other values, the first is '13/01/2020'" in said
    assert "one station" in said
    assert "time = [" in said
    assert values(database, "precipitation") == []


def test_a_row_that_is_there_twice_is_no_other(nongvu, database, tmp_path):
    rows = ["13/01/2020 07:00,1", "13/01/2020 07:00,1", "13/01/2020 08:00,2", "13/01/2020 08:00,2"]
    (tmp_path / "x.csv").write_text("\n".join(["Ngày,Mưa (mm)", *rows]))
    assert "stored 2, repeated 2, in conflict 0" in nongvu(
        "ingest", "import", tmp_path / "x.csv", "--station", "s", "--create"
    )
