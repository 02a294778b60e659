"""A signed POST to a program, as Standard Webhooks has it, and never into a private network by mistake."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import time
from dataclasses import dataclass
from typing import Literal

import httpx
from pydantic import BaseModel, ConfigDict

from notify.provider import Heard, Kind, Later, Message, Never, Receipt, Sent

KINDS: frozenset[Kind] = frozenset({"webhook"})
#: Prefixes that carry an IPv4 address within (RFC 6052, 6to4): what they lead to is checked.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookOptions(BaseModel):
    """Table of a ``webhook`` route."""

    model_config = ConfigDict(extra="forbid")

    allow: tuple[str, ...] = ()  # networks beside the public ones, e.g. 10.20.0.0/16
    plain: bool = False  # whether http:// is allowed: only where the network itself is trusted
    timeout: float = 5.0


def signature(secret: str, name: str, moment: int, body: bytes) -> str:
    """Signature ``v1,…`` over id, time and body (Standard Webhooks 1.0, symmetric)."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = f"{name}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def reachable(address: Address, allow: tuple[str, ...] = ()) -> bool:
    """Whether a webhook may go there: public, or in a network that an operator allowed."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or _translated(address)
        if inner is not None:
            return reachable(inner, allow)
    if any(address in ipaddress.ip_network(network) for network in allow):
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None


@dataclass(slots=True)
class WebhookProvider:
    """Posts JSON; the receiver knows repeats by their ``webhook-id``. One that is away is no trouble of the others."""

    options: WebhookOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[True] = True

    async def open(self) -> None:
        """Nothing is held between messages."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, message: Message) -> Sent:
        """Post, to the very address that was checked."""
        url = httpx.URL(message.address)
        if url.scheme != "https" and not (url.scheme == "http" and self.options.plain):
            reason = "a webhook's address begins with https://"
            raise Never(reason)
        checked = await self._checked(url)
        body = json.dumps(_content(message), ensure_ascii=False).encode()
        headers = {"Host": url.netloc.decode(), "Content-Type": "application/json", **_signed(message, body)}
        try:
            async with httpx.AsyncClient(
                timeout=self.options.timeout, follow_redirects=False, trust_env=False
            ) as client:
                request = client.build_request("POST", url.copy_with(host=str(checked)), content=body, headers=headers)
                request.extensions["sni_hostname"] = url.host
                answer = await client.send(request, stream=True)
                await answer.aclose()  # what it says is nobody's business
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = f"the webhook cannot be reached: {type(error).__name__}"
            raise Later(reason, person=True) from error
        except httpx.HTTPError as error:
            reason = f"no answer from the webhook: {type(error).__name__}"
            raise Later(reason, unsure=True, person=True) from error
        return _understood(answer)

    async def find(self, reference: str) -> bool | None:
        """Say nothing: a receiver is not asked."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Refuse: a webhook says nothing back."""
        message = f"a webhook sends no receipts ({content_type}, {len(payload)} octets)"
        raise ValueError(message)

    async def _checked(self, url: httpx.URL) -> Address:
        """Address of the host, resolved once; every one it has must be allowed."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            reason = "the webhook's host cannot be found"
            raise Later(reason, person=True) from error
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
        if not addresses or not all(reachable(address, self.options.allow) for address in addresses):
            reason = "the webhook leads into a network that is not public; an operator may allow it in the route"
            raise Never(reason)
        return addresses[0]


def _content(message: Message) -> dict[str, object]:
    return {
        "type": "alert.message",
        "timestamp": message.at.isoformat(),
        "data": {
            "reference": message.reference,
            "hazard": message.hazard,
            "level": message.level,
            "place": message.place,
            "language": message.language,
            "title": message.title,
            "text": message.full,
            "expires": message.expires.isoformat(),
        },
    }


def _signed(message: Message, body: bytes) -> dict[str, str]:
    moment = int(time.time())  # real time: receivers refuse old signatures
    headers = {"webhook-id": message.reference, "webhook-timestamp": str(moment)}
    if message.secret:
        headers["webhook-signature"] = signature(message.secret, message.reference, moment, body)
    return headers


def _understood(answer: httpx.Response) -> Sent:
    status = answer.status_code
    if 200 <= status < 300:
        return Sent()
    if status == httpx.codes.GONE:
        reason = "the receiver wants no more (410)"
        raise Never(reason)
    reason = f"the webhook answered {status}"
    wait = answer.headers.get("retry-after", "")
    raise Later(reason, float(wait) if wait.isdigit() else None, unsure=True, person=True)
