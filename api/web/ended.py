"""Stations that report no more, as the pages say it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from store import visible_row

#: Not heard for so long, a station is taken to have ended.
FORGOTTEN = timedelta(days=400)


def ended_on(row: visible_row.Overview, now: datetime) -> str | None:
    """Day on which a station of the overview ended: as was said, or when it was heard last over 400 days ago."""
    ended, heard = row["ended"], row["time"]
    said = ended is not None and ended <= now and (heard is None or heard <= ended + timedelta(days=1))
    since = ended if said else heard if heard is not None and now - heard > FORGOTTEN else None
    return None if since is None else f"{since.astimezone(ZoneInfo(row['time_zone'])):%d/%m/%Y}"
