"""What the page says of rules that cannot be judged at a station: a line each, those without a sensor in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.answers import stored_json
from api.routes.unjudged import Names, says
from api.web.words import Language
from store import visible_row
from telemetry.unknown import Why

#: Rules about the network itself: nothing a farmer has to know.
_NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Unjudged:
    """What is not known of warnings at a station."""

    #: Why, and the warnings that it concerns.
    lines: list[tuple[str, list[str]]]
    #: Warnings that nothing there can measure.
    unmeasured: list[str]

    @property
    def any(self) -> bool:
        """Whether there is anything that is not known."""
        return bool(self.lines or self.unmeasured)


def of_page(rows: Sequence[visible_row.Unjudged], rules: Names, properties: Names, language: Language) -> Unjudged:
    """Of rules alone, what concerns a number that is missing or a silence first."""
    lines: dict[str, list[str]] = {}
    unmeasured: list[str] = []
    for row in rows:
        entry = stored_json.mapping(rules.get(row["name"]))
        if row["kind"] != "rule" or entry.get("hazard") == _NETWORK:
            continue
        title = stored_json.title(entry, language, row["name"].replace("_", " "))
        if row["reason"] == Why.SENSOR:
            unmeasured.append(title)
        else:
            lines.setdefault(says(row, properties, language), []).append(title)
    return Unjudged([(why, list(dict.fromkeys(of))) for why, of in lines.items()], list(dict.fromkeys(unmeasured)))
