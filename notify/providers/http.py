"""An SMS or Zalo service described as data: what its request looks like, what its answer means."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, Literal
from xml.sax.saxutils import escape

import httpx
from pydantic import BaseModel, ConfigDict, Field

from notify.provider import Doubt, Elsewhere, Heard, Kind, Later, Message, Never, NotSent, Receipt, Sent
from notify.providers.service_response import (
    Answer,
    AnswerExample,
    Callback,
    ReceiptExample,
    Said,
    answered,
    is_page,
    posted,
)
from notify.texts.sms_segments import fold

#: References of which a process remembers what became of them.
REMEMBERED = 10_000
#: The longest that a service is left alone because it says so; what is longer is a moment, not seconds. [s]
LONGEST_WAIT = 3600.0
_PLACE = re.compile(r"\{(\w+)\}")


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
    remembers: float | None = Field(None, gt=0)  # hours for which the service knows a reference
    optional: tuple[str, ...] = ()  # values whose field is left out where they are empty
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


def examples(preset: str) -> tuple[list[AnswerExample], list[ReceiptExample]]:
    """Worked examples of a preset: answers and receipts as the documents print them."""
    document = _read(preset)
    return (
        [AnswerExample.model_validate(entry) for entry in document.get("examples", ())],
        [ReceiptExample.model_validate(entry) for entry in document.get("receipts", ())],
    )


def _preset(name: str) -> dict[str, Any]:
    return {key: value for key, value in _read(name).items() if key not in {"examples", "receipts"}}


def _read(name: str) -> dict[str, Any]:
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
    #: What became of the last references in this process: "unsure", "refused", "taken".
    _tries: dict[str, set[str]] = field(default_factory=dict)

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
        self._remembered(message)
        try:
            sent = await self._asked(self._client, self._request(self._client, message), message)
        except Later as failure:
            self._note(message.reference, "unsure" if failure.unsure else "refused")
            raise
        except NotSent:
            self._note(message.reference, "refused")
            raise
        self._note(message.reference, "taken")
        return sent

    async def _asked(self, client: httpx.AsyncClient, request: httpx.Request, message: Message) -> Sent:
        try:
            answer = await client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reason = f"the service cannot be reached: {type(error).__name__}"
            raise Later(reason) from error
        except httpx.HTTPError as error:
            raise self._unsure(f"no answer: {type(error).__name__}") from error
        return self._understood(answer, message)

    def _remembered(self, message: Message) -> None:
        """Refuse to repeat what the service may have taken and has forgotten by now."""
        hours, since = self.options.remembers, message.unsure_since
        if hours is not None and since is not None and datetime.now(UTC) - since >= timedelta(hours=hours):
            reason = f"a try of more than {hours:g} hours ago may have been taken, and the service forgets after that"
            raise Doubt(reason)

    def _note(self, reference: str, outcome: str) -> None:
        self._tries.setdefault(reference, set()).add(outcome)
        while len(self._tries) > REMEMBERED:
            del self._tries[next(iter(self._tries))]

    async def find(self, reference: str) -> bool | None:
        """Say nothing: no preset's service tells by our reference."""
        del reference
        return None

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Read what the service posted to the callback: JSON or a form."""
        return [self.options.callback.read(entry) for entry in posted(content_type, payload)]

    def _request(self, client: httpx.AsyncClient, message: Message) -> httpx.Request:
        options = self.options
        values = self._values(message)
        headers = {name: _filled(text, values, str) for name, text in options.headers.items()}
        if options.format == "json":
            content = json.dumps(_tree(options.body, values, options.optional), ensure_ascii=False).encode()
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
            raise Elsewhere(reason)
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
            reason = "the service throttles"
            raise Later(reason, _wait(answer.headers))
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            reason = "the service is out of order"
            raise Later(reason, _wait(answer.headers))
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._unsure(f"the service answered {answer.status_code}")
        said, known_as, words = self._meant(answer)
        if answer.status_code >= httpx.codes.MULTIPLE_CHOICES:  # by its status not taken, whatever the body says
            words = f"the service answered {answer.status_code}: check the route's address and keys ({words})"
            said = said if said in {"never", "elsewhere", "person"} else "later"
        if said == "taken":
            return Sent((known_as,) if known_as else (), message.segments)
        if said == "repeated":
            return self._repeated(message, known_as, words)
        raise self._refusal(said, words)

    def _meant(self, answer: httpx.Response) -> tuple[Said, str, str]:
        meaning = self.options.answer
        if not meaning.code:
            return ("unclear", "", "a page for people") if is_page(answer.text) else ("taken", "", "")
        try:
            document = answered(meaning.format, answer.text)
        except ValueError:
            return "unclear", "", "the service's answer cannot be read"
        return meaning.meant(document)

    def _repeated(self, message: Message, known_as: str, words: str) -> Sent:
        """Tell whether the service knows the reference from a try that may have been taken, or from a refused one."""
        tries = self._tries.get(message.reference, set())
        maybe = message.unsure_since is not None or bool(tries & {"unsure", "taken"})
        if maybe and "refused" not in tries:
            return Sent((known_as or message.reference,), message.segments)
        if maybe:
            raise self._unsure(f"{words}: it may know the reference from a request that it refused")
        reason = f"{words}: it knows the reference, but has taken no try of ours"
        raise Later(reason)

    def _refusal(self, said: Said, words: str) -> Exception:
        if said == "unclear":
            return self._unsure(words)
        reason = f"the service refused with {words}"
        kinds: dict[str, type[Elsewhere | Never]] = {"elsewhere": Elsewhere, "never": Never}
        return kinds[said](reason) if said in kinds else Later(reason, person=said == "person")

    def _unsure(self, reason: str) -> Exception:
        return Later(reason, unsure=True) if self.options.idempotent else Doubt(reason)


def _number(address: str, form: str) -> str:
    if form == "national" and address.startswith("+84"):
        return "0" + address[3:]
    return address if form == "e164" else address.lstrip("+")


def _filled(template: str, values: Mapping[str, str], dressed: Any) -> str:
    return _PLACE.sub(lambda found: dressed(values[found[1]]) if found[1] in values else found[0], template)


def _tree(node: Any, values: Mapping[str, str], optional: tuple[str, ...] = ()) -> Any:
    if isinstance(node, dict):
        left_out = {f"{{{name}}}" for name in optional if not values.get(name)}
        given = {key: item for key, item in node.items() if not (isinstance(item, str) and item in left_out)}
        return {key: _tree(item, values, optional) for key, item in given.items()}
    if isinstance(node, list):
        return [_tree(item, values, optional) for item in node]
    return _filled(node, values, str) if isinstance(node, str) else node


def _wait(headers: httpx.Headers) -> float | None:
    """Seconds that a service asks for."""
    for name in ("retry-after", "x-rate-limit-reset"):
        if headers.get(name, "").isdigit() and float(headers[name]) <= LONGEST_WAIT:
            return float(headers[name])
    return None
