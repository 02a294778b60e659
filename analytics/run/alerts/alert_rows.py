"""Outcomes of rules as rows of alerts and of their steps, with the texts that people get."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.episode import Episode, Kind, Revision
from analytics.index import Step
from analytics.level import Change
from analytics.renewal import LEAD, Told, due, eve_of, lead_of, next_due, whole_through, worst_of
from analytics.rule import Rule
from analytics.run.alerts.evaluation import Outcome, value_of
from analytics.run.alerts.reason_of_end import by_rule
from analytics.run.alerts.shown_measure import days_of, going, witness
from analytics.run.window.place_facts import Known
from analytics.wording import Said, texts
from store.alert import AlertKey, Stored
from telemetry.instant import second_of

OBSERVED = "observed"
#: That it is less, over or never was is worth hearing for so long, however short the life of what it takes back.
AFTER: Mapping[Kind, timedelta] = defaultdict(timedelta, dict.fromkeys(("lower", "end", "cancel"), timedelta(days=1)))


def moment(second: int) -> datetime:
    """Aware UTC time of a second since 1970."""
    return datetime.fromtimestamp(second, UTC)


def episode_of(stored: Stored) -> Episode:
    """An episode as pure code knows it."""
    course = tuple(Change(second_of(at), int(level)) for at, level in stored.course)
    return Episode(
        int(stored.started.timestamp()),
        None if stored.ended is None else int(stored.ended.timestamp()),
        course,
        stored.values.get("by_day", {}),
        stored.id,
        stored.steps,
        told_of(stored),
    )


def told_of(stored: Stored) -> Told | None:
    """What was said last of a stored episode."""
    if stored.expires is None:
        return None
    return Told(
        int(stored.expires.timestamp()),
        stored.through or "",
        stored.people_through or "",
        None if stored.people_at is None else int(stored.people_at.timestamp()),
        stored.people_worst,
    )


@dataclass(frozen=True, slots=True)
class Alerts:
    """What to write of a batch's alerts."""

    cancelled: list[int] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)
    #: Steps whose alert is known by id, or by key and start while it has none.
    steps: list[tuple[int | tuple[AlertKey, datetime], dict[str, Any]]] = field(default_factory=list)
    #: Cancelled alert → who took its place.
    successors: dict[int, int | tuple[AlertKey, datetime]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.cancelled or self.changed or self.opened or self.steps or self.successors)


def alerts_of(outcomes: Iterable[Outcome], now: int, basis: str = OBSERVED) -> Alerts:
    """What outcomes change, at a second."""
    return together(_alert_of(outcome, revision, now, basis) for outcome in outcomes for revision in outcome.revisions)


def together(parts: Iterable[Alerts]) -> Alerts:
    """What is to be written of several, in their order."""
    alerts = Alerts()
    for part in parts:
        alerts.cancelled.extend(part.cancelled)
        alerts.changed.extend(part.changed)
        alerts.opened.extend(part.opened)
        alerts.steps.extend(part.steps)
        alerts.successors.update(part.successors)
    return alerts


def _alert_of(outcome: Outcome, revision: Revision, now: int, basis: str) -> Alerts:
    key = key_of(outcome, basis)
    steps = [(reference(revision, key), step) for step in _steps(outcome, revision, now)]
    former, new = revision.former, revision.new
    if new is None and former is not None:
        by = None if revision.successor is None else reference(outcome.revisions[revision.successor], key)
        return Alerts([former.id], steps=steps, successors={} if by is None else {former.id: by})
    if new is None:
        return Alerts(steps=steps)
    row = _row(outcome, new)
    if former is None:
        return Alerts(opened=[row | key._asdict() | {"hazard": outcome.rule.hazard}], steps=steps)
    if former.same(new) and not _differ(outcome, former, new):
        return Alerts(steps=steps)
    worse = _worse_after(outcome, new)
    gone = {} if worse is None else {former.id: reference(worse, key)}
    return Alerts(changed=[row | {"id": former.id}], steps=steps, successors=gone)


def _worse_after(outcome: Outcome, episode: Episode) -> Revision | None:
    """The spell into which one of a low class went over: whoever was told of that one hears of the spell, of no end."""
    floor = outcome.rule.tells_from
    if episode.ended is None or episode.level >= floor:
        return None
    return next(
        (one for one in outcome.revisions if one.new and one.new.started == episode.ended and one.new.level >= floor),
        None,
    )


def _differ(outcome: Outcome, former: Episode, new: Episode) -> bool:
    """Whether an episode of the same course has other values; that of a forecast always has another issue."""
    return outcome.issued is not None or former.by_day != new.by_day


