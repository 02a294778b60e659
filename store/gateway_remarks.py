"""What a gateway's status says that somebody should look at."""

from __future__ import annotations

from collections.abc import Mapping


def remarks(status: object) -> list[str]:
    """One line a matter; a status is another machine's word, and whatever in it is not understood is passed over."""
    counts = [
        f"{unit.get('name')}: {unit['withheld']} counts withheld that could not be; last: {unit.get('doubt')}"
        for unit in _items(status, "units")
        if _number(unit.get("withheld"))
    ]
    relays = [
        f"relay {relay.get('name')}: {'on' if relay.get('on') else 'off'}, {relay['knowledge']}; {relay.get('detail')}"
        for relay in _items(status, "relays")
        if relay.get("knowledge") in ("unconfirmed", "unknown")
    ]
    alarms = [
        f"alarm {alarm.get('name')}: does not act, {alarm['why']} ({alarm.get('disregarded')} readings disregarded)"
        for alarm in _items(status, "alarms")
        if alarm.get("why")
    ]
    return [*counts, *relays, *alarms]


def _items(status: object, key: str) -> list[Mapping[str, object]]:
    found = status.get(key) if isinstance(status, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
