"""The write-ahead log as SQLite writes it: sound, half written at the end, damaged in the middle."""

import shutil
import sqlite3

import pytest

from edge.write_ahead_log import commits_lost


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log of ten commits, of which SQLite wrote all."""
    folder = tmp_path_factory.mktemp("log")
    connection = sqlite3.connect(folder / "b", isolation_level=None)
    for order in ("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t (v)"):
        connection.execute(order)
    for value in range(9):
        connection.execute("INSERT INTO t VALUES (?)", (value,))
    shutil.copytree(folder, folder / "copy", ignore=shutil.ignore_patterns("copy"))
    connection.close()
    return folder / "copy"


def damaged(log, tmp_path, change):
    shutil.copytree(log, tmp_path / "b")
    wal = tmp_path / "b" / "b-wal"
    data = bytearray(wal.read_bytes())
    change(data)
    wal.write_bytes(data)
    lost = commits_lost(wal)
    connection = sqlite3.connect(tmp_path / "b" / "b")
    try:
        seen = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    except sqlite3.OperationalError:  # not even the table
        seen = -1
    connection.close()
    return lost, seen


def test_a_sound_log_has_lost_nothing(log, tmp_path):
    assert damaged(log, tmp_path, lambda data: None) == (0, 9)


@pytest.mark.parametrize("missing", [0.3, 0.5, 0.9])
def test_what_a_power_cut_left_half_written_is_no_loss(log, tmp_path, missing):
    frame = 24 + 4096
    lost, _ = damaged(log, tmp_path, lambda data: data.__delitem__(slice(-int(frame * missing), None)))
    assert lost == 0


@pytest.mark.parametrize("place", [40, 100, 5000, 9000, 20_000, 30_000])
def test_every_commit_that_sqlite_does_not_see_is_counted(log, tmp_path, place):
    def flip(data):
        data[place] ^= 4

    lost, seen = damaged(log, tmp_path, flip)
    assert lost > 0
    assert lost == 9 - seen if seen >= 0 else lost == 10


def test_no_log_has_lost_nothing(tmp_path):
    assert commits_lost(tmp_path / "none-wal") == 0
    (tmp_path / "short-wal").write_bytes(b"short")
    assert commits_lost(tmp_path / "short-wal") == 0
