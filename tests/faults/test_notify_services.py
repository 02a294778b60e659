"""F27: an SMS service that fails in every way it can; the next route takes over where nothing can have been handed over."""

import asyncio
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from notify.delivery.route import read_routes
from tests.faults.table import note
from tests.notify import killing
from tests.notify.conftest import province, running, until  # noqa: F401 — a fixture

pytestmark = pytest.mark.faults

#: What the service does in turn, and whether it had taken the message.
WAYS = (
    ("taken", True),
    ("500", True),  # after it was taken: it cannot be known
    ("429", False),
    ("time-out", True),
    ("503", False),
    ("wrong body", True),
    ("slow", True),
    ("refused", False),
)
TIMEOUT, SLOW, PEOPLE = 2.0, 0.5, 80


class Service:
    """Answers in a different way each time, and remembers which references it took."""

    def __init__(self):
        outer = self
        self.taken, self.said, self.lock = Counter(), Counter(), threading.Lock()
        self.released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    way, took = WAYS[sum(outer.said.values()) % len(WAYS)]
                    outer.said[way] += 1
                    if took:
                        outer.taken[document["reference"]] += 1
                outer.answer(self, way)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, way):
        status, said = {
            "500": (500, b"oops"),
            "429": (429, b"{}"),
            "503": (503, b"{}"),
            "wrong body": (200, b"<html>welcome"),
            "refused": (200, b'{"code": "99"}'),
        }.get(way, (200, b'{"code": "00"}'))
        if way == "time-out":
            self.released.wait(60)  # until after the sender has given up
            return
        if way == "slow":
            self.released.wait(SLOW)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(said)))
        if way == "429":
            handler.send_header("Retry-After", "0")
        handler.end_headers()
        handler.wfile.write(said)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


async def test_a_service_that_fails_in_every_way(province, tmp_path, monkeypatch):  # noqa: F811 — the fixture
    monkeypatch.setattr(
        "notify.delivery.throttle.LONGEST_WAIT", 0.2
    )  # the service rests after each failure; the test need not
    service = Service()
    environment = killing.routes(tmp_path, "http", service.url)
    file = tmp_path / "routes.toml"
    other = tmp_path / "other"
    file.write_text(
        file.read_text().replace("[route.options]\n", f"[route.options]\ntimeout = {TIMEOUT}\n")
        + f'\n[[route]]\nname = "second"\nprovider = "file"\nrate = 5\noptions = {{ folder = "{other}" }}\n'
    )
    assert environment
    _, (station, _) = province.commune()
    for number in range(PEOPLE):
        province.subscriber(f"0912{number:06}")
    province.step(province.alert(station))
    try:
        async with running(province.url, routes=read_routes(file, None)):
            await until(lambda: len(province.messages()) == PEOPLE and killing.waiting(province) == 0, 200)
    finally:
        await asyncio.to_thread(service.close)
    states = Counter(row[2] for row in province.messages())
    by_file = {path.stem for path in other.glob("nv-*.txt")}
    assert sum(states.values()) == PEOPLE
    assert all(service.said[way] for way, _ in WAYS), service.said
    assert set(states) == {"sent", "doubtful"}, states
    twice = [name for name, times in service.taken.items() if times > 1] + sorted(by_file & service.taken.keys())
    assert not twice, "handed over twice"
    missing = PEOPLE - len(by_file | service.taken.keys())
    assert not missing
    assert states["doubtful"] == sum(service.said[way] for way in ("500", "time-out", "wrong body"))
    injected = "in turn: " + ", ".join(f"{way} {service.said[way]}" for way, _ in WAYS)
    note(
        "F27",
        "service fails in every way",
        injected,
        missing=0,
        handed_over_twice=0,
        by_the_next_route=len(by_file),
        **states,
    )
