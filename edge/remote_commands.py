"""Carries out commands from the server, each at most once and never after it expired, and replies."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from edge.actuation import ActionError, Actuation
from edge.outbox import Outbox
from telemetry.birth import Command, Reply, decode, encode

log = structlog.get_logger(__name__)

_MEMORY, _REPLIES = "orders", "replies"
#: Replies that wait for the broker; more orders than these never come between two connections.
_WAITING = 100
#: How long an order's number is remembered after it expired; a broker may repeat it that late.
_REMEMBERED = timedelta(days=1)

Say = Callable[[bytes], Awaitable[bool]]


class Orders:
    """What the server asked for."""

    def __init__(
        self, outbox: Outbox, actuation: Actuation, now: Callable[[], datetime], say: Say,
        read_now: Callable[[], None], restart: Callable[[], None], right: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._outbox, self._actuation, self._now, self._say = outbox, actuation, now, say
        self._read_now, self._restart, self._right = read_now, restart, right
        #: The order in hand, whose reply is not known yet.
        self._in_hand = ""

    async def hear(self, _: str, payload: bytes) -> None:
        """Carry out one order and answer it; its reply waits on the card until the broker has it."""
        try:
            command = decode(payload, Command)
        except msgspec.MsgspecError as error:
            log.warning("order not understood", error=str(error))
            return
        self._in_hand = command.id
        try:
            outcome, detail = await self._carried_out(command)
            log.info("order", id=command.id, action=command.action, outcome=outcome, detail=detail)
            if outcome != "repeated" or command.id not in self._replies():
                await self._outbox.remember(self._with_reply(command, outcome, detail))
        finally:
            self._in_hand = ""
        try:
            await self.answer()
        finally:
            if command.action == "restart" and outcome == "done":
                self._restart()

    async def answer(self) -> None:
        """Say the replies that no broker has taken yet."""
        for number, reply in self._replies().items():
            if number != self._in_hand and await self._say(reply):
                rest = {key: value for key, value in self._replies().items() if (key, value) != (number, reply)}
                await self._outbox.remember({_REPLIES: msgspec.msgpack.encode(rest)})

    async def _carried_out(self, command: Command) -> tuple[Any, str]:
        now = self._now()
        try:
            expires = datetime.fromisoformat(command.expires)
            expires = expires if expires.tzinfo else expires.replace(tzinfo=UTC)
        except ValueError:
            return "refused", f"expires {command.expires!r} is no ISO 8601 time"
        known = self._known()
        if command.id in known:
            return "repeated", "was answered before"
        if now > expires:
            return "expired", f"expired {command.expires}"
        if command.action != "read_now" and not self._right():
            return "refused", "the gateway does not know the time yet, nor whether the order has expired"
        known = {key: end for key, end in known.items() if end > (now - _REMEMBERED).timestamp()}
        known[command.id] = expires.timestamp()
        # noted before it is done: a crash in between must not do it twice, nor leave it without an answer
        unknown = self._with_reply(command, "failed", "the gateway stopped in the midst of it; it may have been done")
        await self._outbox.remember({_MEMORY: msgspec.msgpack.encode(known), **unknown})
        return await self._done(command, time.monotonic() + (expires - now).total_seconds())

    async def _done(self, command: Command, not_after: float) -> tuple[Any, str]:
        if command.action == "read_now":
            self._read_now()
            return "done", ""
        if command.action == "restart":
            return "done", ""
        relay, on = command.arguments.get("relay"), command.arguments.get("on")
        seconds = command.arguments.get("seconds")
        if not isinstance(relay, str) or not isinstance(on, bool):
            return "refused", "set_relay needs relay (name) and on (true or false)"
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0):
            return "refused", "seconds must be a number above 0"
        try:
            proof = await self._actuation.order(
                relay, on=on, seconds=seconds, why=f"order {command.id}", not_after=not_after
            )
        except ActionError as error:
            return "failed", str(error)
        return ("done", "") if proof.knowledge == "confirmed" else ("unconfirmed", proof.detail)

    def _replies(self) -> dict[str, bytes]:
        stored = self._outbox.memory.get(_REPLIES)
        return msgspec.msgpack.decode(stored, type=dict[str, bytes]) if stored else {}

    def _with_reply(self, command: Command, outcome: Any, detail: str) -> dict[str, bytes]:
        replies = self._replies()
        reply = Reply(command.id, outcome, self._now().isoformat(), detail)
        if outcome == "unconfirmed":
            text = f"sent, unconfirmed: {detail}"
            reply = Reply(command.id, "failed", reply.time, text, evidence="unconfirmed")
        elif outcome == "done" and command.action == "set_relay":
            reply = Reply(command.id, "done", reply.time, detail, evidence="confirmed")
        replies[command.id] = encode(reply)
        return {_REPLIES: msgspec.msgpack.encode(dict(list(replies.items())[-_WAITING:]))}

    def _known(self) -> dict[str, float]:
        stored = self._outbox.memory.get(_MEMORY)
        return msgspec.msgpack.decode(stored, type=dict[str, float]) if stored else {}
