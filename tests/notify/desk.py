"""Closes bundles over the province's tables without a process: what `notify.grouping.fan_out` is given and what it leaves."""

import json
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from notify.grouping import fan_out
from notify.grouping.grouping import by_key
from store import bundle as store_bundle
from tests.notify.conftest import NOW

CATALOGUE = json.loads((Path(__file__).parents[2] / "analytics/catalogue.json").read_text("utf-8"))
RULE = {entry["name"]: entry["entry"] for entry in CATALOGUE if entry["kind"] == "rule"}


class Desk:
    """Closes bundles over the province's tables as the dispatcher does, one transaction each."""

    def __init__(self, province, connection):
        self.province, self.connection = province, connection

    async def tell(self, *steps, now=NOW, exercise=False, **rest):
        """Close the bundles of these steps."""
        done = []
        async with self.connection.transaction():
            for key, group in by_key(await fan_out.load_steps(self.connection, steps)).items():
                assert await fan_out.take(self.connection, group) == {step.id for step in group}
                done.append(await fan_out.close(self.connection, key, group, now, exercise=exercise, **rest))
        return done

    async def again(self, bundle, steps, rung, now=NOW, **whom):
        """Expand a closed bundle on another rung."""
        expansion = fan_out.Expansion(bundle)
        async with self.connection.transaction():
            loaded = await fan_out.load_steps(self.connection, steps)
            closed = await store_bundle.closed(self.connection, bundle)
            await fan_out.expand(self.connection, closed, loaded, now, expansion, rung=rung, **whom)
        return expansion

    def told(self, rung=0):
        """Who was told on a rung, and what became of it."""
        return dict(self.province.all("SELECT subscriber, state FROM delivery WHERE rung = %s", rung))


@asynccontextmanager
async def at_desk(province):
    connection = await psycopg.AsyncConnection.connect(province.url, autocommit=True, options="-c timezone=UTC")
    async with connection:
        yield Desk(province, connection)


def an_alert(province, place, rule="frost", level=1):
    return province.alert(place, RULE[rule]["hazard"], rule, level)


def a_step(province, place, rule="frost", level=1, kind="open", **rest):
    return province.step(an_alert(province, place, rule, level), kind, level, **rest)
