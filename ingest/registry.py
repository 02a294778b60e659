"""Keeps the directory as new as the tables: registrations, births, and what they cure of what was set aside."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
import structlog

from ingest import metrics
from ingest.directory import Directory, Entry
from ingest.pipeline import State
from ingest.reprocess import reprocess
from store import downlink
from store import gateway as gateways
from store.aside import curable_gateways
from store.gateway import Datastream
from store.patience import Patience
from store.pool import Pool
from telemetry import topics
from telemetry.birth import Birth, decode
from telemetry.instant import EPOCH, INSTANT
from telemetry.quantities import QUANTITIES
from telemetry.reason import CURABLE

log = structlog.get_logger()

#: The registry is looked at again without being told, in case a notification was lost [s].
LOOK_AGAIN = 30.0


class Registry:
    """Keeps `State.directory` right."""

    def __init__(self, pool: Pool, state: State, shards: frozenset[str]) -> None:
        self.pool, self.state, self._shards = pool, state, shards
        self.changed = asyncio.Event()
        self._births: dict[str, tuple[Birth, bytes]] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read everything anew."""
        async with self.pool.connection() as connection:
            found = await gateways.registry(connection, self.state.clock.now())
            heights = await gateways.high_water(connection)
        self.state.directory = Directory.of(found.gateways, found.stations, map(_entry, found.datastreams))
        water = self.state.water
        for datastream, moment in heights:
            water.hold(datastream)
            since = (moment - EPOCH) // INSTANT
            water.latest[datastream] = max(water.latest[datastream], since)

    async def keep(self) -> None:
        """Read anew whenever something was registered, and reprocess what that cures."""
        patience = Patience("registry")
        while True:
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await self.changed.wait()
            except TimeoutError:
                pass
            self.changed.clear()
            async with patience, self._turn:
                await self.load()
                await self._bear_again()
                await self._cure()
            if not patience.worked:
                self.changed.set()

    async def _cure(self) -> None:
        async with self.pool.connection() as connection:
            waiting = await curable_gateways(connection, CURABLE)
        for gateway in waiting:
            if topics.shard(gateway) in self._shards:
                await self._reprocess(gateway)

    async def _reprocess(self, gateway: str) -> None:
        count = await reprocess(self.pool, gateway, self.state)
        if count:
            metrics.REPROCESSED.inc(count)
            log.info("reprocessed", gateway=gateway, count=count)

    async def birth(self, gateway: str, payload: bytes) -> None:
        """Take a birth in: its datastreams and deployments, for the stations that were given to the gateway."""
        if not payload or self._births.get(gateway, (None, b""))[1] == payload:
            return
        try:
            birth = decode(payload, Birth)
            if datetime.fromisoformat(birth.time).tzinfo is None or birth.gateway != gateway:
                message = "its time has no zone, or it names another gateway"
                raise ValueError(message)
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("birth refused", gateway=gateway, error=str(error)[:200])
            return
        self._births[gateway] = birth, payload
        async with self._turn:
            if gateway not in self.state.directory.gateways:
                log.warning("birth waits", gateway=gateway, until="the gateway is registered")
                return
            await self._bear(gateway, birth, payload)
        await self._reprocess(gateway)

    async def _bear_again(self) -> None:
        """Births of gateways that were given further stations since they came."""
        directory = self.state.directory
        for gateway, (birth, payload) in list(self._births.items()):
            if gateway in directory.gateways and any(
                directory.stations.get(station.code, (0, None))[1] == gateway
                and Entry(0, station.code, row.quantity, row.level).name not in directory.names
                for station in birth.stations
                for row in station.datastreams
                if row.quantity in QUANTITIES
            ):
                await self._bear(gateway, birth, payload)

    async def _bear(self, gateway: str, birth: Birth, payload: bytes) -> None:
        directory = self.state.directory
        own = {code: id_ for code, (id_, owner) in directory.stations.items() if owner == gateway}
        async with self.pool.connection() as connection, connection.transaction():
            await downlink.born(connection, directory.gateways[gateway], msgspec.json.decode(payload))
            count, refused = await gateways.bear(connection, birth, datetime.fromisoformat(birth.time), own)
            found = await gateways.datastreams_of(connection, list(own.values()))
        directory.extend(map(_entry, found))
        log.info("birth", gateway=gateway, datastreams=count, refused=refused or None, firmware=birth.firmware)


def _entry(row: Datastream) -> Entry:
    return Entry(row.id, row.station, row.quantity, row.level, row.estimated, row.minimum, row.maximum, row.interval)
