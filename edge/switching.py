"""Tells a relay to switch, and finds out whether it did."""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import Any, NamedTuple

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.action_settings import Relay
from edge.alarm import Knowledge
from edge.bus import Bus, BusError, RefusedError
from edge.payload import at

#: Longest wait for an answer of a coil, and beyond `Relay.answer` for a broker's connection [s].
COIL, CONNECTION = 1.0, 5.0


class SwitchError(Exception):
    """A relay that was not switched, or says that it stands otherwise."""


class Proof(NamedTuple):
    """What is known after switching."""

    knowledge: Knowledge
    detail: str = ""
    #: Whether the device can be asked how it stands.
    asks: bool = True


async def switch_coil(bus: Bus, relay: Relay, *, on: bool, not_after: float = math.inf) -> Proof:
    """Switch a coil and read it back; `BusError` or `SwitchError` where it was not switched."""
    await bus.write_coil(relay.unit, relay.coil, on=on, budget=COIL, not_after=not_after)
    try:
        found = await bus.read_coil(relay.unit, relay.coil, COIL)
    except BusError as error:
        asks = not (isinstance(error, RefusedError) and error.lasting)
        return Proof("unconfirmed", f"the device took the order, but its coil was not read back: {error}", asks)
    if found != on:
        raise SwitchError(f"the device took the order, but its coil reads {'on' if found else 'off'}")
    return Proof("confirmed")


async def switch_topic(arguments: dict[str, Any], relay: Relay, *, on: bool, not_after: float = math.inf) -> Proof:
    """Switch by a message; `OSError` or `SwitchError` where nobody took it, or the device says otherwise."""
    reasons: list[int] = []
    try:
        async with asyncio.timeout(relay.answer + CONNECTION):
            client = aiomqtt.Client(**arguments, protocol=aiomqtt.ProtocolVersion.V5)
            _listen(client._client, reasons)  # noqa: SLF001 — aiomqtt hides the reason of a PUBACK
            async with client:
                if relay.state_topic:
                    await client.subscribe(relay.state_topic, qos=1)
                if time.monotonic() > not_after:
                    raise SwitchError("the broker was not there in time; nothing was sent")
                await client.publish(relay.topic, relay.on if on else relay.off, qos=1, properties=_soon(relay))
                _judge(relay, reasons)
                return await _answered(client, relay, on=on)
    except TimeoutError as error:
        raise SwitchError(f"the broker did not answer within {relay.answer + CONNECTION:g} s") from error
    except aiomqtt.MqttError as error:
        raise OSError(str(error)) from error


def _soon(relay: Relay) -> Properties:
    """A device that is away must not carry it out when it comes back."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = max(math.ceil(relay.answer), 1)
    return properties


def _listen(paho: PahoClient, reasons: list[int]) -> None:
    hidden = paho.on_publish

    def on_publish(client: PahoClient, data: Any, mid: int, reason: Any, properties: Any) -> None:
        reasons.append(int(reason.value))
        if hidden is not None:
            hidden(client, data, mid, reason, properties)  # type: ignore[call-arg]

    paho.on_publish = on_publish


def _judge(relay: Relay, reasons: list[int]) -> None:
    reason = reasons[-1] if reasons else 0
    if reason == 0x10:
        raise SwitchError(f"nobody listens on {relay.topic}: is the device on, and at this broker?")
    if reason:
        raise SwitchError(f"the broker does not pass it on (reason {reason:#04x})")


async def _answered(client: aiomqtt.Client, relay: Relay, *, on: bool) -> Proof:
    if not relay.state_topic:
        return Proof("unconfirmed", "sent; the file names no state_topic on which the device says how it stands")
    said = ""
    try:
        async with asyncio.timeout(relay.answer):
            async for message in client.messages:
                found = None if message.retain else stands(relay, bytes(message.payload or b""))
                if found is on:
                    return Proof("confirmed")
                said = "off" if found is False else "on" if found else said
    except TimeoutError:
        pass
    if said:
        raise SwitchError(f"the device says that it is {said}")
    raise SwitchError(f"sent, but the device said nothing on {relay.state_topic} within {relay.answer:g} s")


def stands(relay: Relay, payload: bytes) -> bool | None:
    """Whether a message of the state topic says on or off; None where it says neither."""
    text: Any = payload.decode("utf-8", "replace").strip()
    if relay.state_key:
        try:
            text = at(json.loads(text), relay.state_key)
        except (ValueError, RecursionError):
            return None
    said = str(text).casefold()
    if said == (relay.on if relay.state_on is None else relay.state_on).casefold():
        return True
    return False if said == (relay.off if relay.state_off is None else relay.state_off).casefold() else None
