"""From the start of `nongvu analytics run` to the first alert, where everything waits for it.

Data: 1,000 stations in 67 communes of a province, 12 quantities every 10 minutes, five days of history, computed before; then
analytics was down, a reading of every quantity came at every station, and last of all the air at one station fell below 4 °C
(frost). Seconds from the process's start, its imports included, to the commit of that alert; and until nothing waits, with the CPU
of the process and of the database server.
"""

import sys
import time

import psycopg

from benchmarks import analytics_stage as hall
from benchmarks import stage

STATIONS = stage.size(1000, 30)
COLD = {"air_temperature": (5.6, 0.6)}
FROST, LONGEST = 3.4, 600.0
ALERT = "SELECT count(*) FROM alert JOIN place ON place.id = alert.place WHERE rule = 'frost' AND code = %s"


def bring(connection, ids, frost=None):
    """A reading of every quantity at every station; the last one's air as given."""
    for number in range(STATIONS):
        streams, values = hall.at_rest(ids, number)
        if number == STATIONS - 1:
            values[stage.QUANTITIES.index("air_temperature")] = frost or COLD["air_temperature"][0]
        hall.deliver(connection, streams, hall.now(), values)


def run():
    last = f"s-{STATIONS - 1}"
    with stage.services() as (database, _):
        url = stage.fresh(database)
        ids = hall.province(url, STATIONS, 600, lambda n: COLD if n == STATIONS - 1 else {})
        with psycopg.connect(url, autocommit=True) as connection:
            bring(connection, ids)
            with hall.running(url):
                hall.settled(connection)
            if connection.execute(ALERT, [last]).fetchone() != (0,):
                raise RuntimeError("frost before it came")
            bring(connection, ids, FROST)
            before, start = hall.spent([], connection), time.monotonic()
            with hall.running(url) as process:
                while connection.execute(ALERT, [last]).fetchone() == (0,):
                    if time.monotonic() - start > LONGEST:
                        raise TimeoutError(f"no alert at {last} within {LONGEST} s")
                    time.sleep(0.02)
                first = time.monotonic() - start
                hall.settled(connection)
                done = time.monotonic() - start
                python, server = hall.spent([process], connection)
    print(f"  {python:.1f} CPU s Python, {server - before[1]:.1f} CPU s server", file=sys.stderr)
    cpu = python + server - before[1]
    return [
        {"name": "restart_to_first_alert", "value": round(first, 2), "unit": f"s, of {STATIONS} stations"},
        {"name": "restart_to_first_alert all", "value": round(done, 1), "unit": "s until nothing waits"},
        {"name": "restart_to_first_alert cpu", "value": round(cpu, 1), "unit": f"CPU s, {STATIONS} stations"},
    ]
