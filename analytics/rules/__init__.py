"""The shelf of alert rules; each file holds a family, and every rule is named here."""

from types import MappingProxyType

from analytics.rule import Rule
from analytics.rules import cold, heat, network, rain

RULES: tuple[Rule, ...] = (
    cold.COLD_SPELL,
    cold.FROST,
    heat.HEAT,
    rain.HEAVY_RAIN,
    network.SILENT_STATION,
)

#: Rules by name.
BY_NAME = MappingProxyType({rule.name: rule for rule in RULES})
