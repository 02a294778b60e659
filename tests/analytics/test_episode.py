"""Episodes against a plain reference, second by second: what a level was, what shares time with what, who follows whom."""

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.episode import Episode, Revision, level_before, overlap, revise, spliced
from analytics.level import Change

#: Seconds of the world in which properties are tried.
WORLD = 40
seconds = st.integers(0, WORLD)


def episode(started, ended, *course, **rest):
    """One at level 1 from its start on, or with the changes given."""
    return Episode(started, ended, tuple(Change(*change) for change in course) or (Change(started, 1),), **rest)


# --- the reference ---


def painted(episodes):
    """Second → level, from what is known of episodes."""
    levels = dict.fromkeys(range(-1, WORLD + 2), 0)
    for one in episodes:
        for second in range(one.started, WORLD + 2 if one.ended is None else one.ended):
            levels[second] = [change.level for change in one.course if change.at <= second][-1]
    return levels


def stretches(levels):
    """Episodes of levels: where one is above none, with each change of it; the last goes on."""
    found = []
    for above, group in groupby(sorted(levels), key=lambda second: levels[second] > 0):
        span = list(group)
        if above:
            course = [(span[0], levels[span[0]])]
            course += [(after, levels[after]) for before, after in pairwise(span) if levels[before] != levels[after]]
            found.append(episode(span[0], None if span[-1] == max(levels) else span[-1] + 1, *course))
    return found


def shared(one, other, now):
    """How many seconds up to now, and with it where they go on, are of both."""
    spans = [set(range(each.started, now + 1 if each.ended is None else each.ended)) for each in (one, other)]
    return len(spans[0] & spans[1])


def paired(former, found, now):
    """Former → found by the longest time shared, then the earliest start; and former → who took its place."""
    pairs = [(shared(old, new, now), old, new) for old in former for new in found if shared(old, new, now)]
    pairs.sort(key=lambda pair: (-pair[0], pair[1].started, pair[2].started))
    of = {}
    for _, old, new in pairs:
        if old.id not in of and new not in of.values():
            of[old.id] = new
    took = {}
    for _, old, new in pairs:
        took.setdefault(old.id, found.index(new))
    return of, took


# --- what is tried ---


@st.composite
def levels(draw):
    """Second → level of the world, going on after it."""
    cuts = sorted(draw(st.sets(seconds, max_size=8)))
    levels = dict.fromkeys(range(-1, WORLD + 2), 0)
    for cut in cuts:
        levels |= dict.fromkeys(range(cut, WORLD + 2), draw(st.integers(0, 3)))
    return levels


@st.composite
def former_ones(draw):
    """Episodes as the table may have them, in any order; each has its own number."""
    found = stretches(draw(levels()))
    return draw(st.permutations([episode(one.started, one.ended, *one.course, id=n) for n, one in enumerate(found, 1)]))


@given(former_ones(), st.integers(0, WORLD + 1))
def test_the_level_before_a_moment_is_that_of_the_second_before(former, moment):
    assert level_before(former, moment) == painted(former)[moment - 1]


@pytest.mark.parametrize(("moment", "level"), [(9, 0), (10, 0), (11, 1), (15, 1), (16, 3), (19, 3), (20, 3), (21, 0)])
def test_level_before_at_each_edge(moment, level):
    assert level_before([episode(10, 20, (10, 1), (15, 3))], moment) == level
    assert level_before([episode(10, None, (10, 1), (15, 3))], moment) == (level or 3 * (moment > 20))
    assert level_before([], moment) == 0


@given(former_ones(), levels(), seconds)
def test_spliced_is_the_former_before_the_base_and_what_was_found_from_it_on(former, found, base):
    former = sorted(former, key=lambda one: one.started)
    before = painted(former)
    expected = {second: (found if second >= base else before)[second] for second in found}
    begin = [Change(base, found[base])] if found[base] != before[base - 1] else []
    later = [
        Change(second, found[second]) for second in range(base + 1, WORLD + 2) if found[second] != found[second - 1]
    ]
    earlier = [Change(second, found[second]) for second in range(base) if found[second] != found[second - 1]]
    assert spliced(former, base, [*earlier, *begin, *later]) == stretches(expected)


@given(former_ones(), levels(), seconds, st.integers(1, 4))
def test_a_low_class_neither_begins_a_spell_nor_holds_it_open(former, found, base, floor):
    former = sorted(former, key=lambda one: one.started)
    changes = [Change(at, found[at]) for at in range(WORLD + 2) if at == base or found[at] != found[at - 1]]
    plain = spliced(former, base, changes)
    split = spliced(former, base, changes, floor)
    assert all(len({change.level >= floor for change in one.course}) == 1 for one in split)
    assert painted(split) == painted(plain), "nothing else changes"
    for one, other in pairwise(split):
        assert one.ended < other.started or (one.level >= floor) != (other.level >= floor)


