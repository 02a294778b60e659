"""Tells gateways their commands and configurations, and hears what they answer and say of their state."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
import psycopg
import structlog

from ingest.pack import Delivery
from ingest.pipeline import State
from ingest.registry import Registry
from ingest.subscription import Subscription
from store import downlink
from store.patience import Patience
from store.pool import Pool
from telemetry import topics
from telemetry.birth import Command, Config, Configured, Reply, decode, encode
from telemetry.topics import Kind

log = structlog.get_logger()

#: What waits for gateways is looked at again without being told [s].
LOOK_AGAIN = 15.0


class Downlink:
    """Of the gateways of one worker, over its live session."""

    def __init__(
        self, pool: Pool, state: State, registry: Registry, subscription: Subscription, shards: frozenset[str]
    ) -> None:
        self._pool, self._state, self._registry = pool, state, registry
        self._subscription, self._shards = subscription, shards
        self.orders = asyncio.Event()
        self._states: dict[str, bytes] = {}
        self._stated = asyncio.Event()

    async def hear(self, topic: topics.Topic, delivery: Delivery) -> None:
        """Take in what is no pack; the database is waited for, since births come before their readings."""
        if topic.kind is Kind.STATUS:
            if delivery.payload:
                self._states[topic.gateway] = delivery.payload
                self._stated.set()
            return
        await Patience(f"hear {topic.kind.value}").until(lambda: self._hear_or_refuse(topic, delivery.payload))

    async def _hear_or_refuse(self, topic: topics.Topic, payload: bytes) -> None:
        try:
            await self._hear(topic, payload)
        except (msgspec.DecodeError, ValueError, psycopg.DataError, psycopg.IntegrityError) as error:
            log.warning("refused", gateway=topic.gateway, kind=topic.kind.value, error=str(error)[:200])

    async def _hear(self, topic: topics.Topic, payload: bytes) -> None:
        if topic.kind is Kind.BIRTH:
            await self._registry.birth(topic.gateway, payload)
        elif topic.kind is Kind.REPLY:
            reply = decode(payload, Reply)
            outcome = "unconfirmed" if reply.evidence == "unconfirmed" else reply.outcome
            time = _moment(reply.time)
            async with self._pool.connection() as connection:
                await downlink.note_reply(connection, topic.gateway, reply.id, outcome, reply.detail[:1000], time)
        elif topic.kind is Kind.CONFIGURED and payload:
            said = decode(payload, Configured)
            what = (said.revision, said.outcome, said.reasons, _moment(said.time))
            async with self._pool.connection() as connection:
                await downlink.note_configured(connection, topic.gateway, *what)

    async def keep_states(self) -> None:
        """Write down the last status of every gateway, many at a time; an older one is of no interest."""
        patience = Patience("states")
        while True:
            await self._stated.wait()
            self._stated.clear()
            states, self._states = self._states, {}
            good = {code: text for code, payload in states.items() if (text := _json(payload)) is not None}
            async with patience:
                await self._keep(good)
            if not patience.worked:
                self._states = states | self._states
                self._stated.set()
            await asyncio.sleep(0.05)

    async def _keep(self, good: dict[str, str]) -> None:
        try:
            async with self._pool.connection() as connection:
                await downlink.note_statuses(connection, good, self._state.clock.now())
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            log.warning("status refused", gateways=sorted(good), error=" ".join(str(error).split())[:200])

    async def tell(self) -> None:
        """Publish commands and configurations that wait."""
        patience = Patience("orders")
        while True:
            try:
                async with asyncio.timeout(LOOK_AGAIN):
                    await self.orders.wait()
            except TimeoutError:
                pass
            self.orders.clear()
            await self._subscription.connected.wait()
            async with patience:
                await self._tell_commands()
                await self._tell_configs()
            if not patience.worked:
                self.orders.set()

    async def _tell_commands(self) -> None:
        now = self._state.clock.now()
        async with self._pool.connection() as connection:
            commands = await downlink.waiting_commands(connection)
        for one in commands:
            if topics.shard(one.code) not in self._shards:
                continue
            if one.expires <= now:
                async with self._pool.connection() as connection:
                    await downlink.expire_command(connection, one.id, now)
                continue
            order = Command(one.id, one.action, one.expires.isoformat(), one.arguments)
            if await self._subscription.say(topics.topic(one.code, Kind.COMMAND), encode(order)):
                async with self._pool.connection() as connection:
                    await downlink.note_command_told(connection, one.id)

    async def _tell_configs(self) -> None:
        async with self._pool.connection() as connection:
            configs = await downlink.waiting_configs(connection)
        for one in configs:
            if topics.shard(one.code) not in self._shards:
                continue
            payload = encode(Config(one.revision, one.toml))
            if await self._subscription.say(topics.topic(one.code, Kind.CONFIG), payload, retain=True):
                async with self._pool.connection() as connection:
                    await downlink.note_config_told(connection, one.gateway, one.revision)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"{text!r} has no time zone"
        raise ValueError(message)
    return moment.astimezone(UTC)


def _json(payload: bytes) -> str | None:
    """Text of a status if it is one; PostgreSQL's jsonb takes no NUL."""
    try:
        value = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return None
    text = payload.decode("utf-8", "replace")
    return text if isinstance(value, dict) and "\\u0000" not in text else None
