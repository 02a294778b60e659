"""The shelf of alert rules; each file holds a family, and every rule is named here."""

from types import MappingProxyType

from analytics.rule import Rule
from analytics.rules import animal, cold, crop, dry, heat, law, network, pest, rain, school, water, wind

RULES: tuple[Rule, ...] = (
    cold.COLD_SPELL,
    cold.FROST,
    heat.HEAT,
    rain.HEAVY_RAIN,
    rain.FLASH_FLOOD,
    wind.STRONG_WIND,
    wind.GUST,
    wind.STORM_LEVEL,
    dry.FIRE_PROVINCE,
    law.LAW_COLD,
    law.LAW_COLD_TOMORROW,
    law.LAW_HEAT,
    law.LAW_HEAT_TOMORROW,
    law.LAW_RAIN,
    law.LAW_FLOOD,
    law.LAW_FIRE,
    school.SCHOOL_COLD,
    school.SCHOOL_COLD_TOMORROW,
    crop.NO_SOWING,
    crop.FROST_TONIGHT,
    crop.RICE_BLAST,
    crop.LATE_BLIGHT,
    pest.PLANTHOPPER_HATCH,
    pest.STEM_BORER_HATCH,
    pest.ARMYWORM_HATCH,
    crop.IRRIGATION_DUE,
    crop.IRRIGATE_PADDY,
    crop.SOIL_DRY,
    crop.SOIL_WET,
    animal.CATTLE_COLD,
    animal.LIVESTOCK_HEAT,
    animal.BUFFALO_HEAT,
    animal.PIG_HEAT,
    animal.POND_OXYGEN,
    animal.POND_OXYGEN_DAWN,
    animal.AMMONIA,
    rain.SUDDEN_RAIN,
    rain.INTENSE_RAIN_10,
    rain.INTENSE_RAIN_60,
    water.WATER_MARKS,
    water.WATER_RISE,
    dry.DROUGHT_SPI,
    dry.FIRE_WEATHER,
    network.SILENT_STATION,
    network.BATTERY_LOW,
    network.BATTERY_LEVEL_LOW,
    network.SENSOR_STUCK,
    network.SENSOR_DRIFT,
    network.GATEWAY_OFFLINE,
    network.CLOCK_WRONG,
    network.SEQUENCE_GAP,
)

#: Rules by name.
BY_NAME = MappingProxyType({rule.name: rule for rule in RULES})
