"""How one value of an index came about: inputs, what it was computed from, equation, source."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics import lacks
from analytics.index import Index, Kind, Need, Step, Window, evaluate
from analytics.indices import BY_NAME, INDICES, SEASON_INDICES
from analytics.lacks import There
from analytics.quality import check_window
from analytics.quality.check import trusted
from analytics.rules import RULES
from analytics.run.alerts import unjudged
from analytics.run.engine.compute import lead_days
from analytics.run.engine.context import read_context
from analytics.run.engine.job import Job
from analytics.run.engine.load import read_chunk, with_long_past
from analytics.run.engine.place_lookup import Acquainted
from analytics.run.window.place_facts import midnight
from store.lease import Leased
from store.pool import Connection
from store.rule_setting import area
from telemetry.unknown import words


class NotExplained(ValueError):  # noqa: N818 — says what it is
    """There is nothing to explain; says why."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that stands behind a value."""

    place: str
    day: str
    index: str
    title: dict[str, str]
    value: float | list[float | None] | None
    unit: str
    method: str
    completeness: float | None
    #: Below this there is no value.
    least: float
    equation: str
    source: str
    note: str
    #: Need → what was there of it.
    inputs: dict[str, Any]
    #: Why there is no value, or what is taken for something that is not given; empty: nothing lacks.
    unknown: str
    state_before: dict[str, float | None]
    state_after: dict[str, float | None]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


async def explain(connection: Connection, code: str, day: date, name: str) -> Explanation:
    """Compute a day of a place again as the engine does, and keep what it would forget."""
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "docs/indices.md lists them"
        message = f"there is no index {name!r}: {hint}"
        raise NotExplained(message)
    index = BY_NAME[name]
    place = next(one for one in await area(connection, code) if one.code == code)
    known, _ = await Acquainted().ask(connection, [place.id], {place.id})
    job = Job(known[place.id], day, Leased(place.id, None, None, [], [], 0), None)
    lead = lead_days(RULES, INDICES)
    jobs, context = await read_context(connection, [job], day, lead, RULES, several=True)
    end = midnight(day + timedelta(days=1), place.time_zone)
    frame = (await read_chunk(connection, jobs, day, day, end, lead, context.heard)).frame
    if index.step is Step.MONTH:
        frame, _ = await with_long_past(connection, frame, [index], {})
    clean = replace(trusted(frame.window, check_window(frame.window)), states=context.states_of(INDICES, frame))
    frame = replace(frame, window=clean)
    evaluate([one for one in INDICES if one.step is not Step.MONTH or one is index], clean)
    if index.season:
        grown = frame.grown()
        if grown is None:
            message = f"{name} is computed for crop seasons, and {code} had none on {day}"
            raise NotExplained(message)
        frame = replace(grown, window=replace(grown.window, states=context.states_of(SEASON_INDICES, grown)))
        evaluate(SEASON_INDICES, frame.window)
    there = unjudged.there(known[place.id], frame.seasons[0])
    return _explanation(index, frame.window, there, code, day)


def _explanation(index: Index, window: Window, there: There, code: str, day: date) -> Explanation:
    result = window.values.get(index.name)
    if result is None:
        lacking = _unknown(index, there, None)
        message = f"{index.name} was not computed at {code}: {lacking}"
        raise NotExplained(message)
    if index.step is Step.HOUR:
        values = _numbers(result.value[0, int(window.grid.edges[0, window.lead]) * window.grid.step // 3600 :])
        value: Any = values
        completeness, method = None, index.methods[0]
    else:
        value = _number(result.value[0, -1])
        completeness = _number(result.completeness[0, -1])
        method = index.methods[0 if result.method is None else int(result.method[0, -1])]
    columns = [state.name for state in index.state]
    after = result.state[0, -1].tolist() if result.state is not None else []
    return Explanation(
        code,
        day.isoformat(),
        index.name,
        dict(index.title),
        value,
        index.unit,
        method,
        completeness,
        index.completeness,
        index.equation,
        index.source,
        index.note,
        {need.name: _input(need, window) for need in index.needs},
        _unknown(index, there, value, 0 if result.why is None else int(result.why[0, -1])),
        dict(zip(columns, map(_number, window.state(index)[0].tolist()), strict=True)) if columns else {},
        dict(zip(columns, map(_number, after), strict=True)) if after else {},
    )


def _unknown(index: Index, there: There, value: Any, why: int = 0) -> str:
    """Why there is no value, and what of its needs is taken for something else."""
    if why:
        return words(why, (), "en")
    found = lacks.of_index(index, there)
    none = value is None or (isinstance(value, list) and not any(one is not None for one in value))
    if found is not None and (none or found.holds):
        taken = {need.name: need.otherwise for need in lacks.index_needs(index.name)}
        meanwhile = "; ".join(f"{name}: {taken[name]}" for name in found.names if taken.get(name))
        said = words(found.why, found.names, "en")
        return f"{said} (taken meanwhile: {meanwhile})" if found.holds and meanwhile else said
    return words(index.unknown, (), "en") if none else ""


def _input(need: Need, window: Window) -> Any:
    if need.kind is Kind.SERIES:
        day = window.summary(need.name)
        names = ("mean", "minimum", "maximum", "total", "completeness")
        return {name: _number(getattr(day, name)[0, -1]) for name in names}
    if need.kind is Kind.INDEX:
        value = window.index(need.name)
        return _number(value[0, -1]) if value.shape == window.shape else None
    if need.kind is Kind.CROP:
        return None if window.season is None else _number(window.season.parameter(need.name)[0])
    given = getattr(window.places, need.name, None)
    return _number((window.places.property(need.name) if given is None else given)[0])


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [_number(value) for value in values.tolist()]
