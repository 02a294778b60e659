"""The shelf of providers; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from notify.provider import Provider
from notify.providers.file import FileOptions, FileProvider


def _file(table: Mapping[str, Any]) -> Provider:
    return FileProvider(FileOptions.model_validate(table))


#: What a route's ``provider`` may be, and what makes it of the route's own table.
PROVIDERS: dict[str, Callable[[Mapping[str, Any]], Provider]] = {
    "file": _file,
}
