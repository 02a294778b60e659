"""HTTP: an SMS or Zalo service described as data: what its request looks like, what its answer means."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal
from xml.sax.saxutils import escape

import httpx
from pydantic import BaseModel, ConfigDict, Field

from notify.message import fold
from notify.provider import Doubt, Heard, Kind, Later, Message, Never, Receipt, Sent

_PLACE = re.compile(r"\{(\w+)\}")


class Answer(BaseModel):
    """What an answer's body means."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = "json"
    code: str = ""  # path of the code, parts divided by dots; of text: a pattern with one group
    ok: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()  # this reference was taken before: it was sent
    id: str = ""
    reason: str = ""


class Callback(BaseModel):
    """How a receipt, or a person's message, looks when the service calls back."""

    model_config = ConfigDict(extra="forbid")

    id: str = ""
    state: str = ""
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    sender: str = ""
    text: str = ""


class HttpOptions(BaseModel):
    """Table of an ``http`` route; a preset fills in what it leaves out."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    title: str = ""
    source: str = ""
    method: Literal["GET", "POST", "PUT"] = "POST"
    url: str = Field(pattern=r"^https?://")
    headers: dict[str, str] = {}
    format: Literal["json", "form", "query", "text"] = "json"
    body: Any = None
    number: Literal["e164", "84", "national"] = "84"
    accents: bool = True  # false: the service takes plain text only
    forbidden: str = ""  # signs that the service cannot take
    longest: int | None = None
    idempotent: bool = False
    timeout: float = Field(20.0, gt=0)
    needs: tuple[str, ...] = ()
    values: dict[str, str] = Field(default={}, repr=False)
    answer: Answer = Answer()
    callback: Callback = Callback()


def options(table: Mapping[str, Any]) -> HttpOptions:
    """Options of a route's table laid over its preset, with every value that the preset needs."""
    given = dict(table)
    preset = given.pop("preset", None)
    if preset is not None:
        if preset not in presets():
            message = f"there is no preset {preset!r}; there are {', '.join(presets())}"
            raise ValueError(message)
        given = _laid_over(_preset(preset), given)
    values = given.get("values", {})
    missing = [name for name in given.get("needs", ()) if not values.get(name)]
    if missing:
        message = f"values.{', values.'.join(missing)} missing"
        raise ValueError(message)
    if isinstance(given.get("url"), str):
        given["url"] = _filled(given["url"], values, str)
    return HttpOptions.model_validate(given)


def presets() -> list[str]:
    """Names of the presets."""
    folder = files("notify.providers") / "presets"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def _preset(name: str) -> dict[str, Any]:
    return tomllib.loads((files("notify.providers") / "presets" / f"{name}.toml").read_text(encoding="utf-8"))


def _laid_over(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _laid_over(under[key], over[key]) for key in under.keys() & over.keys() if isinstance(over[key], dict)}
    return under | dict(over) | both


