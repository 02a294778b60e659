"""Notify as a process of its own, killed at random while alerts come and messages go."""

import json
import multiprocessing
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime

WAYS = ("file", "http")


def routes(tmp_path, way, url=""):
    """Environment of notify for one way out; the HTTP service keeps no references, so a lost answer is a doubt."""
    if way == "file":
        return {"NONGVU_MESSAGES": str(tmp_path / "messages")}
    file = tmp_path / "routes.toml"
    file.write_text(
        f"""
        [[route]]
        name = "service"
        provider = "http"
        window = 5
        [route.options]
        url = "{url}"
        [route.options.body]
        to = "{{number}}"
        text = "{{text}}"
        reference = "{{reference}}"
        [route.options.answer]
        code = "code"
        ok = ["00"]
        """
    )
    return {"NONGVU_ROUTES": str(file)}


# A process forked from one that has imported everything is the same program, seconds sooner on a busy machine.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["notify.run", "notify.commands.notify"])


def _run(environment, log):
    for name in [name for name in os.environ if name.startswith("NONGVU_")]:
        del os.environ[name]
    os.environ.update(environment)
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    from notify.commands.notify import app

    app(args=["run"], prog_name="nongvu notify")


class Notify:
    """`nongvu notify run`, started and killed."""

    def __init__(self, url, tmp_path, environment):
        self.log = tmp_path / "notify.log"
        self.environment = environment | {
            "NONGVU_DATABASE_URL": url,
            "NONGVU_GROUPING_WAIT": "0.02",
            "NONGVU_BUNDLE_WAIT": "0",
        }

    def start(self):
        self.process = FORKS.Process(target=_run, args=(self.environment, str(self.log)))
        self.process.start()

    def kill(self):
        self.process.kill()
        self.process.join()

    def stop(self):
        self.process.terminate()
        return self.ended()

    def ended(self):
        self.process.join(60)
        return self.process.exitcode

    def alive(self):
        return self.process.is_alive()


def waiting(province):
    return province.one("SELECT count(*) FROM due WHERE kind = 'step'") + province.one(
        "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')"
    )


def last_worker(province):
    """The number last given out to a worker; 0: none yet."""
    called = province.one("SELECT is_called FROM notify_worker")
    return province.one("SELECT last_value FROM notify_worker") if called else 0


def working(notify, province, before):
    """Wait until the process has begun: it holds a worker's number that was not given out before."""
    end = time.monotonic() + 60
    while province.one("SELECT last_value FROM notify_worker") == before:
        assert notify.alive(), "notify ended by itself"
        assert time.monotonic() < end
        time.sleep(0.01)


def run(province, tmp_path, environment, kills, seed, handed, subscribers=15):
    """Kill notify so many times, each time after a random number of messages of a step that came for it; then let it finish.

    ``handed`` counts what was handed over; returns messages by state.
    """
    chance = random.Random(seed)
    _, stations = province.commune(stations=kills)
    people = [
        province.subscriber(f"09{chance.randrange(10, 20)}{number:06}", daily_cap=1000) for number in range(subscribers)
    ]
    notify = Notify(province.url, tmp_path, environment)
    in_the_middle = 0
    for station in stations:
        before = last_worker(province)
        notify.start()
        province.step(province.water(station), at=datetime.now(UTC))
        working(notify, province, before)
        target, end = handed() + chance.randrange(0, subscribers + 2), time.monotonic() + chance.uniform(0.2, 2)
        while handed() < target and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        notify.kill()
        in_the_middle += province.one("SELECT EXISTS (SELECT FROM delivery WHERE state IN ('sending', 'queued'))")
    assert in_the_middle > kills / 10, "the kills did not meet it at work"
    before = last_worker(province)
    notify.start()
    working(notify, province, before)
    end = time.monotonic() + 120
    while waiting(province):
        assert notify.alive()
        assert time.monotonic() < end, province.all("SELECT state, count(*) FROM delivery GROUP BY state")
        time.sleep(0.1)
    assert notify.stop() == 0
    assert province.one("SELECT count(*) FROM delivery_step") == len(stations) * len(people)
    return dict(province.all("SELECT state, count(*)::int FROM delivery GROUP BY state"))


def handed(way, tmp_path, server):
    """Messages handed over so far."""
    return len(server.requests) if way == "http" else len(list((tmp_path / "messages").glob("nv-*.txt")))


def check_file(province, tmp_path, states):
    """Every message once, none in doubt."""
    deliveries = province.one("SELECT count(*) FROM delivery")
    assert states == {"sent": deliveries}
    assert len(list((tmp_path / "messages").glob("nv-*.txt"))) == deliveries


def check_service(province, requests, states):
    """Nobody texted twice; what was handed over is noted as sent or is in doubt; nothing is missing."""
    # a request that the kill cut off is no message to anybody
    whole = [body for _, headers, body in requests if len(body) == int(headers["Content-Length"])]
    handed = Counter(json.loads(body)["reference"] for body in whole)
    assert set(states) <= {"sent", "doubtful"}, states
    assert not [name for name, times in handed.items() if times > 1]
    sent = {f"nv-{row[0]}" for row in province.all("SELECT id FROM delivery WHERE state = 'sent'")}
    doubtful = {f"nv-{row[0]}" for row in province.all("SELECT id FROM delivery WHERE state = 'doubtful'")}
    assert sent <= set(handed)
    assert set(handed) <= sent | doubtful
