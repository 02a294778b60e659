"""Group: which steps become one message, which hazards silence which, and when a message has to wait (all pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Step:
    """What notify has to know of an alert's step."""

    id: int
    alert: int
    rule: str
    hazard: str
    kind: str
    level: int
    basis: str
    place: int
    place_name: str
    commune: int
    commune_name: str
    at: datetime
    known_at: datetime
    expires: datetime
    stale: bool
    texts: Mapping[str, Any]
    successor: int | None = None
    #: Of the rule, in CAP's words.
    urgency: str = "Immediate"

    @property
    def pressing(self) -> bool:
        """Whether people must act at once, by night too."""
        return self.urgency == "Immediate"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes steps one message: a commune, a hazard, a kind of step; what is forecast stands by itself."""

    commune: int
    hazard: str
    kind: str
    basis: str = "observed"


#: The louder hazard, or rule, silences the ones beside it in the same commune while it is open: a storm warning its
#: gusts; of the network at the same place only: a gateway that is offline its own stations.
SILENCES: Mapping[str, frozenset[str]] = {
    "storm": frozenset({"wind"}),
    "flash_flood_rain": frozenset({"rain"}),
    "gateway_offline": frozenset({"silent_station", "sequence_gap"}),
}


def by_key(steps: Iterable[Step]) -> dict[Key, list[Step]]:
    """Steps by what makes them one message, in the order in which they were written."""
    groups: dict[Key, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.id):
        groups.setdefault(Key(step.commune, step.hazard, step.kind, step.basis), []).append(step)
    return groups


def inhibited(step: Step, open_beside: Iterable[tuple[str, str, int]]) -> bool:
    """Whether an open alert (rule, hazard, place) of the same commune silences this step; an end is never silenced."""
    if step.kind not in {"open", "raise"}:
        return False
    return any(
        step.hazard in SILENCES.get(loud, ()) or step.rule in SILENCES.get(loud, ())
        for rule, hazard, place in open_beside
        if hazard != "network" or place == step.place
        for loud in (rule, hazard)
    )


def superseded(step: Step) -> bool:
    """Whether this end or cancel says nothing to people: another alert goes on where it stopped."""
    return step.kind in {"end", "cancel"} and step.successor is not None


def wait(first: float, last: float | None, *, grouping: float, between: float, urgent: bool) -> float:
    """Real time at which a bundle of a key may be closed.

    Parameters
    ----------
    first
        When the first waiting step of the key was seen. [s]
    last
        When the key's last bundle was closed; None if there is none. [s]
    grouping
        What a first message waits for its neighbours. [s]
    between
        What later bundles of the same key keep between them. [s]
    urgent
        Whether a step is above the level of the last bundle: then it does not wait for the interval.
    """
    ready = first + grouping
    return ready if last is None or urgent else max(ready, last + between)


def texts_of(steps: list[Step], language: str, audience: str) -> list[str]:
    """Wordings of one SMS about these steps, fullest first: places by name or by their commune, advice or none."""
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, language)
    advice = advice_of(said, audience)
    if len({step.place for step in steps}) == 1:
        texts = [said.get("short", "")]
    else:
        template = said.get("group") or said.get("short", "")
        names = ", ".join(dict.fromkeys(step.place_name for step in steps))
        texts = list(dict.fromkeys(filled(template, steps, places) for places in (names, steps[0].commune_name)))
    return [*(joined(text, advice) for text in texts if advice), *texts]


def long_of(steps: list[Step], language: str, audience: str) -> str:
    """Text about these steps for routes without segments."""
    paragraphs = []
    for step in steps:
        said = wording(step.texts, language)
        paragraphs.append(f"{step.place_name}: {said.get('long') or said.get('short', '')}")
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, language)
    advice = advice_of(said, audience)
    return "\n\n".join([*dict.fromkeys(paragraphs), *([advice] if advice else [])])


def wording(texts: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """Texts in a language; where the rule has none in it, in Vietnamese, the official one."""
    found: Any = texts.get(language) or texts.get("vi") or next(iter(texts.values()), {})
    return found if isinstance(found, Mapping) else {}


def advice_of(said: Mapping[str, Any], audience: str = "farmer") -> str:
    """What to do at length, for an audience: its own, else what is for farmers, else for everyone; empty: nothing."""
    advice = said.get("advice", {})
    return next((str(advice[name]) for name in (audience, "farmer", "everyone") if advice.get(name)), "")


def filled(template: str, steps: list[Step], places: str) -> str:
    """Group text with its number and names of places, and its commune."""
    count = str(len({step.place for step in steps}))
    for name, value in (("count", count), ("places", places), ("commune", steps[0].commune_name)):
        template = template.replace("{" + name + "}", value)
    return template


def joined(text: str, advice: str) -> str:
    """Text and advice as two sentences."""
    return f"{text.rstrip()}{'' if text.rstrip().endswith(('.', '!', '?')) else '.'} {advice}"


def quiet_until(now: datetime, start: time | None, end: time | None, zone: str) -> datetime | None:
    """End of the quiet hours that ``now`` lies in, as aware UTC; None outside them."""
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    within = start <= clock < end if start < end else clock >= start or clock < end
    if not within:
        return None
    day = local.date() + timedelta(days=1 if start > end and clock >= start else 0)
    return datetime.combine(day, end, ZoneInfo(zone)).astimezone(UTC)
