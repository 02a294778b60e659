"""The shelf of indices, registered by name: a file a family, its kernels beside its rows."""

from __future__ import annotations

from analytics.index import Index
from analytics.indices import (
    air,
    chill,
    crop_dual,
    crop_stage,
    crop_water,
    disease,
    disease_season,
    drought,
    dryness,
    evapotranspiration,
    evapotranspiration_hourly,
    evapotranspiration_simple,
    fire_danger,
    frost_night,
    heat_units,
    human_heat,
    irrigation_need,
    leaf_wetness,
    livestock,
    paddy,
    pests,
    pond_night,
    psychrometrics,
    rain,
    spells,
    spray,
    sun,
    water_bodies,
)

#: Every index, each after those that it needs.
ALL: tuple[Index, ...] = (
    *air.INDICES,
    *psychrometrics.INDICES,
    *sun.INDICES,
    *evapotranspiration.INDICES,
    *evapotranspiration_hourly.INDICES,
    *evapotranspiration_simple.INDICES,
    *heat_units.INDICES,
    *chill.INDICES,
    *crop_stage.INDICES,
    *crop_water.INDICES,
    *irrigation_need.INDICES,
    *paddy.INDICES,
    *crop_dual.INDICES,
    *livestock.INDICES,
    *human_heat.INDICES,
    *frost_night.INDICES,
    *leaf_wetness.INDICES,
    *disease.INDICES,
    *disease_season.INDICES,
    *pests.INDICES,
    *rain.INDICES,
    *water_bodies.INDICES,
    *pond_night.INDICES,
    *spray.INDICES,
    *dryness.INDICES,
    *drought.INDICES,
    *fire_danger.INDICES,
    *spells.INDICES,
)

#: Indices of a place.
INDICES: tuple[Index, ...] = tuple(index for index in ALL if not index.season)
#: Indices of a crop season at a place.
SEASON_INDICES: tuple[Index, ...] = tuple(index for index in ALL if index.season)

BY_NAME = {index.name: index for index in ALL}
