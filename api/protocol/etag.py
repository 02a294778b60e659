"""JSON with an entity tag, so that what has not changed need not be sent again."""

from __future__ import annotations

import hashlib

import msgspec
from fastapi import Request, Response

CACHE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept, X-API-Key"}


def json_answer(
    request: Request, document: object, headers: dict[str, str] | None = None, *, media_type: str = "application/json"
) -> Response:
    """JSON of a document, or 304 where the asker has it."""
    return tagged(request, msgspec.json.encode(document), media_type, headers)


def tagged(request: Request, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """Bytes with an entity tag of their contents."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = CACHE | {"ETag": tag} | (headers or {})
    if has(request, tag):
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type)


def has(request: Request, tag: str) -> bool:
    """Whether the asker says by If-None-Match that they have this (RFC 9110 §13.1.2, weak comparison)."""
    named = request.headers.get("if-none-match", "")
    return named.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in named.split(",")}
