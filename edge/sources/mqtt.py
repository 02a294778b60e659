"""Hears devices behind a local broker (ChirpStack, The Things Stack, Zigbee2MQTT, Tasmota, ESPHome, plain JSON)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import aiomqtt
import structlog

from edge.push_settings import MqttSource
from edge.sources.messenger import Messenger
from telemetry.broker import address

log = structlog.get_logger(__name__)

Taken = Callable[[Messenger, str, bytes], None]


def arguments_of(settings: MqttSource) -> dict[str, Any]:
    """How the local broker is reached."""
    password = settings.password_file.read_text().strip() if settings.password_file else None
    return address(settings.url, settings.user, password, authority=settings.authority)


async def listen(settings: MqttSource, devices: Sequence[tuple[str, Messenger]], taken: Taken, gateway: str) -> None:
    """Hand over every message of the devices (topic filter, device) until cancelled; reconnect by itself."""
    said = ""
    while True:
        try:
            async with aiomqtt.Client(
                **arguments_of(settings), identifier=f"{gateway}-{settings.name}", protocol=aiomqtt.ProtocolVersion.V5
            ) as client:
                for name in sorted({name for name, _ in devices}):
                    await client.subscribe(name, qos=1)
                log.info("local broker", source=settings.name, devices=len(devices))
                said = ""
                async for message in client.messages:
                    if message.retain:
                        continue  # an old value is no new reading
                    for name, device in devices:
                        if message.topic.matches(name):
                            taken(device, str(message.topic), bytes(message.payload or b""))
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            if str(error) != said:  # once, not every two seconds for days
                log.warning("local broker away", source=settings.name, error=str(error))
            said = str(error)
            await asyncio.sleep(2.0)