def test_a_spell_ends_where_it_is_merely_cool():
    cool, cold = Change(5, 1), Change(10, 3)
    assert spliced([], 0, [cool, cold, Change(12, 2), Change(20, 1), Change(30, 2)], 2) == [
        episode(5, 10, (5, 1)), episode(10, 20, (10, 3), (12, 2)), episode(20, 30, (20, 1)), episode(30, None, (30, 2)),
    ]  # fmt: skip


def test_a_spell_and_the_low_class_after_it_are_never_taken_for_each_other():
    """The end is dated two days back, so that the low class has lasted as long as the spell: the spell stays itself."""
    spell = episode(10, None, (10, 3), id=7)
    found = [episode(10, 20, (10, 3)), episode(20, None, (20, 1))]
    kept, cool = revise([spell], found, 30, 2)
    assert (kept.former, kept.kind) == (spell, "end")
    assert (cool.former, cool.kind) == (None, "open")
    assert [one.former for one in revise([spell], found, 31)] == [None, spell], "by the longest time shared alone"


def test_what_gets_worse_from_its_beginning_on_is_raised_not_withdrawn():
    """A day that goes on is cool at six and damaging cold at noon, both from its midnight on."""
    cool, cold = episode(10, None, (10, 1), id=7), episode(10, None, (10, 3))
    (raised,) = revise([cool], [cold], 20, 2)
    assert (raised.former, raised.kind) == (cool, "raise")


@pytest.mark.parametrize(
    ("base", "started", "ended"),
    [(19, 10, 50), (20, 10, 50), (21, 10, 20), (10, 30, 50), (11, 10, 50)],
)
def test_an_end_at_the_base_is_decided_anew(base, started, ended):
    """An episode of 10 to 20 of which nothing is said from the base on goes on; it is over where it ended before."""
    found = spliced([episode(10, 20)], base, [Change(30, 1), Change(50, 0)])
    assert (found[0].started, found[0].ended) == (started, ended)
    assert [(one.started, one.ended) for one in found[1:]] == ([(30, 50)] if base == 21 else [])


def test_a_change_that_is_none_is_no_change():
    assert spliced([episode(10, None, (10, 2))], 20, [Change(20, 2), Change(25, 3)]) == [
        episode(10, None, (10, 2), (25, 3))
    ]


def test_what_lasts_no_second_is_no_episode():
    changes = [Change(5, 1), Change(5, 0), Change(7, 0), Change(8, 1), Change(9, 0)]
    assert spliced([], 0, changes) == [episode(8, 9)]


def test_an_episode_just_found_was_said_of_nothing():
    (found,) = spliced([], 0, [Change(5, 1)])
    assert (found.id, found.steps, found.told, dict(found.by_day)) == (0, 0, None, {})


@given(former_ones(), former_ones(), seconds)
def test_overlap_counts_the_seconds_that_both_have(former, found, now):
    for one in former:
        for other in found:
            assert max(overlap(one, other, now), 0) == shared(one, other, now)
            assert overlap(one, other, now) == overlap(other, one, now)


@pytest.mark.parametrize(
    ("one", "other", "now", "common"),
    [
        (episode(10, 20), episode(20, 30), 40, 0),
        (episode(10, 21), episode(20, 30), 40, 1),
        (episode(10, None), episode(40, None), 40, 1),
        (episode(10, None), episode(40, None), 39, 0),
        (episode(10, None), episode(5, 12), 40, 2),
    ],
)
def test_overlap_at_its_edges(one, other, now, common):
    assert overlap(one, other, now) == common
    assert (revise([one], [other], now)[0].former is one) == (common > 0)


@given(former_ones(), levels(), seconds)
def test_episodes_follow_by_longest_overlap_one_to_one(former, found, now):
    found = [one for one in stretches(found) if one.started <= now]
    former = [one for one in former if one.started <= now]
    of, took = paired(former, found, now)
    revisions = revise(former, found, now)
    back = {id(new): number for number, new in of.items()}
    expected = [(back.get(id(new)), new, None) for new in found]
    expected += [(old.id, None, took.get(old.id)) for old in former if old.id not in of]
    assert [(one.former and one.former.id, one.new, one.successor) for one in revisions] == expected


def what_follows(former, found, now=100):
    return [
        ((one.former.started, one.former.ended) if one.former else None, (one.new.started, one.new.ended) if one.new else None,
         one.successor)
        for one in revise([episode(*span) for span in former], [episode(*span) for span in found], now)
    ]  # fmt: skip


