"""Credentials and rights in mosquitto's plugin: a role a gateway, its own topics only."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import queue
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from telemetry.topics import API_GATEWAY, CLOCK, HEARD_BY_GATEWAY, ROOT, SAID_BY_GATEWAY, topic

CONTROL = "$CONTROL/dynamic-security/v1"
#: Rounds of PBKDF2-HMAC-SHA512: the plugin's own number; passwords are random, 192 bits.
ROUNDS = 101
#: How long the broker may take to answer [s].
PATIENCE = 10.0


class BrokerRefusedError(Exception):
    """The broker did not do what it was asked; says why."""


def may(kind: str, *topics: str) -> list[dict[str, Any]]:
    """Access rules of one kind."""
    return [{"acltype": kind, "topic": name, "allow": True, "priority": 0} for name in topics]


def gateway_rules(code: str) -> list[dict[str, Any]]:
    """What a gateway may say and hear: its own literal topics, and the replayed clock."""
    said = [topic(code, kind) for kind in SAID_BY_GATEWAY]
    heard = [CLOCK, *(topic(code, kind) for kind in HEARD_BY_GATEWAY)]
    return [*may("publishClientSend", *said), *may("subscribeLiteral", *heard), *may("publishClientReceive", *heard)]


def server_rules(role: str) -> list[dict[str, Any]]:
    """Access rules of a role of the platform's own processes; none of a role that may nothing."""
    return _server_roles().get(role, [])


def _server_roles() -> dict[str, list[dict[str, Any]]]:
    said = [f"{ROOT}/+/+/{kind.value}" for kind in SAID_BY_GATEWAY]
    heard = [f"{ROOT}/+/+/{kind.value}" for kind in HEARD_BY_GATEWAY]
    return {
        "ingest": [
            *may("subscribePattern", f"{ROOT}/#"),
            *may("publishClientReceive", *said, CLOCK),
            *may("publishClientSend", *heard),
        ],
        "api": gateway_rules(API_GATEWAY),
        "clock-reader": [*may("subscribeLiteral", CLOCK), *may("publishClientReceive", CLOCK)],
        "standalone": [
            *may("publishClientSend", CLOCK),
            *may("subscribePattern", f"{ROOT}/#"),
            *may("publishClientReceive", f"{ROOT}/+/+/status", CLOCK),
        ],
        # the broker's health check: that it hears its own uptime
        "health": [
            *may("subscribeLiteral", "$SYS/broker/uptime"),
            *may("publishClientReceive", "$SYS/broker/uptime"),
        ],
        "administrator": [
            *may("publishClientSend", f"{CONTROL}"),
            *may("subscribePattern", "$CONTROL/dynamic-security/#"),
            *may("publishClientReceive", "$CONTROL/dynamic-security/#"),
        ],
    }


def _client(name: str, password: str, role: str) -> dict[str, Any]:
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return {
        "username": name,
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ROUNDS,
        "roles": [{"rolename": role}],
    }


def initial(administrator: str, password: str, users: dict[str, tuple[str, str]]) -> str:
    """Text of the plugin's file for a new broker: the administrator, and users as name → (password, role)."""
    document = {
        "defaultACLAccess": {"publishClientSend": False, "publishClientReceive": False, "subscribe": False,
                             "unsubscribe": True},
        "roles": [{"rolename": name, "acls": rules} for name, rules in _server_roles().items()],
        "clients": [_client(administrator, password, "administrator"),
                    *[_client(name, word, role) for name, (word, role) in users.items()]],
    }  # fmt: skip
    return json.dumps(document, indent=1)


def write_initial(file: Path, administrator: str, users: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Make the plugin's file of a new broker with random passwords, and return them: user → password.

    ``users`` are names and roles (ingest, api, clock-reader, standalone, health), e.g. ``("ingest-0-live", "ingest")``.
    """
    words = {name: secrets.token_urlsafe(24) for name in [administrator, *(name for name, _ in users)]}
    text = initial(administrator, words[administrator], {name: (words[name], role) for name, role in users})
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    return words


class Control:
    """A conversation with the plugin, as its administrator."""

    def __init__(self, address: dict[str, Any]) -> None:
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._state: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.username_pw_set(address.get("username"), address.get("password"))
        if "tls_context" in address:
            self._client.tls_set_context(address["tls_context"])
        self._client.on_message = self._heard
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._state.put(
            str(reason) if reason.is_failure else ""
        )
        self._client.on_subscribe = lambda *_: self._state.put("")
        self._where = address["hostname"], address["port"]

    def __enter__(self) -> Self:
        """Connect and listen for answers."""
        try:
            self._client.connect(*self._where)
        except OSError as error:
            raise BrokerRefusedError(
                f"cannot reach the broker at {self._where[0]}:{self._where[1]}: {error}"
            ) from error
        self._client.loop_start()
        self._expect("connect")
        self._client.subscribe(f"{CONTROL}/response", qos=1)
        self._expect("subscribe")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _expect(self, step: str) -> None:
        try:
            problem = self._state.get(timeout=PATIENCE)
        except queue.Empty:
            problem = "no answer"
        if problem:
            self._client.loop_stop()
            raise BrokerRefusedError(
                f"the broker refused to {step}: {problem}; is NONGVU_MQTT_ADMIN its administrator?"
            )

    def _heard(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        for answer in json.loads(message.payload).get("responses", ()):
            self._answers.put(answer)

    def ask(self, command: str, *, fine: Sequence[str] = (), **fields: Any) -> None:
        """Ask for one thing; refusals listed in ``fine`` (e.g. that it is so already) are none."""
        number = secrets.token_hex(8)
        order = {"command": command, "correlationData": number, **fields}
        self._client.publish(CONTROL, json.dumps({"commands": [order]}), qos=1)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._answers.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                message = f"{command}: no answer: does the broker have the dynamic-security plugin?"
                raise BrokerRefusedError(message) from None
            if answer.get("correlationData") == number:
                break
        problem = answer.get("error")
        if problem and problem not in fine:
            raise BrokerRefusedError(f"{command}: {problem}")

    def put_gateway(self, code: str) -> str:
        """Admit a gateway with a new password, which is returned and kept nowhere else."""
        password, role = secrets.token_urlsafe(24), f"gateway-{code}"
        self.ask("createRole", fine=("Role already exists",), rolename=role)
        self.ask("modifyRole", rolename=role, acls=gateway_rules(code))
        self.ask("createClient", fine=("Client already exists",), username=code, password=password)
        self.ask("modifyClient", username=code, password=password, roles=[{"rolename": role}])
        self.ask("enableClient", username=code)
        return password

    def rotate(self, code: str) -> str:
        """Give a gateway a new password; its connection ends, and its next needs the new one."""
        password = secrets.token_urlsafe(24)
        self.ask("setClientPassword", username=code, password=password)
        return password

    def revoke(self, code: str) -> None:
        """Shut a gateway out; its connection ends at once."""
        self.ask("disableClient", fine=("Client not found",), username=code)
