"""Paging: pages by key, never by offset, linked as RFC 8288 says."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.answer import json_answer
from api.problems import Problem

Item = TypeVar("Item")
#: Before everything and after everything that can be asked for.
EARLIEST = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
LATEST = datetime.fromisoformat("9999-12-30T00:00:00+00:00")


class Page(BaseModel, Generic[Item]):
    """A page of items, and where the next one is."""

    items: list[Item]
    next: str | None = Field(None, description="address of the next page; null on the last")


def cursor(*key: Any) -> str:
    """Opaque text for the key of the last item of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def key(text: str | None, *kinds: Any) -> tuple[Any, ...] | None:
    """Key of a cursor's text, checked against the kinds of its parts; None without a cursor."""
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return tuple(msgspec.json.decode(raw, type=tuple[kinds]))  # type: ignore[valid-type]
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Problem(422, "cursor: take it unchanged from the link to the next page") from None


def page(
    request: Request, items: list[Any] | msgspec.Raw, following: str | None, headers: dict[str, str] | None = None
) -> Response:
    """JSON page with its ``Link`` header; items may come as JSON."""
    link = str(request.url.include_query_params(cursor=following)) if following else None
    headers = dict(headers or {})
    if link:
        headers["Link"] = f'<{link}>; rel="next"'
    return json_answer(request, {"items": items, "next": link}, headers)