def key_of(outcome: Outcome, basis: str = OBSERVED) -> AlertKey:
    """What an outcome's episodes are of."""
    return AlertKey(outcome.rule.name, outcome.known.spot.id, outcome.season, basis)


def reference(revision: Revision, key: AlertKey) -> int | tuple[AlertKey, datetime]:
    """What an episode is known by: its id, or its key and start while it has none."""
    if revision.former is not None:
        return revision.former.id
    if revision.new is None:
        raise AssertionError("a revision has a former or a new episode")
    return key, moment(revision.new.started)


def _row(outcome: Outcome, episode: Episode) -> dict[str, Any]:
    return {
        "state": "open" if episode.ended is None else "ended",
        "level": episode.level,
        "started": moment(episode.started),
        "ended": None if episode.ended is None else moment(episode.ended),
        "course": [[moment(change.at).isoformat(), change.level] for change in episode.course],
        "values": _values(outcome, episode),
    }


def _values(outcome: Outcome, episode: Episode) -> dict[str, Any]:
    value = value_of(outcome.rule, episode)
    return {
        "value": None if value != value else value,  # noqa: PLR0124 — NaN is not itself
        "unit": outcome.rule.unit,
        "days": days_of(outcome, episode),
        "by_day": dict(episode.by_day),
    } | _forecast(outcome)


def _forecast(outcome: Outcome) -> dict[str, Any]:
    if outcome.issued is None or outcome.until is None:
        return {}
    return {"issued": moment(outcome.issued).isoformat(), "until": moment(outcome.until).isoformat()}


def _steps(outcome: Outcome, revision: Revision, now: int) -> list[dict[str, Any]]:
    kind = revision.kind or _renewed(outcome, revision, now)
    if kind is None:
        return []
    shown = revision.new if revision.new is not None else revision.former
    assert shown is not None  # noqa: S101 — one of both is there, and mypy cannot know
    number = 1 if revision.former is None else revision.former.steps + 1
    eve = _eve(outcome, revision, now) if kind == "renew" else ""
    steps = [_step(outcome, shown, kind, number, now, _stale(outcome, revision, kind, now), eve)]
    if kind == "open" and shown.ended is not None:
        steps[0]["stale"] = True  # it is over already
        steps.append(_step(outcome, shown, "end", number + 1, now, stale=True))
    for step in steps:
        if step["stale"] and _past(outcome, shown, now):
            step["past"] = step["values"]["past"] = True
    return steps


def _past(outcome: Outcome, episode: Episode, now: int) -> bool:
    """Whether an episode was over so long ago that it is history: kept, and published to nobody who was never told."""
    if episode.ended is None:
        return False
    rule = outcome.rule
    return now - episode.ended > int(
        (max(rule.freshness, rule.patience) + rule.quiet + timedelta(days=1)).total_seconds()
    )


def _stale(outcome: Outcome, revision: Revision, kind: Kind, now: int) -> bool:
    """Whether so much time has passed that nobody should be paged."""
    freshness = int(outcome.rule.freshness.total_seconds())
    if kind in {"renew", "extend"}:
        return False
    told = revision.former is not None and revision.former.told
    if revision.new is None:
        return not told or told.people_at is None
    if revision.new.ended is None:
        return outcome.heard is None or now - min(outcome.heard, now) > freshness
    if outcome.issued is not None or (kind == "end" and outcome.rule.ends_itself):
        return True  # what a forecast said is over: nobody is told, what came was told by itself; or it is morning
    if kind == "end" and (outcome.lapsed or (told and told.people_at is not None)):
        return False  # known only because time passed; or people know no better than that it goes on
    period = 86_400 if outcome.rule.step is Step.DAY else 3600
    return now - (revision.new.ended + int(outcome.rule.quiet.total_seconds()) + period) > freshness


def _renewed(outcome: Outcome, revision: Revision, now: int) -> Kind | None:
    """What is said of an episode that goes on unchanged; of a forecast only that it still holds."""
    if (
        revision.new is None
        or revision.new.ended is not None
        or revision.former is None
        or revision.former.told is None
    ):
        return None
    told = replace(revision.former.told, lead=lead_of(outcome.rule.validity))
    if outcome.issued is not None:
        return "extend" if revision.former.told.expires - LEAD <= now else None
    return due(outcome.rule.renewal, going(outcome, revision.new), told, now)


