"""``$filter $orderby $top $skip $count $select $expand`` of a request or of one of its expansions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from api.sensorthings.grammar import Node, parse, wrong
from store.sensorthings import ENTITIES, Entity

#: Page sizes: of a request, of an expansion; the largest that can be asked for.
USUAL, USUAL_BELOW, MOST = 100, 25, 1000
#: Deeper and wider expansions are refused: each is a query over all of its parents.
DEEPEST, MOST_EXPANSIONS, FURTHEST = 5, 20, 1_000_000
MOST_ORDERS, MOST_SELECTED = 10, 50
KNOWN = ("$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand", "$resultformat", "$skiptoken")


@dataclass(slots=True)
class Options:
    """What is asked of an entity set."""

    filter: Node | None = None
    #: Trees of paths, and whether downwards.
    orderby: list[tuple[Node, bool]] = field(default_factory=list)
    top: int = USUAL
    skip: int = 0
    count: bool = False
    select: list[str] = field(default_factory=list)
    expand: dict[str, Options] = field(default_factory=dict)
    token: str | None = None
    data_array: bool = False
    #: As it was written, for links to the next page.
    written: dict[str, str] = field(default_factory=dict)

    @property
    def newest(self) -> bool:
        """Whether only the newest is asked for."""
        return (
            self.top == 1 and self.skip == 0 and self.filter is None and not self.count and self.token is None
            and self.orderby in ([(("path", "phenomenonTime"), True)], [(("path", "resultTime"), True)])
        )  # fmt: skip


def split(text: str, separator: str) -> list[str]:
    """Parts of a text, separators within quotes and parentheses left alone."""
    parts, depth, start, quoted = [], 0, 0, False
    for place, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                raise wrong("a parenthesis is closed that was not opened")
        elif character == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    if depth or quoted:
        raise wrong("a parenthesis or a quotation is not closed")
    return [*parts, text[start:]]


def _few(name: str, parts: list[str], most: int) -> list[str]:
    if len(parts) > most:
        raise wrong(f"{name} takes {most} properties at most")
    return parts


def _whole(name: str, text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        raise wrong(f"{name} is a whole number from 0")
    value = int(text)
    if name == "$skip" and value > most:
        raise wrong(f"$skip goes to {most}: follow @iot.nextLink instead")
    return min(value, most)


def options(entity: Entity, given: dict[str, str], depth: int = 0, used: list[int] | None = None) -> Options:
    """Options of an entity set from their texts, or a 400."""
    used = used if used is not None else [0]
    found = Options(top=USUAL if depth == 0 else USUAL_BELOW, written=dict(given))
    for name, text in given.items():
        lower = name.lower()
        if lower not in KNOWN:
            raise wrong(f"option {name[:40]!r} is not known")
        if lower == "$filter":
            found.filter = parse(text)
        elif lower == "$orderby":
            found.orderby = [_order(part) for part in _few("$orderby", split(text, ","), MOST_ORDERS)]
        elif lower == "$top":
            found.top = _whole("$top", text, MOST)
        elif lower == "$skip":
            found.skip = _whole("$skip", text, FURTHEST)
        elif lower == "$count":
            found.count = _truth(text)
        elif lower == "$select":
            names = _few("$select", split(text, ","), MOST_SELECTED)
            found.select = [_selected(entity, part.strip()) for part in names]
        elif lower == "$expand":
            found.expand = _expand(entity, text, depth, used)
        elif lower == "$skiptoken":
            found.token = text
        else:
            found.data_array = _data_array(entity, text)
    return found


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise wrong("$count is true or false")
    return text == "true"


def _data_array(entity: Entity, text: str) -> bool:
    if text != "dataArray" or entity.name != "Observations":
        raise wrong("$resultFormat=dataArray is known, for Observations")
    return True


def _selected(entity: Entity, name: str) -> str:
    name = "id" if name == "@iot.id" else name
    if name not in entity.columns and name not in entity.navigation and name not in {"resultQuality", "parameters"}:
        raise wrong(f"{entity.name} have no property {name[:60]!r}")
    return name


def _order(text: str) -> tuple[Node, bool]:
    words = text.split()
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in {"asc", "desc"}):
        raise wrong("$orderby is a property, then asc or desc; commas between several")
    node = parse(words[0])
    if node[0] != "path":
        raise wrong("$orderby takes properties")
    return node, len(words) == 2 and words[1].lower() == "desc"


def _expand(entity: Entity, text: str, depth: int, used: list[int]) -> dict[str, Options]:
    if depth >= DEEPEST:
        raise wrong(f"$expand goes {DEEPEST} deep at most")
    found: dict[str, Options] = {}
    for part in split(text, ","):
        used[0] += 1
        if used[0] > MOST_EXPANSIONS:
            raise wrong(f"{MOST_EXPANSIONS} expansions at most")
        match = re.fullmatch(r"([A-Za-z]++)((?:/[A-Za-z]++)*+)\s*+(?:\((.*)\))?", part.strip(), re.DOTALL)
        if match is None:
            raise wrong(f"$expand cannot be read: {part[:60]!r}")
        name, further, inner = match[1], match[2], match[3]
        if name not in entity.navigation:
            raise wrong(f"{entity.name} have no {name[:60]!r} to expand")
        target = ENTITIES[entity.navigation[name].target]
        given = {"$expand": further[1:] + (f"({inner})" if inner else "")} if further else _inner(inner)
        below = options(target, given, depth + 1, used)
        if name in found:
            found[name].expand |= below.expand
        else:
            found[name] = below
    return found


def _inner(text: str | None) -> dict[str, str]:
    given = {}
    for part in split(text, ";") if text and text.strip() else []:
        name, equals, value = part.strip().partition("=")
        if not equals or name in given:
            raise wrong("options of an expansion are written ($top=1;$orderby=…), each once")
        given[name.strip()] = value
    return given
