"""Steps that no table has, for what is pure: one, any, and several with a number each."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from analytics.rules import RULES
from notify.step import Step
from tests.notify.conftest import NOW

KINDS_OF_STEPS = ("open", "raise", "renew", "extend", "update", "lower", "end", "cancel")
A_STEP = Step(
    1, 1, "cold_spell", "cold", "open", 2, "observed", 1, "Trạm 1", 1, "Đồng Đăng", NOW, NOW, NOW, False, {}, None,
    "Immediate", False, False,
)  # fmt: skip


@st.composite
def any_step(draw):
    """Of any rule, in any of three places."""
    rule = draw(st.sampled_from(RULES))
    return replace(
        A_STEP, rule=rule.name, hazard=rule.hazard, kind=draw(st.sampled_from(KINDS_OF_STEPS)),
        level=draw(st.integers(1, rule.top)), basis=draw(st.sampled_from(["observed", "forecast"])),
        place=draw(st.integers(1, 3)), commune=draw(st.integers(1, 2)), stale=draw(st.booleans()),
        expires=NOW + timedelta(hours=draw(st.integers(-1, 1))), goes_on=draw(st.booleans()),
        successor=draw(st.none() | st.just(9)),
    )  # fmt: skip


STEPS = st.lists(any_step(), max_size=12).map(
    lambda steps: [replace(step, id=number) for number, step in enumerate(steps, 1)]
).flatmap(st.permutations)  # fmt: skip
