"""What a rule is: a pure condition beside levels, durations, sources and words; and how levels follow from it.

A rule's condition looks at a window of places (`Facts`) and returns a `Measure`: a value (places, days) or (places,
steps). Levels are thresholds on it, entered and left at different values (hysteresis), raised only after the rule's
``minimum`` and lowered only after its ``quiet``. Where the measure is not known a level is held for ``patience``.
An incomplete day or step may raise (what was seen was seen) but never lowers.

`analytics.level` says how levels follow from measures, `analytics.episode` how episodes follow from levels,
`analytics.wording` what is said of them. Audiences of advice: everyone, rice, vegetables, orchard, cattle,
pigs_poultry, fish, forest, household, officer, technician.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import languages
from analytics.grid import Array, Times
from analytics.index import Need, Step, Window
from analytics.renewal import BY_DAY, BY_HOUR, UNRENEWED, Renew

Flags = NDArray[np.bool_]

NEVER = timedelta(0)
DAY = timedelta(days=1)


class Status(StrEnum):
    """Whether a criterion's numbers were read in their source."""

    VERIFIED = "verified"
    OWN = "own"  # a choice of operation, of no authority: to be set per place
    UNVERIFIED = "unverified"  # off until an operator says otherwise


class Urgency(StrEnum):
    """How soon people should act, in the words of CAP 1.2 (section 3.2.2, urgency)."""

    IMMEDIATE = "Immediate"  # at once, by night too
    EXPECTED = "Expected"  # by day: a message waits for the morning and is not repeated


