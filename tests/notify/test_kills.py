"""A short selection of the fault test: notify killed at random points, each message once or in doubt."""

import pytest

from tests.notify import killing
from tests.notify.test_providers import Server


@pytest.mark.parametrize("way", killing.WAYS)
def test_killed_notify_says_everything_once_or_doubts(province, tmp_path, way):
    server = Server()
    server.says({"code": "00"})
    try:
        states = killing.run(
            province,
            tmp_path,
            killing.routes(tmp_path, way, server.url),
            kills=4,
            seed=7,
            handed=lambda: killing.handed(way, tmp_path, server),
        )
    finally:
        server.server.shutdown()
        server.server.server_close()
    if way == "file":
        killing.check_file(province, tmp_path, states)
    else:
        killing.check_service(province, server.requests, states)


def test_wrong_settings_are_named_together_before_anything_starts(tmp_path):
    notify = killing.Notify(
        "", tmp_path, {"NONGVU_CAP_STATUS": "Actual", "NONGVU_VOICE": "xx", "NONGVU_GROUPING_WAIT": "-1"}
    )
    del notify.environment["NONGVU_DATABASE_URL"]
    notify.start()
    assert notify.ended() == 2
    said = (tmp_path / "notify.log").read_text()
    assert "NONGVU_DATABASE_URL" in said
    assert "NONGVU_VOICE" in said
    notify = killing.Notify("postgresql://127.0.0.1:9/x", tmp_path, {})
    notify.start()
    assert notify.ended() == 2
    assert "NONGVU_MESSAGES" in (tmp_path / "notify.log").read_text()
