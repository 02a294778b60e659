"""Where in a TOML text a setting stands, so that a problem can be shown with its line; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_-]+))\s*(?:\.|=)")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """Line (from 1) of the setting at ``place``, or of the nearest table around it."""
    best, depth = 1, 0
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for line, content in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(content):
            table = _entered(header[2].split("."), header[1] == "[[", counts)
            here = table
        elif key := _KEY.match(content):
            here = (*table, key[1] or key[2] or key[3])
        else:
            continue
        common = _common(here, place)
        if common == len(here) and common > depth:
            best, depth = line, common
    return best


def _entered(names: list[str], new: bool, counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    table: tuple[str | int, ...] = ()
    for index, name in enumerate(part.strip().strip("\"'") for part in names):
        table = (*table, name)
        if new and index == len(names) - 1:
            counts[table] = counts.get(table, -1) + 1
        if table in counts:
            table = (*table, counts[table])
    return table


def _common(one: Sequence[str | int], other: Sequence[str | int]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
