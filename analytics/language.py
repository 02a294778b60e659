"""What a language is: how a step is said in it; placeholders are those of `analytics.wording`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """How a step is said in one language."""

    proxy: str
    #: Kind of step → short text.
    short: Mapping[str, str]
    #: Kind of step → long text.
    long: Mapping[str, str]
    #: Kind of step → text for many places: notify fills ``{{count}}`` and ``{{places}}``.
    group: Mapping[str, str]
    disclaimer: str
    source: str
    day: str
    moment: str
    #: From a day or moment to another.
    span: str
    decimal: str
    #: Of a forecast, in place of the ones above: proxy, kind of step → short, long and group's text, disclaimer.
    ahead_proxy: str
    ahead_short: Mapping[str, str]
    ahead_long: Mapping[str, str]
    ahead_group: Mapping[str, str]
    ahead_disclaimer: str
    #: Of what goes on, by day or by hours (``day``, ``renew``): without what to do, for a phone that shows accents.
    brief: Mapping[str, str]
    #: What follows a fact where the worst so far is another value; by whether less is worse.
    worst: Mapping[bool, str]
