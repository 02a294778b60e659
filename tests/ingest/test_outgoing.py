"""Receipts go out many in one piece, never more of them unacknowledged than a broker allows."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import VariableByteIntegers

from ingest.mqtt_packets import UNACKNOWLEDGED, Outgoing, split


def sent(outgoing, number):
    """Topic, payload, message id and QoS of the packets that would be sent now, as paho reads them."""
    said = [
        decode_publish(head, body, MQTTProtocolVersion.MQTTv5)
        for head, body in split(bytearray(outgoing.packets(number)))
    ]
    return [(message.topic.decode(), bytes(message.payload), message.mid, message.qos) for message in said]


@given(st.lists(st.tuples(st.text("abc/", min_size=1, max_size=200), st.binary(max_size=300)), max_size=8))
def test_what_goes_out_is_what_paho_reads(messages):
    outgoing = Outgoing()
    outgoing.waiting.extend(messages)
    assert sent(outgoing, itertools.count(7).__next__) == [(*one, 7 + n, 1) for n, one in enumerate(messages)]
    assert not sent(outgoing, itertools.count(99).__next__)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_about_each_limit_of_their_bytes(size):
    """MQTT 5 §1.5.5: topic, id and properties take 6 bytes here."""
    for payload in (b"x" * max(size - 6, 0), b"x" * size):
        outgoing = Outgoing()
        outgoing.waiting.append(("t", payload))
        length = VariableByteIntegers.encode(len(payload) + 6)  # the shortest form, as the standard wants it
        assert outgoing.packets(lambda: 1) == b"\x32" + length + b"\0\1t" + b"\0\1" + b"\0" + payload


@pytest.mark.parametrize("count", [UNACKNOWLEDGED - 1, UNACKNOWLEDGED, UNACKNOWLEDGED + 1])
def test_no_more_fly_than_may(count):
    outgoing, number = Outgoing(), itertools.count(1).__next__
    outgoing.waiting.extend([("t", b"")] * count)
    assert len(sent(outgoing, number)) == min(count, UNACKNOWLEDGED)
    assert not outgoing.acknowledged(UNACKNOWLEDGED + 1), "none of these"
    assert outgoing.acknowledged(1)
    assert not outgoing.acknowledged(1), "only once"
    assert len(sent(outgoing, number)) == max(count - UNACKNOWLEDGED, 0)
