"""Office: takes up what came back, carries out what people approved, gives broadcasts their voice, forgets in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from notify.delivery.route import Route
from notify.delivery.throttle import woken
from notify.dispatcher import FAILED
from notify.people import inbound
from notify.provider import Hear
from notify.publications import broadcast, bulletin, cap_publisher, withdrawal
from notify.settings import NotifySettings
from notify.texts import text_to_speech
from store.patience import ABSENT, Patience
from store.pool import Pool
from store.statements import statement
from telemetry.clock import Clock

#: How often raw messages of people past their time are emptied. [s]
FORGET = 3600.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Office:
    """Takes up what came back, carries out what people approved, gives broadcasts their voice, forgets in time."""

    pool: Pool
    clock: Clock
    settings: NotifySettings
    routes: dict[str, Route]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    published: asyncio.Event = field(default_factory=asyncio.Event)
    _forgot: float = 0.0
    #: When the first message in the feed expires.
    _feed_until: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        patience = Patience("office")
        while True:
            self.wake.clear()
            async with patience:
                await self.look()
            if patience.worked:
                await woken(self.wake, 1.0)

    async def look(self) -> None:
        """Do all that waits; a duty that fails is told, tried again, and holds up neither the others nor messages."""
        for duty in (self._hear, self._decide, self.feed, self._speak, self._clean, self._forget):
            try:
                await duty()
            except ABSENT:
                raise
            except Exception:
                FAILED.labels(duty.__name__.strip("_")).inc()
                _log.exception("the office could not do something", duty=duty.__name__.strip("_"))

    async def _hear(self) -> None:
        """Take up what came in."""
        while await inbound.take(self.pool, self.routes, self.clock.now()):
            pass

    async def _speak(self) -> None:
        """Give broadcasts their voice."""
        try:
            await broadcast.voice_all(self.pool, self.clock.now(), self.settings)
        except (text_to_speech.VoiceError, OSError) as error:
            FAILED.labels("speak").inc()
            _log.error("a broadcast has no audio", reason=str(error))

    async def _clean(self) -> None:
        """Take away what is not to be played any more."""
        await withdrawal.clean(self.pool, self.clock.now(), self.settings)

    async def _forget(self) -> None:
        """Empty raw messages of people past their time."""
        if time.monotonic() > self._forgot + FORGET:
            self._forgot = time.monotonic()
            async with self.pool.connection() as connection:
                await connection.execute(statement("inbound", "forget"), {"days": self.settings.inbound_days})

    async def feed(self) -> None:
        """Write the feed of warnings anew, if there is one that it does not name, or one in it has expired."""
        now = self.clock.now()
        if not self.published.is_set() and (self._feed_until is None or now < self._feed_until):
            return
        self.published.clear()
        try:
            async with self.pool.connection() as connection:
                self._feed_until = await cap_publisher.publish_feed(connection, now, self.settings)
        except BaseException:
            self.published.set()
            raise

    async def _decide(self) -> None:
        """Carry out what people decided since."""
        now = self.clock.now()
        async with self.pool.connection() as connection, connection.transaction():
            rows = await (await connection.execute(statement("bulletin", "decided"))).fetchall()
            for _, topic, state in rows:
                kind, _, number = topic.partition(":")
                if kind == "broadcast":
                    values = {"broadcast": int(number), "state": "ready" if state == "approved" else "refused"}
                    await connection.execute(statement("bulletin", "set_broadcast"), values)
                elif state == "approved":
                    await bulletin.release(connection, int(number), now, self.settings)
                else:
                    await connection.execute(statement("bulletin", "refuse"), {"bulletin": int(number)})


def keeper(connections: Pool, route: str) -> Hear:
    """Keeps what a route's provider hears by itself."""

    async def keep(content_type: str, payloads: Sequence[bytes]) -> None:
        values = {"route": route, "content_type": content_type, "payloads": list(payloads)}
        async with connections.connection() as connection, connection.transaction():
            await connection.execute(statement("inbound", "keep_all"), values)
            await connection.execute(statement("inbound", "wake"))

    return keep