@dataclass(slots=True)
class HttpProvider:
    """Asks a service, and reads its answer as the route's table says."""

    options: HttpOptions
    transport: httpx.AsyncBaseTransport | None = None
    kinds: frozenset[Kind] = frozenset({"phone"})
    _client: httpx.AsyncClient | None = field(default=None)

    @property
    def idempotent(self) -> bool:
        """Whether the service itself refuses a reference that it took before."""
        return self.options.idempotent

    async def open(self) -> None:
        """Make the client; it connects when needed."""
        self._client = httpx.AsyncClient(timeout=self.options.timeout, transport=self.transport, follow_redirects=False)

    async def close(self) -> None:
        """End its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def send(self, message: Message) -> Sent:
        """Ask the service."""
        if self._client is None:
            await self.open()
        assert self._client is not None  # noqa: S101 — made just above
        request = self._request(self._client, message)
        try:
            answer = await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reason = f"the service cannot be reached: {type(error).__name__}"
            raise Later(reason) from error
        except httpx.HTTPError as error:
            raise self._unsure(f"no answer: {type(error).__name__}") from error
        return self._understood(answer, message)

    async def find(self, reference: str) -> bool | None:
        """Say nothing: no preset's service tells by our reference."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Read what the service posted to the callback: JSON or a form."""
        document = _document(content_type, payload)
        callback = self.options.callback
        if callback.text and _found(document, callback.text):
            return [Heard(str(_found(document, callback.sender)), str(_found(document, callback.text)))]
        if not callback.id or not (known_as := _found(document, callback.id)):
            message = "names no message: set callback.id of the route"
            raise ValueError(message)
        state = str(_found(document, callback.state))
        if state in callback.delivered:
            return [Receipt(str(known_as), "delivered", state)]
        return [Receipt(str(known_as), "failed" if state in callback.failed else "underway", state)]

    def _request(self, client: httpx.AsyncClient, message: Message) -> httpx.Request:
        options = self.options
        values = self._values(message)
        headers = {name: _filled(text, values, str) for name, text in options.headers.items()}
        if options.format == "json":
            content = json.dumps(_tree(options.body, values), ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
            return client.build_request(options.method, options.url, content=content, headers=headers)
        if options.format == "text":
            content = _filled(str(options.body), values, escape).encode()
            return client.build_request(options.method, options.url, content=content, headers=headers)
        fields = {name: _filled(str(text), values, str) for name, text in (options.body or {}).items()}
        if options.format == "query":
            return client.build_request(options.method, options.url, params=fields, headers=headers)
        return client.build_request(options.method, options.url, data=fields, headers=headers)

    def _values(self, message: Message) -> dict[str, str]:
        options = self.options
        text = message.text if options.accents else fold(message.text)
        text = "".join(" " if sign in options.forbidden else sign for sign in text)
        if options.longest is not None and len(text) > options.longest:
            reason = f"the service takes {options.longest} signs, the text has {len(text)}"
            raise Never(reason)
        wide = "1" if options.accents and message.coding == "ucs2" else "0"
        basic = base64.b64encode(f"{options.values.get('token', '')}:x".encode()).decode()
        return options.values | {
            "text": text,
            "number": _number(message.address, options.number),
            "reference": message.reference,
            "unicode": wide,
            "basic": basic,
            "title": message.title,
            "place": message.place,
            "hazard": message.hazard,
        }

    def _understood(self, answer: httpx.Response, message: Message) -> Sent:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            reason, wait = "the service throttles", answer.headers.get("retry-after", "")
            raise Later(reason, float(wait) if wait.isdigit() else None)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            reason = "the service is out of order"
            raise Later(reason)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._unsure(f"the service answered {answer.status_code}")
        if answer.status_code >= httpx.codes.MULTIPLE_CHOICES:
            reason = f"the service answered {answer.status_code}: check the route's address and keys"
            raise Later(reason)
        return self._meant(answer, message)

    def _meant(self, answer: httpx.Response, message: Message) -> Sent:
        meaning = self.options.answer
        if not meaning.code:
            return Sent((), message.segments)
        try:
            document: Any = answer.text if meaning.format == "text" else answer.json()
        except ValueError as error:
            raise self._unsure("the service's answer cannot be read") from error
        code = str(_found(document, meaning.code))
        if code in meaning.ok or code in meaning.repeated:
            known_as = _found(document, meaning.id) if meaning.id else ""
            return Sent((str(known_as),) if known_as else (), message.segments)
        if not code:
            raise self._unsure("the service's answer does not say how it went")
        reason = f"the service refused with {code}: {_found(document, meaning.reason) if meaning.reason else ''}"
        if code in meaning.never:
            raise Never(reason)
        raise Later(reason)

    def _unsure(self, reason: str) -> Exception:
        return Later(reason, unsure=True) if self.options.idempotent else Doubt(reason)


def _number(address: str, form: str) -> str:
    if form == "national" and address.startswith("+84"):
        return "0" + address[3:]
    return address if form == "e164" else address.lstrip("+")


def _filled(template: str, values: Mapping[str, str], dressed: Any) -> str:
    return _PLACE.sub(lambda found: dressed(values[found[1]]) if found[1] in values else found[0], template)


def _tree(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _tree(item, values) for key, item in node.items()}
    if isinstance(node, list):
        return [_tree(item, values) for item in node]
    return _filled(node, values, str) if isinstance(node, str) else node


def _found(document: Any, path: str) -> Any:
    """Value at a path of a document, or by a pattern in a text; empty where there is none."""
    if isinstance(document, str):
        match = re.search(path, document)
        return match[1] if match else ""
    for part in path.split("."):
        if isinstance(document, list):
            document = document[int(part)] if part.isdigit() and int(part) < len(document) else None
        else:
            document = document.get(part) if isinstance(document, dict) else None
    return "" if document is None else document


def _document(content_type: str, payload: bytes) -> Any:
    if "json" in content_type or payload.lstrip()[:1] in {b"{", b"["}:
        return json.loads(payload)
    return dict(httpx.QueryParams(payload.decode("utf-8")))
