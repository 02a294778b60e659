"""The beginning and the smallest step of time as it is counted here, and seconds of written times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Times are kept to the microsecond: ``end - INSTANT`` is the last one of a span to which its end does not belong.
INSTANT = timedelta(microseconds=1)


def second_of(text: str) -> int:
    """Whole seconds since 1970-01-01 UTC of an ISO 8601 time; one without a zone is UTC; `ValueError` if it is none."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
