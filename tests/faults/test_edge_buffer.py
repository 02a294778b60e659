"""F30: the gateway's buffer driven by a state machine, at length."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.edge.test_outbox_machine import Buffer
from tests.faults.table import note


def test_no_course_of_events_loses_a_reading():
    Buffer.courses = Buffer.steps = 0
    run_state_machine_as_test(Buffer, settings=settings(max_examples=400, stateful_step_count=60, deadline=None))
    note("F30", "gateway's buffer driven by a state machine (hypothesis)",
         "adding, sending, lost receipts, dating, caps, restarts, power cuts", courses=Buffer.courses,
         steps=Buffer.steps, readings_lost=0, packs_changed=0)  # fmt: skip
