"""Each limit of counting below, at and above it; and counts taken with and without event time beside a plain reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.counter import Counted, Counting, Doubt, Increment, Judged, Rules, Seen, Undated, judge, rise
from edge.counter_limit import CounterLimit

T = 1_780_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
GAP = 6 * HOUR
#: 2 a minute are believed at once (for two and a half minutes at least: 5), 10 are possible; 0.5 is trembling.
LIMIT = CounterLimit(2 / MINUTE, 10 / MINUTE, 400.0)
RULES = Rules(None, GAP, LIMIT)
BASE = Seen(100.0, T)
MOST = LIMIT.bound(MINUTE)


def at(raw, minutes=1.0, clock=""):
    return Seen(raw, T + round(minutes * MINUTE), clock)


def above(number):
    return number * (1 + 1e-6)


# -- what lies between two states -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "now", "modulus", "jitter", "added"), [
    (5, 5, None, 0, 0), (5, 6, None, 0, 1), (5, 4.9, None, 0, None), (0, 0, 100, 0, 0),
    (90, 10, 100, 0, 20), (89.9, 10, 100, 0, None), (90, 10.1, 100, 0, None), (99, 0, 100, 0, 1), (90, 50, 100, 0, None),
    (50, 5, 100, 0, None), (89, 1, 100, 0, None), (0.95, 0.05, 1, 0, 0.1), (5, 4, 1, 0, None),
    (100, 99.5, None, 0.5, 0), (100, 99.4, None, 0.5, None), (100, 99.9, None, 0.5, 0), (100, 99.5, None, 0.4, None),
    (4, 1, None, 3, None), (4, 1.01, None, 3, 0), (4, 0.99, None, 9, None), (4, 2, None, 2, 0), (0.4, 0.2, None, 0.5, 0),
])  # fmt: skip
def test_a_rise(before, now, modulus, jitter, added):
    found = rise(before, now, modulus, jitter)
    assert found is None if added is None else found == pytest.approx(added)


@pytest.mark.parametrize(("raw", "minutes", "added"), [
    (110.0, 1, 10.0), (100 + above(MOST), 1, None), (110.0, 0.5, 10.0), (111.0, 0.5, None),
    (100.0, 0, None), (100.0, 1 / MINUTE, 0.0), (100.0, -1 / MINUTE, None), (100.0, -1, None),
    (400.0, 360, 300.0), (400.0, 360 + 1 / MINUTE, None), (100.0, 360, 0.0), (99.5, 1, 0.0), (99.4, 1, None),
])  # fmt: skip
def test_what_can_have_been_added(raw, minutes, added):
    assert RULES.added(BASE, at(raw, minutes)) == (None if added is None else pytest.approx(added, abs=1e-7))


def test_what_can_have_been_added_in_a_time_that_nobody_knows():
    assert RULES.added(Seen(0.0, T), at(MOST)) == MOST
    assert RULES.added(BASE, Seen(100 + LIMIT.bound(GAP) / 2, 5, "start")) == pytest.approx(LIMIT.bound(GAP) / 2)
    assert RULES.added(BASE, Seen(100 + above(LIMIT.bound(GAP)), 5, "start")) is None
    assert RULES.believed(BASE, Seen(100, 5, "start")) == LIMIT.believed(GAP)
    assert RULES.believed(BASE, at(100)) == 5.0
    assert Seen(1, 5, "a").until(Seen(1, 8, "a")) == 3
    assert Seen(1, 5, "a").until(Seen(1, 8, "b")) is None


@pytest.mark.parametrize(("raw", "modulus", "impossible"), [
    (-1, None, True), (-0.1, None, True), (0, None, False), (65_535, None, False), (65_534, 65_536, False),
    (65_535, 65_536, True), (65_536, 65_536, True), (99, 100, False), (65_534, 65_535, False), (65_535, 65_537, False),
    (65_535, 10**6, False), (999_998, 10**6, False), (999_999, 10**6, True), (10**6 - 0.5, 10**6, True),
])  # fmt: skip
def test_what_no_counter_says(raw, modulus, impossible):
    assert Rules(modulus, GAP, LIMIT).impossible(raw) is impossible


# -- one sample after a base ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "read"), [
    (0, False), (1 / MINUTE, True), (2 / MINUTE, True), (-1 / MINUTE, False), (-1, False), (359, True), (360, True),
    (360 + 1 / MINUTE, False),
])  # fmt: skip
def test_the_same_moment_and_the_longest_gap(minutes, read):
    now = at(101.0, minutes)
    assert judge(BASE, Doubt(), now, RULES) == (
        Judged((Increment(1.0, now.time),), 101.0) if read else Judged((), 101.0)
    )


def test_a_rise_that_is_believed_at_once_and_one_that_waits():
    assert judge(BASE, Doubt(), at(105.0), RULES) == Judged((Increment(5.0, T + MINUTE),), 105.0)
    now = at(above(105.0))
    waits = judge(BASE, Doubt(), now, RULES)
    assert (waits.increments, waits.base, waits.doubt, waits.withheld) == ((), None, Doubt(now), 1)
    assert waits.note == "count 105 after 100 is extraordinary: it waits for a second sample"
    kept = Doubt(None, Seen(50, T - HOUR), 2)
    assert judge(BASE, kept, now, RULES).doubt == kept._replace(waiting=now)


def test_a_rise_that_cannot_be_waits_and_so_does_a_fall():
    for now in (at(100 + above(MOST)), at(99.0), at(0.0)):
        assert judge(BASE, Doubt(), now, RULES)._replace(note="") == Judged(doubt=Doubt(now), withheld=1)
    assert judge(BASE, Doubt(), at(99.0), RULES).note == "count 99 after 100 cannot be: it waits for a second sample"


def test_a_sample_that_is_back_ends_the_doubt():
    found = judge(BASE, Doubt(at(5000.0)), at(101.0, 2), RULES)
    assert found == Judged((Increment(1.0, T + 2 * MINUTE),), 101.0, note="5000 was no count: it is back where it was")


def test_a_trembling_digit_is_not_counted_twice():
    assert judge(BASE, Doubt(), at(99.8), RULES).base == 100.0
    assert judge(BASE, Doubt(), at(100.0), RULES) == Judged((Increment(0.0, T + MINUTE),), 100.0)
    wrapped = judge(Seen(99.0, T), Doubt(), at(0.0), Rules(100, GAP, LIMIT))
    assert wrapped == Judged((Increment(1.0, T + MINUTE),), 0.0)


def test_an_extraordinary_rise_is_proved_by_the_sample_after_it():
    waiting = at(108.0)
    proved = judge(BASE, Doubt(waiting), at(109.0, 2), RULES)
    assert proved == Judged((Increment(8.0, waiting.time), Increment(1.0, T + 2 * MINUTE)), 109.0, withheld=-1)
    still = judge(BASE, Doubt(waiting), at(108.0, 2), RULES)
    assert still == Judged((Increment(8.0, waiting.time), Increment(0.0, T + 2 * MINUTE)), 108.0, withheld=-1)
    trembling = judge(BASE, Doubt(waiting), at(107.8, 2), RULES)
    assert (trembling.base, trembling.increments[1].added) == (108.0, 0.0)
    wraps = judge(Seen(85.0, T), Doubt(at(95.0)), at(0.0, 2), Rules(100, GAP, LIMIT))
    assert wraps._replace(increments=()) == Judged((), 0.0, withheld=-1)
    one = judge(Seen(85.0, T), Doubt(at(92.0)), at(93.0, 2), Rules(100, GAP, LIMIT))
    assert one.base == 93.0


def test_a_storm_without_like_is_proved_sample_by_sample():
    waiting, now = at(108.0), at(116.0, 2)
    assert judge(BASE, Doubt(waiting), now, RULES) == Judged(
        (Increment(8.0, waiting.time),), 108.0, Doubt(now), moved=waiting.time
    )
    at_limit = judge(BASE, Doubt(waiting), at(113.0, 2), RULES)
    assert (at_limit.base, at_limit.doubt) == (113.0, Doubt())
    above_limit = at(above(113.0), 2)
    assert judge(BASE, Doubt(waiting), above_limit, RULES).doubt == Doubt(above_limit)


def test_a_waiting_sample_of_another_clock_proves_nothing():
    waiting = Seen(108.0, 5, "start")
    assert judge(BASE, Doubt(waiting), at(109.0), RULES)._replace(note="") == Judged(doubt=Doubt(at(109.0)), withheld=1)


# -- a count that began anew ------------------------------------------------------------------------------------------


def begun(raw, after, minutes=(1, 2), base=BASE, rules=RULES):
    return judge(base, Doubt(at(raw, minutes[0])), at(after, minutes[1]), rules)


def test_a_fall_to_a_quarter_began_at_zero_and_one_above_it_did_not():
    base, rules = Seen(4.0, T), Rules(None, GAP, CounterLimit(2 / MINUTE, 10 / MINUTE, 400.0))
    zero = begun(1.0, 2.0, base=base, rules=rules)
    assert zero.increments == (Increment(1.0, T + MINUTE), Increment(1.0, T + 2 * MINUTE))
    assert (zero.base, zero.withheld, zero.doubt, zero.note) == (
        2.0,
        -1,
        Doubt(),
        "count 2: the count began again at 0",
    )
    other = begun(1.01, 2.01, base=base, rules=rules)
    assert other.increments == (Increment(pytest.approx(1.0), T + 2 * MINUTE),)
    assert (other.base, other.withheld) == (2.01, 0)
    assert other.note == "count 2.01: the count began anew, it stood at 4; what fell between is not known"


@pytest.mark.parametrize(("raw", "after", "believed"), [
    (2.5, 3.5, True), (2.51, 3.51, False), (0.5, 0.5, True), (0.51, 0.51, False), (0.0, 0.0, True), (4.5, 6.5, True),
    (4.51, 6.51, False),
])  # fmt: skip
def test_what_was_counted_since_zero_is_believed_as_far_as_what_follows_is_like_it(raw, after, believed):
    """Twice the rate of the minute after it, and the trembling."""
    found = begun(raw, after)
    assert len(found.increments) == (2 if believed else 1)
    assert found.withheld == (-1 if believed else 0)


def test_what_was_counted_since_zero_in_a_longer_and_a_shorter_time():
    assert len(begun(4.5, 5.5, (2, 3)).increments) == 2  # two minutes before, one after: twice as much
    assert len(begun(4.51, 5.51, (2, 3)).increments) == 1
    assert len(begun(1.5, 2.5, (1, 3)).increments) == 2
    assert len(begun(1.51, 2.51, (1, 3)).increments) == 1
    most, limit = 10.0, CounterLimit(20 / MINUTE, 10 / MINUTE, 400.0)  # bounded by what is possible
    rules = Rules(None, GAP, limit)
    assert len(begun(most, most + 9, rules=rules).increments) == 2
    assert len(begun(above(most), most + 9.5, rules=rules).increments) == 1


def test_what_was_counted_since_zero_is_not_said_of_a_time_that_nobody_knows():
    found = judge(BASE, Doubt(Seen(1.0, 5_000, "start")), Seen(2.0, 65_000, "start"), RULES)
    assert found.increments == (Increment(1.0, 65_000),)
    found = judge(BASE, Doubt(at(1.0)), Seen(2.0, 65_000, "start"), RULES)
    assert found.increments == (Increment(1.0, 65_000),)
    found = judge(BASE, Doubt(Seen(1.0, 5_000, "start")), Seen(2.0, 65_000, ""), RULES)
    assert found == Judged((), 2.0)  # long before the base


@pytest.mark.parametrize(("minutes", "increments"), [(0, 1), (-1, 1), (1 / MINUTE, 2)])
def test_what_was_counted_since_zero_was_counted_after_the_base(minutes, increments):
    assert len(begun(0.2, 0.2, (minutes, 1)).increments) == increments


def test_a_new_beginning_remembers_the_old_place():
    assert begun(200.0, 200.5).doubt == Doubt(None, BASE, -1)  # it rose: whenever it comes back
    assert begun(200.0, 200.0).doubt == Doubt(None, BASE, -1)
    assert begun(50.0, 50.0).doubt == Doubt(None, BASE, 3)  # it fell and stays: three samples
    assert begun(50.0, 50.5).doubt == Doubt()  # it fell and counts


@pytest.mark.parametrize(("after", "begins"), [(205.0, True), (above(205.0), False), (199.5, True), (199.4, False)])
def test_a_new_place_is_believed_by_a_sample_that_goes_on_from_it(after, begins):
    found = begun(200.0, after)
    assert (found.base is not None) is begins
    if not begins:
        assert found._replace(note="") == Judged(doubt=Doubt(at(after, 2)), withheld=1)


FORMER = Seen(300.0, T - MINUTE)


@pytest.mark.parametrize(("tries", "raw", "note"), [
    (3, 300.0, "count 300: back where it was before it fell"), (1, 300.5, "count 300.5: back where it was before it fell"),
    (1, 300.6, None), (0, 300.0, None), (-1, 300.0, "count 300: back where it was before it rose"),
    (-1, 319.0, "count 319: back where it was before it rose"), (-1, 321.0, None), (2, 299.5, "count 299.5: back where it was before it fell"),
])  # fmt: skip
def test_a_count_that_comes_back_to_where_it_was(tries, raw, note):
    found = judge(BASE, Doubt(None, FORMER, tries), at(raw), RULES)
    if note is None:
        assert (found.base, found.withheld) == (None, 1)
    else:
        added = max(raw - 300.0, 0.0)
        assert found == Judged((Increment(pytest.approx(added), T + MINUTE),), raw, note=note)


def test_while_it_may_come_back_a_rise_is_a_rise():
    doubt = Doubt(None, FORMER, -1)
    assert judge(BASE, doubt, at(101.0), RULES) == Judged((Increment(1.0, T + MINUTE),), 101.0, doubt)
    doubt = Doubt(None, Seen(100.5, T - MINUTE), -1)  # both can be: it goes on from where it is
    assert judge(BASE, doubt, at(101.0), RULES).increments[0].added == 1.0
    doubt = Doubt(None, Seen(100.5, T - MINUTE), 3)
    assert judge(BASE, doubt, at(101.0), RULES).increments[0].added == 0.5


@pytest.mark.parametrize(("tries", "added", "left"), [
    (3, 0.0, 2), (2, 0.0, 1), (1, 0.0, 0), (3, 0.1, 0), (0, 0.0, 0), (0, 0.1, 0), (-1, 0.0, -1), (-1, 5.0, -1), (-2, 1.0, -2),
    (3, 1.0, 0), (3, -1.0, 0),
])  # fmt: skip
def test_how_long_it_may_come_back(tries, added, left):
    expected = Doubt(None, FORMER, left) if left else Doubt()
    assert Doubt(BASE, FORMER, tries).later(added) == expected


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_what_a_memory_holds_by_itself():
    assert Undated("start", None, 1, 2).least == 0
    assert Doubt() == Doubt(None, None, 0)
    assert Judged() == Judged((), None, Doubt(None, None, 0), "", 0, None)
    counting = Counting({}, {})
    assert (counting.withheld, counting.note) == (0, "")


def counting(raw=100.0, **more):
    return Counting({"rain": Counted(raw, T)}, {}, **more)


def test_a_sample_that_is_no_count_and_the_next():
    states, doubts = {"rain": Counted(100.0, T)}, {}
    gauge = Counting(states, {}, doubts)
    assert gauge.taken("rain", -1.0, T + MINUTE, "", RULES) == ()
    assert (gauge.withheld, gauge.note, states) == (1, "count -1 is no count", {"rain": Counted(100.0, T)})
    assert gauge.taken("rain", 101.0, T + 2 * MINUTE, "", RULES) == (Increment(1.0, T + 2 * MINUTE),)
    assert (gauge.withheld, gauge.note, doubts) == (0, "", {})
    assert gauge.taken("rain", 5000.0, T + 3 * MINUTE, "", RULES) == ()
    assert doubts == {"rain": Doubt(Seen(5000.0, T + 3 * MINUTE))}
    assert gauge.taken("rain", 102.0, T + 4 * MINUTE, "", RULES) == (Increment(1.0, T + 4 * MINUTE),)
    assert doubts == {}


@pytest.mark.parametrize(("time", "clock", "again"), [
    (T + 3 * MINUTE, "", True), (T + 3 * MINUTE - 1, "", True), (T + 3 * MINUTE + 1, "", False), (5, "start", False),
])  # fmt: skip
def test_the_same_message_again_proves_nothing(time, clock, again):
    doubts = {"rain": Doubt(Seen(5000.0, T + 3 * MINUTE))}
    gauge = counting(doubts=doubts)
    assert gauge.taken("rain", 5000.0, time, clock, RULES) == (() if again else (Increment(0.0, time),))
    assert (doubts["rain"].waiting == Seen(5000.0, T + 3 * MINUTE)) is again
    assert (gauge.withheld, gauge.note == "") == (0, again)


def test_the_sum_of_what_a_sample_brings():
    gauge = counting()
    more = {"modulus": None, "gap": GAP, "limit": LIMIT}
    assert gauge.added("rain", 108.0, T + MINUTE, **more) is None
    assert gauge.added("rain", 109.0, T + 2 * MINUTE, **more) == 9.0
    assert gauge.added("snow", 5.0, T + 2 * MINUTE, **more) is None
    assert gauge.added("snow", 5.0, T + 3 * MINUTE, **more) == 0.0


def test_a_base_that_moved_to_the_sample_before_bears_its_time():
    states = {"rain": Counted(100.0, T)}
    gauge = Counting(states, {})
    gauge.taken("rain", 108.0, T + MINUTE, "", RULES)
    gauge.taken("rain", 116.0, T + 2 * MINUTE, "", RULES)
    assert states == {"rain": Counted(108.0, T + MINUTE)}


def test_the_first_states_of_all():
    states, undated = {}, {}
    gauge = Counting(states, undated)
    assert gauge.taken("rain", 7.0, 5_000, "start", RULES) == ()
    assert (states, undated) == ({"rain": Counted(7.0, 0)}, {"rain": Undated("start", None, 5_000, 5_000)})
    assert gauge.taken("rain", 8.0, 65_000, "start", RULES) == (Increment(1.0, 65_000),)
    assert undated == {"rain": Undated("start", None, 5_000, 65_000)}
    assert gauge.dated("start", T, GAP) == {}
    assert (states, undated) == ({"rain": Counted(8.0, T + 65_000)}, {})
    assert gauge.taken("rain", 9.0, T + 125_000, "", RULES) == (Increment(1.0, T + 125_000),)
    assert states == {"rain": Counted(9.0, T + 125_000)}


def test_a_state_without_its_time_keeps_the_last_that_is_known():
    states, undated = {"rain": Counted(100.0, T)}, {}
    gauge = Counting(states, undated)
    assert gauge.taken("rain", 101.0, 5_000, "start", RULES) == (Increment(1.0, 5_000),)
    assert (states, undated) == ({"rain": Counted(101.0, T)}, {"rain": Undated("start", T, 5_000, 5_000, 0)})
    gauge.taken("rain", 102.0, 65_000, "start", RULES)
    assert undated == {"rain": Undated("start", T, 5_000, 65_000, 0)}
    assert gauge.taken("rain", 103.0, 90_000, "next", RULES) == ()  # of another start: nobody knows when that was
    assert (states, undated) == ({"rain": Counted(103.0, T)}, {"rain": Undated("next", None, 90_000, 90_000, 0)})
    assert gauge.taken("rain", 104.0, T + HOUR, "", RULES) == (Increment(1.0, T + HOUR),)  # dated before it was told
    assert (states, undated) == ({"rain": Counted(104.0, T + HOUR)}, {})


def test_a_sample_without_time_after_one_that_waited_for_it():
    """What rose more than can have fallen in a minute needs a time: the least one is kept."""
    undated = {}
    gauge = Counting({"rain": Counted(100.0, T)}, undated)
    gauge.taken("rain", 300.0, 5_000, "start", RULES)
    assert undated["rain"].least == int(200 * MINUTE / 10)
    gauge = counting()
    gauge.taken("rain", 101.0, T + MINUTE, "", RULES)
    assert gauge.taken("rain", 103.0, 5_000, "start", RULES) == (Increment(2.0, 5_000),)


@pytest.mark.parametrize(("added", "passed", "right"), [
    (1.0, 0, False), (1.0, -1, False), (1.0, -MINUTE, False), (1.0, 1, True), (1.0, 2, True), (1.0, GAP, True), (1.0, GAP + 1, False),
    (200.0, 20 * MINUTE - 1, False), (200.0, 20 * MINUTE, True), (200.0, 20 * MINUTE + 1, True), (200.0, GAP, True),
])  # fmt: skip
def test_an_increment_into_a_time_that_became_known(added, passed, right):
    """Not in no or negative time, not after too long, not faster than it can have been counted."""
    states, undated = {"rain": Counted(100.0, T)}, {}
    gauge = Counting(states, undated)
    assert gauge.taken("rain", 100.0 + added, 40_000, "start", RULES) == (Increment(added, 40_000),)
    assert gauge.dated("another", T + passed - 40_000, GAP) == {}
    assert undated != {}
    assert gauge.dated("start", T + passed - 40_000, GAP) == ({} if right else {"rain": 40_000})
    assert (states, undated) == ({"rain": Counted(100.0 + added, T + passed)}, {})


def test_all_names_of_a_start_are_dated_and_no_others():
    states = {"a": Counted(1.0, T), "b": Counted(2.0, T), "c": Counted(3.0, T)}
    undated = {
        "a": Undated("other", T, 1, 2),
        "b": Undated("start", T, HOUR, HOUR + 5),
        "c": Undated("start", T, 8 * HOUR, 9 * HOUR),
    }
    assert Counting(states, undated).dated("start", T, GAP) == {"c": 8 * HOUR}
    assert states == {"a": Counted(1.0, T), "b": Counted(2.0, T + HOUR + 5), "c": Counted(3.0, T + 9 * HOUR)}
    assert undated == {"a": Undated("other", T, 1, 2)}


def test_what_waits_is_dated_too():
    waiting, former, other = Seen(5.0, 40_000, "start"), Seen(6.0, 20_000, "start"), Seen(7.0, 60_000, "other")
    doubts = {"a": Doubt(waiting, former, 2), "b": Doubt(other, None, 0), "c": Doubt(None, Seen(8.0, T), -1)}
    assert Counting({}, {}, doubts).dated("start", T, GAP) == {}
    assert doubts == {
        "a": Doubt(Seen(5.0, T + 40_000), Seen(6.0, T + 20_000), 2), "b": Doubt(other, None, 0), "c": Doubt(None, Seen(8.0, T), -1)
    }  # fmt: skip


# -- beside a plain reference -----------------------------------------------------------------------------------------


def plain(starts):
    """Rain by sample, where each sample's true time is known: what was added since the one before, if it came within
    the longest gap; nothing after a start of the machine whose time never became known.
    """
    rain, before, lost = {}, None, False
    for number, (samples, known_from) in enumerate(starts):
        for at_sample, (raw, true) in enumerate(samples):
            undated = known_from is None or at_sample < known_from
            reset = lost and at_sample == 0
            if before is not None and not reset and 0 < true - before[1] <= GAP:
                rain[number, at_sample] = raw - before[0]
            before = raw, true
            if undated and known_from is None:
                lost = True
        lost = known_from is None
    return rain


SAMPLES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([1, 999, 60_000, GAP - 1, GAP, GAP + 1, 9 * HOUR])),
    min_size=1,
    max_size=6,
)


@given(st.lists(st.tuples(SAMPLES, st.integers(0, 6), st.booleans()), min_size=1, max_size=5))
def test_rain_with_and_without_event_time_is_as_if_all_times_had_been_known(starts):
    """The clock of each start of the machine becomes known after some samples, or (the last one alone) never."""
    raw, true, courses = 100.0, T, []
    for number, (samples, known_from, never) in enumerate(starts):
        course = []
        for added, passed in samples:
            raw, true = raw + added, true + passed
            course.append((raw, true))
        courses.append((course, None if never and number == len(starts) - 1 else min(known_from, len(course))))
    told, gauge = {}, Counting({}, {})
    for number, (course, known_from) in enumerate(courses):
        zero = course[0][1] - 7_000
        for index in range(len(course) + 1):
            if index == known_from:
                for since in gauge.dated(f"start-{number}", zero, GAP).values():
                    told = {key: item for key, item in told.items() if key[0] != number or item.time != since}
            if index == len(course):
                break
            count, moment = course[index]
            dated = known_from is not None and index >= known_from
            place = ("", moment) if dated else (f"start-{number}", moment - zero)
            for item in gauge.taken("rain", count, place[1], place[0], RULES):
                told[number, index] = item
    expected = plain(courses)
    if courses[-1][1] is None:  # of the first sample of a start whose time is not known yet nothing can be taken back
        told.pop((len(courses) - 1, 0), None)
        expected.pop((len(courses) - 1, 0), None)
    assert {key: item.added for key, item in told.items()} == expected
