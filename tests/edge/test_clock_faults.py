"""F22 on the gateway: a clock at 1970 that becomes right, jumps of an hour there and back; nothing is lost."""

from gateway_faults import clock_jumps


async def test_a_clock_that_is_wrong_at_first_and_then_jumps(broker, tmp_path):
    found = await clock_jumps(tmp_path, broker.port)
    assert found["dated_afterwards"] >= 3
    assert (found["lost"], found["conflicts"], found["dated_wrong"]) == (0, 0, 0)