@dataclass(frozen=True, slots=True)
class Words:
    """What a level says in one language; placeholders of a fact: value, days, and first, last."""

    #: "Rét hại".
    name: str
    #: What was measured: "trung bình ngày {value} độ C, ngày thứ {days}".
    fact: str
    #: What to do, for everybody, in few words.
    act: str
    #: Audience → what to do, at length.
    advice: Mapping[str, str] = field(default_factory=dict)
    #: What was measured, said again on a later day: the number of the day stands before it; empty: ``fact``.
    again: str = ""
    #: What it is, where the name is no noun ("chưa nên gieo cấy"): said of what is over; empty: ``name``.
    noun: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """A threshold of a rule."""

    #: Entered beyond this [the rule's unit].
    enter: float
    #: Left on the other side of this.
    leave: float
    #: The threshold itself counts as beyond it.
    inclusive: bool = True
    #: Audience (rice, vegetables, orchard, cattle, pigs_poultry, fish, forest, officer, …) → the name of what it is to
    #: do at length, in section ``advice`` of the languages.
    advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a condition found; arrays are (places, days) or (places, steps) as the rule's step says."""

    #: [the rule's unit], NaN where nothing is known.
    value: Array
    #: Where the absence of a level may be concluded; None: wherever there is a value.
    whole: Flags | None = None
    #: Where the level stays as it is although nothing new is said, e.g. between the ends of months.
    hold: Flags | None = None
    #: Numbers of `telemetry.unknown.Why` where there is a reason of its own for no value, else 0.
    why: NDArray[np.uint8] | None = None
    #: Where the value is not known yet, but the mildest that it can still become: shown where it reaches a level.
    bound: Flags | None = None
    #: There, the other end of what it can become: while that may still be a higher level, no lower one is entered.
    worst: Array | None = None
    #: Where there is nothing to ask, and so no level: before a field is flooded, on the day on which it was irrigated.
    unasked: Flags | None = None
    #: Standard error of a value that is a forecast [the rule's unit].
    error: Array | None = None
    #: What was not measured of that which the rule asks as well: bits, the first that of the first in ``Rule.asks``.
    lacking: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may look at."""

    window: Window
    #: Event time now, UTC, datetime64[s].
    now: np.datetime64
    #: (places,) time of the last reading before the window; NaT where there is none.
    heard: Times
    #: (places, steps) whether any reading at all came in a step, trusted or not.
    present: Flags
    #: (places,) [s] between readings as declared, else as its own readings have it; NaN where neither is known.
    interval: Array
    #: Index → (places, days) values with the stored ones on the context days.
    indices: Mapping[str, Array]
    #: Check → (places, days) hours of the day in which it doubted the quantity it doubted most.
    doubted: Mapping[str, Array] = field(default_factory=dict)
    #: Kind of trouble → (places, steps) hours [h] for which it has been going on with the gateway, 0 while it is not.
    troubles: Mapping[str, Array] = field(default_factory=dict)
    #: (places,) when it stopped for good, datetime64[s]; NaT while it did not, or is not known to have.
    ended: Times = field(default_factory=lambda: np.full(1, np.datetime64("NaT", "s")))

    def over(self) -> Flags:
        """(places, days) which days have ended."""
        grid = self.window.grid
        return np.asarray(grid.start[:, None] + grid.edges[:, 1:] * np.timedelta64(grid.step, "s") <= self.now)


@dataclass(frozen=True, slots=True)
class Monitor:
    """The daily index that verifies a rule at the level that people are told."""

    index: str
    #: Of nights: its value stands on the day on which the night ends.
    nights: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An alert rule."""

    name: str
    #: Groups rules for people: cold, frost, heat, rain, wind, ...
    hazard: str
    unit: str
    levels: tuple[Level, ...]
    condition: Callable[[Facts], Measure]
    source: str
    status: Status = Status.VERIFIED
    #: Which pack, and its version: a changed number is a new version.
    pack: str
    #: Digits after the sign with which its value is said.
    decimals: int = 1
    #: What its value is multiplied with where it is said, e.g. 100 for a percentage.
    factor: float = 1.0
    step: Step = Step.DAY
    #: Entered below the threshold, not above.
    below: bool = False
    #: Quantities of which at least one must be there; empty: none is needed.
    quantities: tuple[str, ...] = ()
    #: Indices it looks at.
    indices: tuple[str, ...] = ()
    #: What else must be there: a further quantity, an hourly index, a property; see `analytics.lacks`.
    needs: tuple[Need, ...] = ()
    #: Quantities without which it is told as well, but less surely; its texts say so.
    asks: tuple[str, ...] = ()
    #: Trouble of the station's gateway that it looks at: offline, clock, gap.
    trouble: str = ""
    #: Kinds of places it is for; empty: any.
    kinds: frozenset[str] = frozenset()
    #: Evaluated for every crop season at a place, not for the place itself.
    season: bool = False
    #: Crops of those seasons; empty: any.
    crops: frozenset[str] = frozenset()
    #: Also for a place itself of which no season was ever entered: there ``months`` stand for the seasons.
    unsown: bool = False
    #: True: only of a crop that stands in water; False: only of one that does not, and of a place not while one does;
    #: None: of any.
    flooded: bool | None = None
    #: Groups of crops (audiences of advice) whose growers it concerns, and animals whose keepers; empty: everybody.
    for_crops: frozenset[str] = frozenset()
    for_animals: frozenset[str] = frozenset()
    #: Audiences that hear it; empty: everybody. A level that advice says in a farmer's words is the officers'.
    audiences: frozenset[str] = frozenset()
    #: Article of the law whose level it computes; empty: it is advice, or of the network.
    article: str = ""
    #: Months in which it holds; empty: all. Of a crop season they say nothing: that has its own days.
    months: frozenset[int] = frozenset()
    #: Its value is days left: a text may say the dates {first} and {last}, so many days less than the value is.
    days_ahead: tuple[int, int] | None = None
    minimum: timedelta = NEVER
    quiet: timedelta = NEVER
    #: Where nothing is known a level is held for so long: one missing day, and until noon after the next.
    patience: timedelta = timedelta(hours=60)
    #: Days of readings before the first evaluated day that the condition looks at.
    before: int = 0
    #: Only so much of the past is judged: what lies further back stays as it was told then. None: all of it.
    horizon: timedelta | None = None
    #: Later than this nobody is paged of what has been.
    freshness: timedelta = timedelta(hours=12)
    #: How long a message of it is worth reading.
    validity: timedelta = timedelta(hours=30)
    urgency: Urgency = Urgency.IMMEDIATE
    #: Lowest level of which everybody gets a message; lower ones stand on the page, and go to who named the hazard.
    tells_from: int = 1
    #: The message says that it speaks from a station, in place of an areal criterion.
    proxy: bool = True
    #: What a reader must know.
    note: str = ""
    #: So many standard errors of its measure are held against it before it meets the thresholds: it is told where its
    #: forecast is near enough, not only where it is beyond.
    lean: float = 0.0
    #: What was measured of that which it speaks of, to be held against it; None: nobody measures or observes it.
    monitor: Monitor | None = None
    #: It is over by the clock, as every reader knows: nobody is told that it is.
    ends_itself: bool = False
    #: It says what tomorrow brings if it is like today: of a forecast it says nothing.
    persistence: bool = False
    #: When people hear that it goes on; None: by days or hours as its step says, of the network never.
    renew: Renew | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which somebody has written all that it says, Vietnamese first."""
        advice = {f"advice.{name}" for level in self.levels for name in level.advice.values()}
        needs = ("frame", f"rules.{self.name}", *sorted(advice))
        return tuple(code for code in languages.SHELF.codes if languages.SHELF.spoken(code, *needs) == code)

    @property
    def category(self) -> str:
        """What stands apart for readers: an official criterion, advice, or the network's own state."""
        return "official" if self.article else "network" if self.hazard == "network" else "advice"

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called, in every language that has a name for it."""
        return languages.SHELF.titles(f"rules.{self.name}.title")

    def words(self, level: int, language: str) -> Words:
        """What a level, from 1, says in one of its languages."""
        mine = languages.SHELF.tree(language, f"rules.{self.name}")
        said = mine["levels"][level - 1]
        advice = languages.SHELF.words(language, "advice")
        at_length = {audience: advice[name] for audience, name in self.levels[level - 1].advice.items()}
        return Words(said["name"], said["fact"], said["act"], at_length, said.get("again", ""), mine.get("noun", ""))

    @property
    def renewal(self) -> Renew:
        """When it is said again while it goes on."""
        if self.renew is not None:
            return self.renew
        if self.hazard == "network":
            return UNRENEWED
        return BY_DAY if self.step is Step.DAY else BY_HOUR

    @property
    def days_back(self) -> int:
        """Days before the first changed one from which levels are decided anew."""
        longest = max(self.minimum, self.quiet, self.patience)
        return int(-(-longest // DAY)) + 1

    @property
    def top(self) -> int:
        """Highest level."""
        return len(self.levels)


@dataclass(frozen=True, slots=True)
class Terms:
    """A rule's thresholds as they hold for one place from a moment on."""

    enter: tuple[float, ...]
    leave: tuple[float, ...]
    inclusive: tuple[bool, ...]
    enabled: bool
    months: frozenset[int]


