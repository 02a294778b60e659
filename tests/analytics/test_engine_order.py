"""The same readings and the same now give the same contents, whatever the order of arrival (design §6)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, contents, deliver, settle, station, winter  # noqa: E402


async def test_replay_in_order_equals_all_at_once(database):
    place, streams = station(database)
    temperature, rain = winter()
    deliver(database, streams["air_temperature"], temperature)
    deliver(database, streams["precipitation"], rain)
    now = START + 12 * 24 * HOUR
    await settle(database, now)
    found = contents(database)
    print(len(found["values"]), len(found["states"]))
    for e in found["episodes"]:
        print(e[:8], e[9])
    assert found["left"] == [(0, 0)]
