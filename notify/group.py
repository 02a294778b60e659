"""Group: which steps become one message, which hazards silence which, and when a message has to wait (all pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
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
    #: Measured on a farm: not to be said aloud in the village.
    private: bool = False
    #: Its alert is open now.
    goes_on: bool = True

    def worth_saying(self, now: datetime) -> bool:
        """Whether people are still to hear it: it is fresh, or goes on, or is the end of what they were told."""
        if self.stale or self.kind == "extend" or superseded(self):
            return False
        return self.expires > now or self.goes_on or self.kind in {"end", "cancel", "lower"}

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


class Beside(NamedTuple):
    """An alert that is open in the same commune."""

    rule: str
    hazard: str
    place: int
    level: int
    basis: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The louder hazard, or rule, silences the quieter ones beside it: it says all that they would."""

    loud: str
    quiet: frozenset[str]
    #: Of the louder one: from this level.
    from_level: int = 1
    #: Of the quieter ones: up to this level; what is worse speaks for itself.
    to_level: int = 99
    #: Of the quieter ones only that they go on: when they begin they say what the louder one does not.
    renewals: bool = False


#: A storm or a strong wind silences its gusts, a day's rain its showers, a thirsty crop its dry soil; rét đậm tells not
#: to sow and to house cattle, rét hại not to graze them; gay gắt what cattle need in heat; a gateway that is offline is
#: its own stations' silence. Two that come at once must not silence each other.
SILENCES: tuple[Silence, ...] = (
    Silence("storm", frozenset({"wind"})),
    Silence("strong_wind", frozenset({"gust"}), from_level=2, to_level=1),
    Silence("gust", frozenset({"strong_wind"}), from_level=2, to_level=2),
    Silence("flash_flood_rain", frozenset({"rain"})),
    Silence("heavy_rain", frozenset({"intense_rain_60min", "intense_rain_10min"}), from_level=2, to_level=1),
    Silence("intense_rain_60min", frozenset({"intense_rain_10min"}), to_level=1),
    Silence("heavy_rain", frozenset({"sudden_rain"}), from_level=2),
    Silence("intense_rain_60min", frozenset({"sudden_rain"})),
    Silence("intense_rain_10min", frozenset({"sudden_rain"})),
    Silence("irrigation_due", frozenset({"soil_dry"}), from_level=2),
    Silence("cold_spell", frozenset({"no_sowing"}), from_level=2),
    Silence("cold_spell", frozenset({"cattle_cold"}), from_level=2, to_level=1),
    Silence("cold_spell", frozenset({"cattle_cold"}), from_level=3),
    Silence("cold_spell", frozenset({"frost", "cattle_cold", "no_sowing"}), from_level=2, renewals=True),
    Silence("heat", frozenset({"livestock_heat", "pig_heat"}), renewals=True),
    Silence("heavy_rain", frozenset({"intense_rain_60min", "intense_rain_10min"}), renewals=True),
    Silence("heat", frozenset({"livestock_heat"}), from_level=2, to_level=2),
    Silence("gateway_offline", frozenset({"silent_station", "sequence_gap"})),
)

#: What Quyết định 18/2021/QĐ-TTg counts as hazards of different kinds (Điều 4), by our hazards; others are none.
KINDS: Mapping[str, str] = {
    "cold": "cold",
    "frost": "cold",
    "heat": "heat",
    "rain": "rain",
    "flood": "flood",
    "water": "water",
    "wind": "wind",
    "storm": "wind",
    "drought": "drought",
    "fire": "fire",
}
#: Levels from which hazards count as concurrent, and beyond which none is raised.
CONCURRENT_FROM, HIGHEST = 2, 5


#: Kinds of steps that say what is here; the others what becomes of what was said.
RISES = frozenset({"open", "raise", "renew"})
#: What is said late, of an alert that lives longer than its message, is worth reading for so long.
LATE = timedelta(hours=6)


