"""F31: every route by every role, and what is farm B's asked for by others."""

import httpx
import pytest

from tests.api.conftest import client, keys, province
from tests.api.test_matrix import farm_b, leaks_of_b, trespasses
from tests.faults.table import note

pytestmark = pytest.mark.faults
__all__ = ["client", "farm_b", "keys", "province"]


async def test_roles_and_farms_are_kept_apart(
    client: httpx.AsyncClient,
    keys: dict[str, dict[str, str]],
    province: str,
    farm_b: dict[str, int],
) -> None:
    tried, wrong = await trespasses(client, keys)
    asked, leaks = await leaks_of_b(client, keys, province, farm_b)
    assert not wrong
    assert not leaks
    note(
        "F31", "tenants", "every route by every role; ids of farm B asked for by others, SensorThings too",
        routes_by_roles=tried, answered_otherwise=len(wrong), asked_of_farm_B=asked, leaks=len(leaks),
    )  # fmt: skip
