"""What the doctor says of the ways by which messages leave: whether any leads out, and to whom warnings point."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from notify.delivery.route import RouteError, read_routes
from notify.settings import NotifySettings
from notify.texts import text_to_speech
from standalone.finding import Finding, Grade

HOW = "docs/messages.md, 'Routes'"


def messages(settings: NotifySettings, people: int) -> Iterator[Finding]:
    """Routes, the loudspeakers' voice, and addresses that warnings carry; ``people`` is how many wait for messages."""
    try:
        routes = read_routes(settings.routes, settings.messages)
    except RouteError as error:
        for problem in error.problems:
            yield Finding("wrong", "routes", problem, f"correct it: {HOW}")
        return
    out = [route.name for route in routes if route.table.provider != "file"]
    if out:
        yield Finding("fine", "routes", f"messages leave by {', '.join(out)}")
    else:
        grade: Grade = "wrong" if people and settings.routes is not None else "note"
        yield Finding(grade, "routes", "messages become files in a folder: nobody is sent any",
                      f"write a service into the file of NONGVU_ROUTES: {HOW}")  # fmt: skip
    if settings.loudspeakers is not None and not text_to_speech.installed():
        yield Finding("wrong", "loudspeakers", "espeak-ng or ffmpeg is missing: broadcasts get no voice",
                      "apt-get install espeak-ng ffmpeg")  # fmt: skip
    yield from _addresses(settings)


def _addresses(settings: NotifySettings) -> Iterator[Finding]:
    if settings.routes is None:  # one machine, nobody outside
        return
    if settings.cap_sender.endswith(".invalid"):
        yield Finding("note", "CAP", f"warnings bear the sender {settings.cap_sender}, who is nobody",
                      "set NONGVU_CAP_SENDER to a name of your own, such as nongvu.lang-son.example")  # fmt: skip
    if _only_here(urlsplit(settings.public_url).hostname or ""):
        yield Finding("note", "CAP", f"links of warnings lead to {settings.public_url}: each reader's own machine",
                      "set NONGVU_PUBLIC_URL to the address under which people reach the page")  # fmt: skip


def _only_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"", "localhost"}
