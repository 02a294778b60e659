"""What is taken apart without paho is what paho says it is, however it is cut into pieces."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from ingest.mqtt_packets import MalformedError, Publish, publish, split

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
OTHERS = st.fixed_dictionaries(
    {},
    optional={"PayloadFormatIndicator": st.integers(0, 1), "MessageExpiryInterval": st.integers(0, 2**32 - 1),
              "ResponseTopic": TEXT, "CorrelationData": st.binary(max_size=9), "TopicAlias": st.integers(1, 9),
              "SubscriptionIdentifier": st.integers(1, 268_435_455)},
)  # fmt: skip


@st.composite
def bodies(draw):
    """First byte and body of a PUBLISH, as paho would write it, with whatever properties the standard knows."""
    bag = Properties(PacketTypes.PUBLISH)
    for name, value in draw(OTHERS).items():
        setattr(bag, name, value)
    if draw(st.booleans()):
        bag.ContentType = draw(TEXT)
    if pairs := draw(st.lists(st.tuples(TEXT, TEXT), max_size=4)):
        bag.UserProperty = pairs
    topic, qos = draw(TEXT.filter(bool)).encode(), draw(st.integers(0, 1))
    mid = struct.pack(">H", draw(st.integers(1, 65535))) if qos else b""
    body = struct.pack(">H", len(topic)) + topic + mid + bag.pack() + draw(st.binary(max_size=400))
    return 0x30 | qos << 1 | draw(st.sampled_from([0, 1, 8])), body


@given(bodies())
def test_a_publish_is_what_paho_makes_of_it(packet):
    said = decode_publish(packet[0], packet[1], MQTTProtocolVersion.MQTTv5)
    bag = said.properties
    assert publish(*packet) == Publish(
        said.topic.decode(),
        said.mid,
        getattr(bag, "ContentType", ""),
        [tuple(pair) for pair in getattr(bag, "UserProperty", [])],
        bytes(said.payload),
    )


@given(st.binary(max_size=60), st.sampled_from([0x30, 0x32]))
def test_whatever_comes_is_a_publish_or_malformed(body, head):
    with contextlib.suppress(MalformedError):
        assert isinstance(publish(head, body), Publish)


@given(st.lists(bodies(), min_size=1, max_size=5), st.data())
def test_packets_come_in_any_pieces(packets, data):
    stream = b"".join(bytes([head]) + VariableByteIntegers.encode(len(body)) + body for head, body in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    buffer, got = bytearray(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        buffer += stream[start:end]
        got += split(buffer)
    assert got == packets
    assert not buffer


def test_a_length_without_end_is_refused():
    with pytest.raises(MalformedError):
        list(split(bytearray(b"\x30\xff\xff\xff\xff\x01")))


def test_text_that_is_no_text_does_not_cost_the_connection():
    body = b"\0\1t" + b"\0\1" + b"\7\x26\0\1\xff\0\1v" + b"payload"
    assert publish(0x32, body) == Publish("t", 1, "", [("�", "v")], b"payload")
