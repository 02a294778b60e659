"""Errors of the client: each says whether to try again later, or never."""

from __future__ import annotations

from typing import Any


class NongVuError(Exception):
    """The platform refused a request; trying it again changes nothing."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        #: The problem document (RFC 9457).
        self.document = document
        super().__init__(f"{status} {document.get('title', '')}: {document.get('detail', '')}")


class NotFound(NongVuError):  # noqa: N818 — says what it is
    """There is no such thing, or it may not be seen."""


class NotAllowed(NongVuError):  # noqa: N818
    """A key is needed, is wrong, or has not the right."""


class AgainLater(NongVuError):  # noqa: N818
    """Too many requests, or the platform is not well: the same request may succeed later."""


def error_of(status: int, document: dict[str, Any]) -> NongVuError:
    """Error for a status."""
    if status in {401, 403}:
        return NotAllowed(status, document)
    if status == 404:
        return NotFound(status, document)
    if status in {429, 502, 503, 504}:
        return AgainLater(status, document)
    return NongVuError(status, document)
