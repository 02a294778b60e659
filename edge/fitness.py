"""Whether a reading may act on the gateway's own relays; the server keeps it in any case. Pure."""

from __future__ import annotations

import math

from telemetry.quantities import QUANTITIES

#: Numbers by which devices say that they have no value, as they are and with one to three decimals.
NO_VALUE = frozenset(
    number / scale
    for number in (-9999, -99_999, 32_767, -32_768, 65_535, 2_147_483_647, -2_147_483_648, 4_294_967_295)
    for scale in (1, 10, 100, 1000)
)


def unfit(quantity: str, value: float, age: float | None, oldest: float) -> str:
    """Why a reading may switch nothing and hold nothing on; empty where it may.

    Parameters
    ----------
    quantity, value
        What was measured [the quantity's unit].
    age : float
        Time since it was measured [s]; None where nobody knows.
    oldest : float
        Age up to which it speaks for now [s].
    """
    limits = QUANTITIES[quantity]
    if not math.isfinite(value) or not limits.minimum <= value <= limits.maximum:
        return f"{value:g} {limits.unit} cannot be ({limits.minimum:g} to {limits.maximum:g})"
    if any(math.isclose(value, number, rel_tol=1e-9) for number in NO_VALUE):
        return f"{value:g} is what devices say for no value"
    if age is None:
        return "nobody knows when it was measured"
    return f"it is {age:.0f} s old" if age > oldest else ""
