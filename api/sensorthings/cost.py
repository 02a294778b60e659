"""Which questions of SensorThings no index serves; those wait for each other, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from api.sensorthings.address import Place
from api.sensorthings.grammar import Node
from api.sensorthings.options import Options

#: Names of an observation's time: the order in which a datastream's observations lie.
TIMES = frozenset({"phenomenonTime", "resultTime"})
#: Rows that may be passed over, and levels that may be expanded, without being called heavy.
FAR, DEEP = 1_000, 3


def heavy(place: Place, asked: Options) -> bool:
    """Whether a question may have to look at every reading there is."""
    if place.what not in {"set", "reference"} or place.number is not None:
        return below(asked, 1)
    of_one = place.above is not None and place.above[0].name == "Datastreams"
    return _set(asked, endless=place.entity.name == "Observations", of_one=of_one) or below(asked, 1)


def below(asked: Options, depth: int) -> bool:
    """Whether what is expanded is heavy: too deep, or observations in another order than that of time."""
    return any(
        depth >= DEEP or _set(inner, endless=name == "Observations", of_one=True) or below(inner, depth + 1)
        for name, inner in asked.expand.items()
    )


def _set(asked: Options, *, endless: bool, of_one: bool) -> bool:
    if asked.skip > FAR:
        return True
    trees = [asked.filter, *(node for node, _ in asked.orderby)]
    if not endless:
        return any("Observations" in path for tree in trees for path in paths(tree))
    ordered = all(node[0] == "path" and set(node[1:]) <= TIMES for node, _ in asked.orderby)
    if not of_one:
        return asked.count or asked.filter is not None or bool(asked.orderby)
    return asked.count or not ordered or any(not set(path) <= TIMES for path in paths(asked.filter))


def paths(node: Node | None) -> Iterator[tuple[str, ...]]:
    """Every path of properties in a tree."""
    if node is None:
        return
    if node[0] == "path":
        yield tuple(map(str, node[1:]))
        return
    for part in node[1:]:
        if isinstance(part, tuple) and part and isinstance(part[0], str):
            yield from paths(part)
