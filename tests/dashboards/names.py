"""Names of the shelves that a panel's SQL speaks of."""

import re


def named_indices(sql: str) -> set[str]:
    """Indices: what stands after ``index =`` or within ``index IN (…)``."""
    one = re.findall(r"\bindex = '(\w+)'", sql)
    many = re.findall(r"\bindex IN \(([^)]*)\)", sql)
    return {*one, *(name for group in many for name in re.findall(r"'(\w+)'", group))}


def named_quantities(sql: str) -> set[str]:
    """Quantities: what stands after ``quantity =``, within ``quantity IN (…)``, or as the second argument of a series."""
    one = re.findall(r"\bquantity = '(\w+)'", sql)
    many = re.findall(r"\bquantity IN \(([^)]*)\)", sql)
    series = re.findall(r"\.series\(\s*(?:ARRAY\[[^\]]*\]::text\[\]|\(SELECT [^)]*\)[^)]*\)),\s*'(\w+)'", sql)
    return {*one, *series, *(name for group in many for name in re.findall(r"'(\w+)'", group))}


def named_hazards(sql: str) -> set[str]:
    """Hazards: what stands after ``hazard`` and a comparison."""
    one = re.findall(r"\bhazard (?:=|<>) '(\w+)'", sql)
    many = re.findall(r"\bhazard IN \(([^)]*)\)", sql)
    return {*one, *(name for group in many for name in re.findall(r"'(\w+)'", group))}
