"""The shelf of boards, registered by name; boards are data and know no database."""

from __future__ import annotations

from dashboards.board import Board
from dashboards.boards import (
    alerts_delivery,
    cold_heat_frost,
    crop_season,
    drought_fire,
    farmers,
    livestock,
    network,
    platform,
    ponds,
    province_today,
    rain_rivers,
    soil_irrigation,
    station,
)

#: Every board, in the order in which people meet them.
BOARDS: tuple[Board, ...] = (
    province_today.BOARD,
    station.BOARD,
    crop_season.BOARD,
    cold_heat_frost.BOARD,
    rain_rivers.BOARD,
    drought_fire.BOARD,
    livestock.BOARD,
    ponds.BOARD,
    soil_irrigation.BOARD,
    alerts_delivery.BOARD,
    network.BOARD,
    platform.BOARD,
    farmers.BOARD,
)
