"""What checks and people said of readings, as intervals laid over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store.binary import column, instants
from store.statements import statement

ORDERED, SPATIAL = "ordered", "spatial"


class Verdict(NamedTuple):
    """An interval, both ends included, in which readings of a datastream are not to be trusted (or are after all)."""

    datastream: int
    valid_from: datetime
    valid_to: datetime
    #: As `store.flag`: QARTOD value and bits of the checks.
    flag: int
    reason: str


async def replace(
    cursor: AsyncCursor[TupleRow],
    who: str,
    datastreams: Sequence[int],
    from_times: Sequence[datetime],
    verdicts: Sequence[Verdict],
    now: datetime,
) -> None:
    """Make ``verdicts`` all that ``who`` says of datastreams, each from its moment on."""
    arguments = {
        "who": who,
        "now": now,
        "datastreams": column("int4", np.array(datastreams, np.int64)),
        "from_times": column("timestamptz", instants(from_times)),
        "datastream": column("int4", np.array([one.datastream for one in verdicts], np.int64)),
        "valid_from": column("timestamptz", instants([one.valid_from for one in verdicts])),
        "valid_to": column("timestamptz", instants([one.valid_to for one in verdicts])),
        "flag": column("int4", np.array([one.flag for one in verdicts], np.int64)),
        "reason": column("text", np.array([one.reason for one in verdicts], np.object_)),
    }
    await cursor.execute(statement("verdict", "replace"), arguments)


async def say(cursor: AsyncCursor[TupleRow], account: str, verdict: Verdict, now: datetime) -> None:
    """Record a person's verdict, and mark what it changes, in the transaction at hand."""
    arguments = verdict._asdict() | {"who": f"person:{account}", "now": now}
    await cursor.execute(statement("verdict", "say"), arguments)
    await cursor.execute(statement("verdict", "mark"), arguments)
