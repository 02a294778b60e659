"""F26: notify killed at random points a hundred times, by a route that knows repeats and by one that does not."""

import pytest

from tests.faults.table import note
from tests.notify import killing
from tests.notify.conftest import province  # noqa: F401 — a fixture
from tests.notify.test_providers import Server

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("way", killing.WAYS)
def test_notify_killed_a_hundred_times(province, tmp_path, way):  # noqa: F811 — the fixture
    server = Server()
    server.says({"code": "00"})
    try:
        states = killing.run(
            province,
            tmp_path,
            killing.routes(tmp_path, way, server.url),
            handed=lambda: killing.handed(way, tmp_path, server),
            kills=100,
            seed=26,
            subscribers=40,
        )
    finally:
        server.server.shutdown()
        server.server.server_close()
    if way == "file":
        killing.check_file(province, tmp_path, states)
    else:
        killing.check_service(province, server.requests, states)
    injected = f"100 × notify, route {'that knows repeats' if way == 'file' else 'without references'}"
    note("F26", f"sender killed ({way})", injected, missing=0, handed_over_twice=0, **states)
