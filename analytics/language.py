"""What a language is: how a step is said in it; placeholders are those of `analytics.wording`."""

from collections.abc import Mapping
from dataclasses import dataclass

#: What most texts say: short, long.
FACTS = "{name} {place}{proxy} {when}: {fact}. {act}"
LONG = "{name}, {place}{proxy}, {when}. {fact}. {act} {disclaimer}"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a step is said in one language."""

    proxy: str
    #: Kind of step → short text.
    short: Mapping[str, str]
    #: Kind of step → long text.
    long: Mapping[str, str]
    group: str
    disclaimer: str
    source: str
    day: str
    moment: str
    decimal: str
    #: Of a forecast, in place of the ones above: proxy, kind of step → short and long text, disclaimer.
    ahead_proxy: str
    ahead_short: Mapping[str, str]
    ahead_long: Mapping[str, str]
    ahead_disclaimer: str