def test_the_longest_overlap_keeps_the_alert_and_the_others_name_who_took_their_place():
    assert what_follows([(10, 20), (25, 60)], [(5, 70)]) == [((25, 60), (5, 70), None), ((10, 20), None, 0)]
    assert what_follows([(5, 70)], [(10, 20), (25, 60)]) == [(None, (10, 20), None), ((5, 70), (25, 60), None)]
    # of two that it met it names the one with which it shared more
    found = [(0, 14), (16, 40)]
    assert what_follows([(0, 12), (13, 19), (20, 40)], found) == [
        ((0, 12), (0, 14), None), ((20, 40), (16, 40), None), ((13, 19), None, 1),
    ]  # fmt: skip


def test_of_equal_overlaps_the_earliest_start_is_taken():
    assert what_follows([(30, 40), (10, 20)], [(5, 50)]) == [((10, 20), (5, 50), None), ((30, 40), None, 0)]
    assert what_follows([(5, 50)], [(10, 20), (30, 40)]) == [((5, 50), (10, 20), None), (None, (30, 40), None)]
    # it takes the time it shared: the earlier start alone decides nothing
    assert what_follows([(30, 41), (10, 20)], [(5, 50)])[0] == ((30, 41), (5, 50), None)


def test_what_only_touches_or_lasts_no_second_is_another_one():
    assert what_follows([(10, 20)], [(20, 30)]) == [(None, (20, 30), None), ((10, 20), None, None)]
    assert what_follows([(20, 30)], [(10, 20)]) == [(None, (10, 20), None), ((20, 30), None, None)]
    assert what_follows([(15, 15)], [(10, 20)]) == [(None, (10, 20), None), ((15, 15), None, None)]
    assert what_follows([(19, 30)], [(10, 20)]) == [((19, 30), (10, 20), None)]


def test_the_present_second_counts():
    assert what_follows([(100, None)], [(90, None)], now=100) == [((100, None), (90, None), None)]
    assert what_follows([(90, None)], [(100, None)], now=100) == [((90, None), (100, None), None)]
    assert what_follows([(90, None)], [(100, None)], now=99) == [(None, (100, None), None), ((90, None), None, None)]


def test_nothing_former_and_nothing_found():
    assert revise([], [], 0) == []
    assert what_follows([], [(1, 2)]) == [(None, (1, 2), None)]
    assert what_follows([(1, 2)], []) == [((1, 2), None, None)]


HIGHER = ((10, 1), (15, 2))


@pytest.mark.parametrize(
    ("former", "new", "kind"),
    [
        (episode(10, None), None, "cancel"),
        (None, episode(10, None), "open"),
        (None, episode(10, 20), "open"),
        (episode(10, None), episode(10, None), None),
        (episode(10, 20, id=7, steps=3), episode(10, 20, by_day={"2026-01-10": 1.0}), None),
        (episode(10, None), episode(10, 20), "end"),
        (episode(10, None, *HIGHER), episode(10, 20), "end"),
        (episode(10, None), episode(10, None, *HIGHER), "raise"),
        (episode(10, None, *HIGHER), episode(10, None), "lower"),
        (episode(10, None), episode(9, None), "update"),
        (episode(10, None, *HIGHER), episode(10, None, (10, 1), (16, 2)), "update"),
        (episode(10, 20), episode(10, 21), "update"),
        (episode(10, 20), episode(10, 20, *HIGHER), "update"),
        (episode(10, 20), episode(10, None), "update"),
        (episode(10, 20), episode(10, None, *HIGHER), "update"),
        (episode(10, 20, *HIGHER), episode(10, None), "update"),
    ],
)
def test_what_is_said_of_a_revision(former, new, kind):
    assert Revision(former, new).kind == kind


@pytest.mark.parametrize(
    ("course", "level", "since"),
    [
        ([(10, 2)], 2, 10),
        ([(10, 1), (20, 2)], 2, 20),
        ([(10, 2), (20, 1)], 1, 10),
        ([(10, 1), (20, 3), (30, 2)], 2, 20),
        ([(10, 2), (20, 1), (30, 2)], 2, 30),
        ([(10, 2), (20, 3), (30, 2), (40, 4), (50, 2)], 2, 10),
        ([(10, 1), (20, 2), (30, 3), (40, 2), (50, 3)], 3, 50),
    ],
)
def test_since_when_a_level_has_held_without_a_lower_one(course, level, since):
    found = episode(course[0][0], None, *course)
    assert (found.level, found.since) == (level, since)


@pytest.mark.parametrize("other", [episode(9, 20), episode(10, 21), episode(10, None), episode(10, 20, (10, 2))])
def test_what_is_not_the_same_of_event_time(other):
    assert not episode(10, 20).same(other)
    assert episode(10, 20).same(episode(10, 20, id=4, steps=2))
