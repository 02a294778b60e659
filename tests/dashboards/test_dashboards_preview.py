"""The preview: pages of their own parts, both languages, honest about invented data, clear where it cannot draw."""

import json
import re
from datetime import timedelta

import psycopg
import pytest
from province import END, NOTE, fill
from typer.testing import CliRunner

from dashboards.boards import BOARDS
from dashboards.commands import app
from dashboards.crops import spoken
from dashboards.languages import SHELF
from dashboards.preview.axis import round_ticks, time_ticks
from dashboards.preview.plates import _apart
from dashboards.preview.say import duration, plain
from dashboards.preview.write import PreviewError, newest, write


@pytest.fixture
def filled(database):
    fill(database, days=12, stations=4)
    return database


def test_every_board_becomes_a_page_of_its_own_parts(filled, tmp_path):
    pages = list(write(filled, BOARDS, ("vi", "en"), tmp_path, note=NOTE))
    assert len(pages) == 2 * len(BOARDS)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert not re.search(r"(src|href)=", text), "nothing comes from outside"
        assert ("không phải số đo thật" if page.stem.endswith("-vi") else "not measurements") in text
        assert text.count("<section") == len([*next(b for b in BOARDS if page.stem == b.uid(page.stem[-2:])).panels()])
        assert text.count('class="none"') < text.count("<section") / 2, "most panels are empty"


def test_a_choice_narrows_and_a_time_moves(filled, tmp_path, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", filled)
    with psycopg.connect(filled) as connection:
        code, name = connection.execute("SELECT station, name FROM chart.station ORDER BY name DESC LIMIT 1").fetchone()
    arguments = ["preview", str(tmp_path), "--board", "station", "--language", "vi", "--choose", f"station={code}",
                 "--to", "2013-06-05T00:00:00"]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    text = (tmp_path / "nongvu-station-vi.html").read_text(encoding="utf-8")
    assert f"<b>{name}</b>" in text
    assert "05/06/2013 07:00" in text


def test_what_cannot_be_drawn_says_why(database, empty_database, tmp_path, monkeypatch):
    with psycopg.connect(database) as connection, pytest.raises(PreviewError, match="no readings yet"):
        newest(connection)
    with psycopg.connect(empty_database) as connection, pytest.raises(PreviewError, match="nongvu store migrate"):
        newest(connection)
    monkeypatch.setenv("NONGVU_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    done = CliRunner().invoke(app, ["preview", str(tmp_path)])
    assert (done.exit_code, "cannot reach the database" in done.stderr) == (1, True)
    assert CliRunner().invoke(app, ["preview", str(tmp_path), "--board", "no_such"]).exit_code == 2


def test_labels_of_a_map_lie_on_no_point_and_on_no_other_label():
    points = [(100.0, 100.0), (110.0, 126.0), (400.0, 100.0)]
    labels = [(x, y + 26, name) for (x, y), name in zip(points, ("Kỳ Lừa 1", "Đông Kinh 1", "Chi Lăng 1"), strict=True)]
    drawn = "".join(_apart(labels, points))
    heights = [float(height) for height in re.findall(r' y="([0-9.]+)"', drawn)]
    assert heights == [84.0, 152.0, 126.0]  # over its point, since another lies under it; under; under
    crowd = [(100.0 + k, 100.0 + k) for k in range(9)]
    assert "".join(_apart([(x, y + 26, "Trạm") for x, y in crowd], crowd)).count("<text") <= 2


def test_crops_are_called_in_the_boards_language():
    assert spoken("SELECT $__crop(season.crop) AS metric", "vi").startswith(
        "SELECT CASE season.crop WHEN 'rice_spring'"
    )
    assert "'Lúa xuân'" in spoken("$__crop(crop)", "vi")
    assert "'Spring rice'" in spoken("$__crop(crop)", "en")
    assert not [
        board.name for board in BOARDS for tongue in SHELF.codes if "$__crop" in json.dumps(board.build(tongue))
    ]


def test_values_as_people_read_them():
    assert plain(1234.5, "lengthmm", 1) == "1 234.5 mm"
    assert plain(END, "", None) == "08/06/2013 00:00"
    assert plain(0.5, "percentunit", None) == "50%"
    assert plain(-0.004, "lengthm", 2) == "0.00 m"
    assert plain(-0.006, "lengthm", 2) == "-0.01 m"
    assert [duration(s) for s in (3.21, 300, 7200, 180_000)] == ["3.2 s", "5.0 min", "2.0 h", "2.1 d"]
    assert round_ticks(0.3, 9.4) == [0, 2, 4, 6, 8, 10]
    assert round_ticks(5, 5)[0] <= 5 <= round_ticks(5, 5)[-1]
    labels = [label for _, label in time_ticks(END - timedelta(days=2), END, 6)]
    assert 3 <= len(labels) <= 7
