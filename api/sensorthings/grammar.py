"""SensorThings ``$filter`` and ``$orderby`` as syntax trees; text in, tuples out, nothing executed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError

from api.protocol.problems import Problem

#: A node: its kind, then what it holds.
Node = tuple[Any, ...]
#: Deeper or longer filters are refused: every level costs stack in the parser and in the database.
DEEPEST, MOST_TOKENS = 30, 400

GRAMMAR = r"""
?start: or_
?or_: and_ ("or" and_)*            -> or_
?and_: not_ ("and" not_)*          -> and_
?not_: "not" not_                  -> negated
     | comparison
?comparison: sum_ (COMPARE sum_)?  -> compared
?sum_: product (ADD product)*      -> arithmetic
?product: unary (MULTIPLY unary)*  -> arithmetic
?unary: "-" unary                  -> minus
      | atom
?atom: "(" or_ ")"
     | NAME "(" [or_ ("," or_)*] ")" -> call
     | path
     | GEOGRAPHY                   -> geography
     | DURATION                    -> duration
     | TIME                        -> time
     | DATE                        -> date
     | NUMBER                      -> number
     | TEXT                        -> text
     | "true"                      -> true
     | "false"                     -> false
     | "null"                      -> null
path: part ("/" part)*
?part: NAME | AT
AT.2: "@iot.id"
COMPARE.3: /(eq|ne|gt|ge|lt|le)\b/
ADD.3: /(add|sub)\b/
MULTIPLY.3: /(mul|div|mod)\b/
GEOGRAPHY.4: /geography'[^']{1,20000}'/
DURATION.4: /duration'[^']{1,60}'/
TIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)/
DATE.2: /\d{4}-\d\d-\d\d/
NUMBER.1: /\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?/
TEXT: /'(?:[^']|'')*'/
NAME: /(?!(?:or|and|not|true|false|null|eq|ne|gt|ge|lt|le|add|sub|mul|div|mod)\b)[A-Za-z_][A-Za-z0-9_.:-]*/
%import common.WS
%ignore WS
"""
_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?\Z"
)


def wrong(detail: str) -> Problem:
    """A query that cannot be understood."""
    return Problem(400, detail)


class _Tree(Transformer[Token, Node]):
    """Turns what was parsed into nodes, leaves first."""

    def _joined(self, kind: str, children: list[Node]) -> Node:
        return children[0] if len(children) == 1 else (kind, *children)

    def or_(self, children: list[Node]) -> Node:
        return self._joined("or", children)

    def and_(self, children: list[Node]) -> Node:
        return self._joined("and", children)

    def negated(self, children: list[Node]) -> Node:
        return ("not", children[0])

    def compared(self, children: list[Any]) -> Node:
        if len(children) == 1:
            return tuple(children[0])
        left, operator, right = children
        return ("compare", str(operator), left, right)

    def arithmetic(self, children: list[Any]) -> Node:
        node = children[0]
        for operator, right in zip(children[1::2], children[2::2], strict=True):
            node = ("arithmetic", str(operator), node, right)
        return tuple(node)

    def minus(self, children: list[Node]) -> Node:
        return ("arithmetic", "sub", ("number", 0.0), children[0])

    def call(self, children: list[Any]) -> Node:
        name, *arguments = [child for child in children if child is not None]
        return ("call", str(name), *arguments)

    def path(self, children: list[Token]) -> Node:
        return ("path", *map(str, children))

    def number(self, children: list[Token]) -> Node:
        value = float(children[0])
        if value == float("inf"):
            raise wrong("a number in the query is too large")
        return ("number", value)

    def text(self, children: list[Token]) -> Node:
        return ("text", children[0][1:-1].replace("''", "'"))

    def time(self, children: list[Token]) -> Node:
        return ("time", moment(str(children[0])))

    def date(self, children: list[Token]) -> Node:
        return ("date", moment(f"{children[0]}T00:00:00Z"))

    def duration(self, children: list[Token]) -> Node:
        return ("duration", duration(str(children[0])[9:-1]))

    def geography(self, children: list[Token]) -> Node:
        return ("geography", *shape(str(children[0])[10:-1]))

    def true(self, _: list[Token]) -> Node:
        return ("true",)

    def false(self, _: list[Token]) -> Node:
        return ("false",)

    def null(self, _: list[Token]) -> Node:
        return ("null",)


def moment(text: str) -> datetime:
    """Aware UTC time of ISO 8601 text, within the years that the database and people can mean."""
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise wrong(f"{text[:40]!r} is no time: write 2026-01-31T00:00:00Z") from None
    if found.tzinfo is None:
        raise wrong(f"{text[:40]!r} has no time zone: write 2026-01-31T00:00:00Z")
    if not 1800 <= found.year <= 2200:
        raise wrong("give a time between the years 1800 and 2200")
    return found.astimezone(UTC)


def duration(text: str) -> timedelta:
    """Length of time of ISO 8601 text."""
    match = _DURATION.match(text)
    if match is None or not any(match.groupdict()[name] for name in ("days", "hours", "minutes", "seconds")):
        raise wrong(f"{text[:40]!r} is no duration: write PT1H or P2D")
    parts = {name: float(value) for name, value in match.groupdict().items() if name != "sign" and value}
    return timedelta(**parts) * (-1 if match["sign"] else 1)


_PARENTHESES = frozenset("()")


def _pair(text: str) -> tuple[float, float]:
    parts = text.split()
    try:
        longitude, latitude = float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise wrong("write coordinates as 'longitude latitude'") from None
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise wrong("coordinates are longitude −180 to 180 and latitude −90 to 90")
    return longitude, latitude


def shape(text: str) -> tuple[Any, ...]:
    """Kind and coordinates of well-known text: POINT, or POLYGON without holes."""
    name, _, rest = text.strip().partition("(")
    kind, inside = "".join(name.split()).upper(), rest.removesuffix(")").strip()
    if not rest.endswith(")"):
        kind = ""
    if kind in {"POINT", "POINTZ"} and not _PARENTHESES.intersection(inside):
        return ("point", _pair(inside))
    bare = inside[1:-1]
    if kind == "POLYGON" and inside[:1] == "(" and inside[-1:] == ")" and not _PARENTHESES.intersection(bare):
        ring = [_pair(part) for part in bare.split(",")]
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise wrong("a POLYGON's ring has four points or more and ends where it began")
        return ("polygon", ring)
    raise wrong("of shapes POINT and POLYGON without holes are known")


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", maybe_placeholders=False)


def parse(text: str) -> Node:
    """Syntax tree of a filter, or a 400 that says where it is wrong."""
    depth = deepest = 0
    for character in re.sub(r"'(?:[^']|'')*'", "", text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        deepest = max(deepest, depth)
    tokens = len(re.findall(r"'(?:[^']|'')*'|[\w.:@-]+|[()/,]", text))
    if deepest > DEEPEST or tokens > MOST_TOKENS or len(re.findall(r"\bnot\b", text)) > DEEPEST:
        raise wrong(f"$filter is too long: at most {MOST_TOKENS} words, nested {DEEPEST} deep")
    try:
        return tuple(_Tree().transform(_parser().parse(text)))
    except RecursionError:
        raise wrong("$filter is nested too deep") from None
    except LarkError as error:
        if isinstance(error.__context__, Problem):
            raise error.__context__ from None
        place = getattr(error, "column", None)
        where = f" at character {place}" if isinstance(place, int) and place > 0 else ""
        raise wrong(f"$filter cannot be read{where}") from None
