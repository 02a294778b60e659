"""Why a record, or a whole pack, was set aside instead of stored."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Stable words that stand in tables, receipts, metrics and the API."""

    # of a whole pack
    MALFORMED = "malformed"  # cannot be decoded
    OVERSIZED = "oversized"  # above 256 KiB or 500 records
    EMPTY = "empty"  # no record
    LABEL = "label"  # boot, stream, sequence or kind is wrong
    CONTENT_TYPE = "content_type"  # neither SenML JSON nor SenML CBOR
    # of a record
    RECORD = "record"  # a field has the wrong type, or must be understood and is not
    NAME = "name"  # not urn:nongvu:<station>:<quantity>[/<level>]
    UNKNOWN_QUANTITY = "unknown_quantity"
    WRONG_UNIT = "wrong_unit"
    NOT_A_NUMBER = "not_a_number"  # text, boolean, data, or no value at all
    NOT_FINITE = "not_finite"  # NaN or infinity
    RELATIVE_TIME = "relative_time"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    UNKNOWN_STATION = "unknown_station"  # reprocessed once registered
    FOREIGN_STATION = "foreign_station"  # belongs to another gateway
    UNKNOWN_DATASTREAM = "unknown_datastream"  # reprocessed once born
    CONFLICT = "conflict"  # same datastream and time, another value, no correction


#: What is reprocessed when its cause is gone.
CURABLE = frozenset({Reason.UNKNOWN_STATION, Reason.UNKNOWN_DATASTREAM, Reason.FOREIGN_STATION})