def until(steps: Iterable[Step], now: datetime) -> datetime:
    """When a message about these steps, said now, is not worth reading any more."""
    last = max(step.expires for step in steps)
    return last if last > now else now + LATE


def by_key(steps: Iterable[Step]) -> dict[Key, list[Step]]:
    """Steps by what makes them one message, in the order in which they were written."""
    groups: dict[Key, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.id):
        groups.setdefault(Key(step.commune, step.hazard, step.kind, step.basis), []).append(step)
    return groups


def silencers(step: Step, open_beside: Iterable[Beside]) -> frozenset[str]:
    """Hazards of open alerts of the same commune that silence this step, empty: it speaks; an end is never silenced."""
    if step.kind not in RISES:
        return frozenset()
    return frozenset(
        loud.hazard
        for loud in open_beside
        for rule in SILENCES
        if rule.loud in {loud.rule, loud.hazard}
        and rule.quiet & {step.rule, step.hazard}
        and loud.level >= rule.from_level
        and step.level <= rule.to_level
        and (step.kind == "renew" or not rule.renewals)
        and loud.basis in {"observed", step.basis}
        and (loud.hazard != "network" or loud.place == step.place)
    )


def concurrent(steps: Iterable[Step], open_beside: Iterable[Beside]) -> bool:
    """Whether hazards of another kind are open beside these, all of level 2 or more (Điều 4 may raise the level)."""
    mine = {KINDS.get(step.hazard) for step in steps if step.level >= CONCURRENT_FROM and step.kind in RISES}
    beside = {
        KINDS.get(loud.hazard) for loud in open_beside if loud.level >= CONCURRENT_FROM and loud.basis == "observed"
    }
    return any(kind and beside - {kind, None} for kind in mine)


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


def texts_of(steps: list[Step], language: str, audience: str, *, by_commune: bool = False) -> list[str]:
    """Wordings of one SMS about these steps, fullest first: places by name or by their commune, advice or none.

    ``by_commune``: the reader never heard of these places, but of others in their commune.
    """
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, language)
    advice = advice_of(said, audience)
    if by_commune and said.get("group"):
        texts = [filled(said["group"], steps, steps[0].commune_name)]
    elif len({step.place for step in steps}) == 1:
        texts = _one_place(said.get("short", ""), steps[0].place_name)
    else:
        template = said.get("group") or said.get("short", "")
        names = ", ".join(dict.fromkeys(step.place_name for step in steps))
        texts = list(dict.fromkeys(filled(template, steps, places) for places in (names, steps[0].commune_name)))
    return [*(joined(text, advice) for text in texts if advice), *texts]


def briefs_of(steps: list[Step], language: str) -> list[str]:
    """Wordings of a renewal at one place that is not pressing, without what to do, said before: they keep accents."""
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, language)
    if len({step.place for step in steps}) > 1 or any(step.pressing for step in steps) or not said.get("brief"):
        return []
    return _one_place(str(said["brief"]), steps[0].place_name)


def _one_place(short: str, name: str) -> list[str]:
    """The text with its place's whole name, and with what stands before the comma."""
    return list(dict.fromkeys((short, short.replace(name, name.split(",", maxsplit=1)[0]))))


def long_of(steps: list[Step], language: str, audience: str) -> str:
    """Text about these steps for routes without segments."""
    paragraphs = []
    for step in steps:
        said = wording(step.texts, language)
        paragraphs.append(f"{step.place_name}: {said.get('long') or said.get('short', '')}")
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, language)
    advice = advice_of(said, audience)
    return "\n\n".join([*dict.fromkeys(paragraphs), *([advice] if advice else [])])


def fresh(step: Step) -> Step:
    """The step as it is said to who was told of nothing lower: no level has been raised for them."""
    texts = {language: {**said, **said.get("fresh", {})} for language, said in step.texts.items()}
    return replace(step, texts=texts)


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