class Dated(NamedTuple):
    """Terms and the moment from which they hold, UTC, datetime64[s]."""

    valid_from: np.datetime64
    terms: Terms


#: From the beginning of time.
ALWAYS = np.datetime64(-(2**62), "s")


def own_terms(rule: Rule) -> Terms:
    """Return the terms a rule has by itself."""
    return Terms(
        tuple(level.enter for level in rule.levels),
        tuple(level.leave for level in rule.levels),
        tuple(level.inclusive for level in rule.levels),
        rule.status is not Status.UNVERIFIED,
        rule.months,
    )


def check_terms(rule: Rule, terms: Terms) -> list[str]:
    """Say what is impossible about terms; nothing if they can be."""
    problems = []
    if not len(terms.enter) == len(terms.leave) == len(terms.inclusive) == rule.top:
        return [f"it has {rule.top} levels: give as many numbers to enter and to leave"]
    if not np.isfinite([*terms.enter, *terms.leave]).all():
        problems.append("thresholds must be finite numbers")
    side = -1.0 if rule.below else 1.0
    steps = np.diff(side * np.array(terms.enter))
    if (steps <= 0).any():
        direction = "fall" if rule.below else "rise"
        problems.append(f"thresholds must {direction} from level to level, got {list(terms.enter)}")
    if any(side * leave > side * enter for enter, leave in zip(terms.enter, terms.leave, strict=True)):
        word = "below" if rule.below else "above"
        problems.append(f"a level cannot be left {word} where it is entered: the alert would flap")
    if not terms.months <= frozenset(range(1, 13)):
        problems.append("months are numbers from 1 to 12")
    return problems


def changed_terms(rule: Rule, values: Mapping[str, Any]) -> Terms:
    """Terms of a rule with an area's settings laid over them; `ValueError` naming what cannot be."""
    own = own_terms(rule)
    unknown = set(values) - {"enter", "leave", "inclusive", "enabled", "months"}
    if unknown:
        message = f"unknown setting {', '.join(sorted(unknown))}: known are enter, leave, inclusive, enabled, months"
        raise ValueError(message)
    enter = tuple(map(float, values.get("enter", own.enter)))
    moved = enter != own.enter and "leave" not in values and len(enter) == len(own.enter)
    leave = (
        tuple(new + (left - old) for new, old, left in zip(enter, own.enter, own.leave, strict=True))
        if moved
        else tuple(map(float, values.get("leave", own.leave)))
    )
    given = values.get("inclusive", own.inclusive)
    terms = Terms(
        enter,
        leave,
        (given,) * rule.top if isinstance(given, bool) else tuple(map(bool, given)),
        bool(values.get("enabled", own.enabled)),
        frozenset(values.get("months", own.months)),
    )
    if problems := check_terms(rule, terms):
        message = f"{rule.name}: " + "; ".join(problems)
        raise ValueError(message)
    return terms