def _eve(outcome: Outcome, revision: Revision, now: int) -> str:
    """Tomorrow, ISO, where a renewal is said of it by persistence; empty where it is of what is over."""
    if revision.new is None or revision.former is None or revision.former.told is None:
        return ""
    return eve_of(outcome.rule.renewal, going(outcome, revision.new), revision.former.told, now)


def next_renewal(outcome: Outcome, revision: Revision, now: int) -> int | None:
    """Second at which an episode is to be looked at again, because it may have to be said; None: never."""
    if revision.new is None or revision.new.ended is not None or outcome.issued is not None:
        return None
    lead, validity = lead_of(outcome.rule.validity), int(outcome.rule.validity.total_seconds())
    said = revision.kind is not None or _renewed(outcome, revision, now) is not None
    former = None if revision.former is None else revision.former.told
    expires = now + validity if said or former is None else former.expires
    return next_due(outcome.rule.renewal, going(outcome, revision.new), Told(expires, lead=lead), now)


def _step(
    outcome: Outcome, episode: Episode, kind: Kind, number: int, now: int, stale: bool, eve: str = ""
) -> dict[str, Any]:
    renewal = _renewal(outcome, episode, now)
    said = _said(outcome, episode, kind, renewal.get("through", ""), now)
    if eve:
        today = max(episode.by_day)
        renewal |= {"through": eve, "eve": eve}
        said = replace(
            said, eve=True, value=episode.by_day[today], days=days_of(outcome, episode, today) + 1, at=None,
            bound=today in outcome.bounds,
        )  # fmt: skip
    values = _values(outcome, episode) | {
        "lapsed": said.lapsed,
        "latest": None if said.value != said.value else said.value,
        "days": said.days,
    }
    del values["by_day"]
    return {
        "number": number,
        "kind": kind,
        "level": episode.level,
        "at": moment(_happened(episode, kind, now)),
        "known_at": moment(now),
        "expires": moment(now + int(max(outcome.rule.validity, AFTER[kind]).total_seconds())),
        "stale": stale,
        "values": values | renewal,
        "texts": texts(outcome.rule, said),
    }


def _happened(episode: Episode, kind: Kind, now: int) -> int:
    """Second of event time that a step is of."""
    if kind in {"open", "cancel"}:
        return episode.started
    return (episode.ended or now) if kind == "end" else episode.course[-1].at


def _renewal(outcome: Outcome, episode: Episode, now: int) -> dict[str, Any]:
    """By what a later step sees whether there is anything to say again; nothing of a forecast."""
    if outcome.issued is not None:
        return {}
    shape = going(outcome, episode)
    through = whole_through(outcome.rule.renewal, shape, now)
    return {"through": through, "worst": worst_of(shape, through)}


def _said(outcome: Outcome, episode: Episode, kind: Kind, through: str, now: int) -> Said:
    """What a step's texts speak of."""
    shown = witness(outcome, episode, kind, through)
    return Said(
        kind,
        episode.level,
        place_name(outcome.known),
        outcome.known.spot.time_zone,
        shown.value,
        shown.days,
        episode.started,
        episode.ended,
        shown.since,
        outcome.lapsed and kind == "end",
        outcome.issued,
        outcome.until,
        value_of(outcome.rule, episode),
        max((now - episode.since) // 3600, 0),
        shown.at,
        shown.of_day,
        shown.bound,
        by_rule(outcome, episode, kind),
        shown.error,
        tuple(name for bit, name in enumerate(outcome.rule.asks) if shown.lacking >> bit & 1),
        crop=next((one.crop for one in outcome.known.seasons if one.id == outcome.season), ""),
    )


def place_name(known: Known) -> str:
    """A place as people call it: with its commune where the name does not say it."""
    spot = known.spot
    return spot.name if not spot.commune or spot.commune in spot.name else f"{spot.name}, {spot.commune}"


def numbered(alerts: Alerts, ids: dict[tuple[AlertKey, datetime], int]) -> list[dict[str, Any]]:
    """Steps with the ids of their alerts, once those opened have one."""
    return [
        step | {"alert": reference if isinstance(reference, int) else ids[reference]}
        for reference, step in alerts.steps
    ]


def succeeded(alerts: Alerts, ids: dict[tuple[AlertKey, datetime], int]) -> dict[int, int]:
    """Successors with the ids of those opened."""
    return {
        gone: reference if isinstance(reference, int) else ids[reference]
        for gone, reference in alerts.successors.items()
    }


def rule_keys(rules: Sequence[Rule]) -> dict[str, Rule]:
    """Rules by name."""
    return {rule.name: rule for rule in rules}
