"""F24: everybody's alarm at once."""

import pytest

from tests.faults.table import note
from tests.notify import killing
from tests.notify.conftest import province, running, until  # noqa: F401 — a fixture

pytestmark = pytest.mark.faults


async def test_five_hundred_stations_cross_at_once(province, tmp_path):  # noqa: F811
    communes = [province.commune(f"c-{n}", f"Xã {n}", stations=50)[1] for n in range(10)]
    for n in range(10):
        for k in range(5):
            province.subscriber(f"09123{n:02}{k:03}", places=(f"c-{n}",))
    for stations in communes:
        for station in stations:
            province.step(province.alert(station))
    async with running(province.url, tmp_path, grouping_wait=1):
        await until(lambda: killing.waiting(province) == 0, 120)
    messages = len(list(tmp_path.glob("nv-*.txt")))
    assert messages == 50  # groups × their subscribers
    note("F24", "alert storm", "500 stations cross at once", communes=10, subscribers=50, messages=messages)
