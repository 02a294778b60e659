"""What of a rule can be set at a place; what cannot be meant is refused here, not found by analytics."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.answers import stored_json
from api.protocol.parameters import Real
from api.protocol.problems import Problem

Levels = Annotated[list[Real], Field(min_length=1, max_length=10)]


class RuleValues(BaseModel):
    """What differs from a rule's own numbers; what is not said stays as it is in the rule."""

    model_config = ConfigDict(extra="forbid")

    enter: Levels | None = Field(None, description="threshold at which each level begins", examples=[[18, 13, 11]])
    leave: Levels | None = Field(None, description="threshold at which each level ends")
    inclusive: bool | Annotated[list[bool], Field(min_length=1, max_length=10)] | None = Field(
        None, description="whether the threshold itself belongs to the level; of all levels or of each"
    )
    enabled: bool | None = Field(None, description="whether the rule says anything there")
    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(max_length=12)] | None = Field(
        None, description="months in which it holds; empty: all"
    )

    def told(self, rule: str, entry: dict[str, object]) -> dict[str, object]:
        """The values that were said, as they are kept; 422 where they do not fit the rule's catalogue entry."""
        said = self.model_dump(exclude_none=True)
        own = stored_json.thresholds(entry)
        if own is None:
            raise Problem(503, f"the catalogue does not say the levels of {rule}: run 'nongvu store migrate'")
        problems = [f"it has {len(own.enter)} levels: give {name} as many numbers"
                    for name in ("enter", "leave", "inclusive")
                    if isinstance(said.get(name), list) and len(said[name]) != len(own.enter)]  # fmt: skip
        says = "levels" if problems else "fall" if own.below else "rise"
        problems = problems or _contradictions(said, own)
        if problems:
            fills = {"levels": str(len(own.enter))}
            raise Problem(422, f"values of {rule}: " + "; ".join(problems), says=says, fills=fills)
        return said


def _contradictions(said: Mapping[str, Sequence[float]], own: stored_json.Thresholds) -> list[str]:
    enter = said.get("enter", own.enter)
    side = -1 if own.below else 1
    problems = []
    if any(side * after <= side * before for before, after in pairwise(enter)):
        problems.append(f"thresholds {'fall' if own.below else 'rise'} from level to level")
    leave = said.get("leave")
    if leave and any(side * out > side * into for into, out in zip(enter, leave, strict=True)):
        problems.append(f"a level is not left {'below' if own.below else 'above'} where it is entered")
    return problems
