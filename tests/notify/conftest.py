"""A commune with stations and subscribers, alerts as analytics writes them, and notify run in this process."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from notify import run
from notify.delivery.route import read_routes
from notify.people.subscriber import Person, add
from notify.settings import NotifySettings

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)

TEXTS = {
    "vi": {
        "short": "Rét đậm tại {place}: 12 °C",
        "long": "Nhiệt độ trung bình ngày 12 °C.",
        "group": "Rét đậm tại {count} nơi: {places}",
        "advice": {"farmer": "Giữ ấm trâu bò.", "officer": "Kiểm tra các thôn."},
    },
    "en": {
        "short": "Severe cold at {place}: 12 °C",
        "long": "Daily mean 12 °C.",
        "group": "Severe cold at {count} places: {places}",
        "advice": {"farmer": "Keep cattle warm."},
    },
}


class Province:
    """Writes places, people and alerts straight into the tables, as their owners do."""

    def __init__(self, url):
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True, options="-c timezone=UTC")

    def one(self, sql, *values):
        return self.connection.execute(sql, values).fetchone()[0]

    def all(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()

    def place(self, code, kind, parent=None, name=None, latitude=21.85, longitude=106.76):
        return self.one(
            "INSERT INTO place (code, kind, name, parent, latitude, longitude) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            code,
            kind,
            name or code,
            parent,
            latitude,
            longitude,
        )

    def commune(self, code="dong-dang", name="Đồng Đăng", stations=2):
        province = self.one("SELECT coalesce(min(id), 0) FROM place WHERE kind = 'province'") or self.place(
            "lang-son", "province", name="Lạng Sơn"
        )
        commune = self.place(code, "commune", province, name)
        return commune, [self.place(f"{code}-{n}", "station", commune, f"Trạm {n}") for n in range(1, stations + 1)]

    def subscriber(self, address="0912345678", places=("dong-dang",), consent_channel="paper", at=NOW, **rest):
        person = Person(address=address, places=tuple(places), consent_channel=consent_channel, **rest)
        with psycopg.connect(self.url) as connection:
            return add(connection, person, at, "test")[0]

    def alert(self, place, hazard="cold", rule="cold_spell", level=2, at=NOW):
        return self.one(
            "INSERT INTO alert (rule, hazard, place, basis, level, started) VALUES (%s, %s, %s, 'observed', %s, %s) RETURNING id",
            rule,
            hazard,
            place,
            level,
            at,
        )

    def water(self, place, level=2):
        """An alert that each place has for itself: that its neighbour has one too says nothing of it."""
        return self.alert(place, hazard="water", rule="water_marks", level=level)

    def step(self, alert, kind="open", level=2, at=NOW, expires=None, stale=False, texts=None):
        """A step and its due row in one transaction, with the wake-up."""
        with self.connection.transaction():
            name = self.one(
                "SELECT place.name FROM alert JOIN place ON place.id = alert.place WHERE alert.id = %s", alert
            )
            number = self.one("SELECT count(*) + 1 FROM alert_step WHERE alert = %s", alert)
            said = json.dumps(texts or TEXTS).replace("{place}", name)
            step = self.one(
                "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, stale, texts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                alert,
                number,
                kind,
                level,
                at,
                at,
                expires or at + timedelta(hours=12),
                stale,
                said,
            )
            if kind in {"end", "cancel"}:
                state = "ended" if kind == "end" else "cancelled"
                self.connection.execute("UPDATE alert SET state = %s, ended = %s WHERE id = %s", [state, at, alert])
            self.connection.execute(
                "INSERT INTO due (at, owner, kind, topic) VALUES (%s, 'notify', 'step', %s)", [at, str(step)]
            )
            self.connection.execute("SELECT pg_notify('step', '')")
        return step

    def messages(self):
        return self.all("SELECT subscriber, rung, state, text FROM delivery ORDER BY id")


@pytest.fixture
def province(database):
    found = Province(database)
    yield found
    found.connection.close()


@pytest.fixture
async def desk(province):
    from tests.notify.desk import at_desk

    async with at_desk(province) as found:
        yield found


class HandClock:
    """Event time that the test sets."""

    def __init__(self, now=NOW):
        self.moment = now

    def now(self):
        return self.moment

    async def wait_until(self, moment):
        while self.moment < moment:  # noqa: ASYNC110 — a test sets it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(url, messages=None, clock=None, routes=None, **settings):
    """Notify with its real loops on a clock of the test's."""
    options = NotifySettings(
        database_url=url,
        messages=messages,
        grouping_wait=settings.pop("grouping_wait", 0.05),
        bundle_wait=settings.pop("bundle_wait", 0),
        **settings,
    )
    task = asyncio.create_task(run.run(options, routes or read_routes(None, messages, {}), clock or HandClock()))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=120)
        if not task.done():
            for other in asyncio.all_tasks():
                other.print_stack()
            pytest.fail("notify was told to stop and did not")


async def until(condition, seconds=30):
    """Wait until something holds, or fail."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not (found := condition()):
        assert loop.time() < end, "did not happen in time"
        await asyncio.sleep(0.02)
    return found
