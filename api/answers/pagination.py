"""Pages by key, never by offset, linked as RFC 8288 says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from api.answers.columns import as_columns, as_csv, kinds
from api.answers.formats import STREAMED, Format, FormatAsked, media_type, wanted
from api.protocol.etag import json_answer, tagged
from api.protocol.problems import Problem

Item = TypeVar("Item")
#: Before everything and after everything that can be asked for.
EARLIEST = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
LATEST = datetime.fromisoformat("9999-12-30T00:00:00+00:00")


class Page(BaseModel, Generic[Item]):
    """A page of items, and where the next one is."""

    items: list[Item]
    next: str | None = Field(None, description="address of the next page; null on the last")


def cursor(*key: object) -> str:
    """Opaque text for the key of the last item of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def key(text: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Key of a cursor's text, checked against the kinds of its parts; None without a cursor."""
    if not text:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return tuple(msgspec.json.decode(raw, type=tuple[kinds]))  # type: ignore[valid-type]
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Problem(422, "cursor: take it unchanged from the link to the next page") from None


async def shape_of(request: Request, form: FormatAsked = None) -> Format:
    """Format of a page, as asked or accepted."""
    return wanted(request, form)


Shape = Annotated[Format, Depends(shape_of)]


def shapes(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Answers of a list, for the OpenAPI document."""
    listed: object = Page[model]  # type: ignore[valid-type]
    return {200: {"model": listed, "content": STREAMED}, 304: {"description": "Not changed"}}


def page(
    request: Request,
    items: Sequence[Mapping[str, object]] | msgspec.Raw,
    following: str | None,
    shape: Format = "json",
    model: type[BaseModel] | None = None,
) -> Response:
    """A page with its ``Link`` header; items may come as JSON, and go as the columns of their model."""
    link = str(request.url.include_query_params(cursor=following)) if following else None
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    if shape == "json" or model is None:
        return json_answer(request, {"items": items, "next": link}, headers)
    rows = msgspec.json.decode(items) if isinstance(items, msgspec.Raw) else items
    columns = kinds(model)
    body = as_csv(rows, columns) if shape == "csv" else as_columns(rows, columns, shape)
    return tagged(request, body, media_type(shape), headers)
