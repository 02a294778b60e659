"""What workers know of places beside readings; read anew when a mark says that it changed, or after a while."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import structlog

from analytics.rule import ALWAYS, Dated, changed_terms, own_terms
from analytics.rules import BY_NAME
from analytics.run.window.place_facts import Known
from store import work
from store.pool import Connection
from store.work import Feed, Setting, Spot

log = structlog.get_logger(__name__)
#: Names, coordinates and zones change rarely and without a mark: they are looked up again after so long [s, real].
OLD = 60.0


@dataclass(slots=True)
class Acquainted:
    """Places already looked up."""

    known: dict[int, Known] = field(default_factory=dict)
    asked: dict[int, float] = field(default_factory=dict)

    async def ask(
        self, connection: Connection, places: Sequence[int], changed: Collection[int]
    ) -> tuple[Mapping[int, Known], Mapping[int, work.Reached]]:
        """Look places up; also how far each was computed, if it ever was."""
        now = time.monotonic()
        stale = [place for place in places if place in changed or self.asked.get(place, -OLD) + OLD < now]
        reached, fed = await work.reached_and_feeds(connection, places)
        feeds = _by_place(fed)
        if stale:
            await self._look_up(connection, stale, now)
        for place in places:
            if self.known[place].feeds != feeds.get(place, ()):
                old = self.known[place]
                self.known[place] = replace(old, feeds=feeds.get(place, ()))
        return self.known, reached

    async def _look_up(self, connection: Connection, places: Sequence[int], now: float) -> None:
        spots = await work.spots(connection, places)
        seasons = await work.seasons(connection, places)
        settings = await work.settings(connection, places)
        troubles = await work.troubles(connection, places)
        for place in places:
            mine = tuple(season for season in seasons if season.place == place)
            wrong = tuple(trouble for trouble in troubles if trouble.place == place)
            self.known[place] = Known(spots[place], (), mine, terms_here(spots[place], settings), wrong)
            self.asked[place] = now


def _by_place(feeds: Sequence[Feed]) -> dict[int, tuple[Feed, ...]]:
    found: dict[int, list[Feed]] = {}
    for feed in feeds:
        found.setdefault(feed.place, []).append(feed)
    return {place: tuple(mine) for place, mine in found.items()}


def terms_here(spot: Spot, settings: Sequence[Setting]) -> dict[str, tuple[Dated, ...]]:
    """Terms of rules at a place: the settings of the places above it and its own, the nearest counting most."""
    depth = {place: level for level, place in enumerate(spot.path)}
    mine = [setting for setting in settings if setting.place in depth and setting.rule in BY_NAME]
    found: dict[str, tuple[Dated, ...]] = {}
    for name in {setting.rule for setting in mine}:
        rule = BY_NAME[name]
        of_rule = [setting for setting in mine if setting.rule == name]
        dated = [Dated(ALWAYS, own_terms(rule))]
        for moment in sorted({setting.valid_from for setting in of_rule}):
            holding = {}
            for setting in sorted(of_rule, key=lambda one: (depth[one.place], one.valid_from)):
                if setting.valid_from <= moment:
                    holding[setting.place] = setting.values
            merged = {key: value for values in holding.values() for key, value in values.items()}
            try:
                dated.append(Dated(_second(moment), changed_terms(rule, merged)))
            except ValueError as error:
                log.error("rule setting refused", rule=name, place=spot.code, error=str(error), kept="what held before")
        found[name] = tuple(dated)
    return found


def _second(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "s")
