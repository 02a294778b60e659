"""Every index on the shelf: unit, source, titles, worked example, missing in → missing out, shapes."""

from __future__ import annotations

import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analytics.indices
import analytics.official
from analytics.index import Index, Kind, Places
from analytics.indices import ALL, BY_NAME
from analytics.indices.crops import crops
from analytics.indices.pests import PESTS
from analytics.properties import OF_PLACE, OF_SEASON
from telemetry.quantities import QUANTITIES

UCUM = re.compile(r"^[A-Za-z0-9%./()\[\]{}*+-]+$")
#: Modules of the folder that hold no rows: tables and kernels that rows of other modules use.
KERNELS_ONLY: set[str] = {
    "crop_cover", "crops", "fire_weather", "flash_flood", "frost", "hours", "law", "learned_forecast", "page", "wet_globe",
}  # fmt: skip


def _lent(value: Any) -> Any:
    """An array as pandas and buffers lend theirs: a kernel that writes into what it is given fails."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


def called(index: Index, arguments: dict[str, Any]) -> Any:
    arguments = {name: _lent(value) for name, value in arguments.items()}
    found = index.kernel(**arguments)  # warnings are errors here: a kernel says NaN, and says it silently
    found = found if index.example.part is None else found[index.example.part]
    return found if index.example.position is None else np.asarray(found)[..., index.example.position]


def numeric(index: Index) -> list[str]:
    """Arguments of the example that are measurements: numbers or lists of numbers without a default."""
    parameters = inspect.signature(index.kernel).parameters
    return [
        name
        for name, value in index.example.arguments.items()
        if parameters[name].default is inspect.Parameter.empty
        and np.asarray(value).dtype.kind == "f"
        and name not in index.bounded
    ]


def test_every_property_of_a_place_is_read_by_an_index_and_every_one_read_is_known() -> None:
    """A property that no kernel asks for would be a promise nobody keeps; of one not in the table `Places` complains."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for path in [*Path(analytics.indices.__path__[0]).glob("*.py"), Path(analytics.official.__file__)]
    )
    for name in OF_PLACE - OF_SEASON:
        base, _, number = name.rpartition("_")
        assert name in text or f"{base}_{{" in text or any(f"{pest.name}_" in name for pest in PESTS), (name, number)
    with pytest.raises(KeyError, match="operator"):
        Places(*[np.zeros(1)] * 4).property("colour")
    assert {key for crop in crops().values() for key in crop.parameters} <= OF_SEASON


@pytest.mark.parametrize("index", ALL, ids=lambda index: index.name)
class TestEveryIndex:
    def test_says_what_it_is(self, index: Index) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", index.name)
        assert UCUM.match(index.unit)
        assert set(index.title) == {"vi", "en"}
        assert all(index.title.values())
        assert index.source
        assert index.equation
        assert 0 <= index.completeness <= 1
        assert len(set(index.methods)) == len(index.methods) <= 256

    def test_needs_what_exists_and_stands_after_it(self, index: Index) -> None:
        before = [other.name for other in ALL[: ALL.index(index)]]
        for need in index.needs:
            if need.kind is Kind.SERIES:
                assert need.name.split("/")[0] in QUANTITIES
            elif need.kind is Kind.INDEX:
                assert need.name in before
                assert index.season or not BY_NAME[need.name].season

    def test_worked_example(self, index: Index) -> None:
        example = index.example
        found = called(index, dict(example.arguments))
        np.testing.assert_allclose(np.asarray(found, dtype=float), example.expected, rtol=0, atol=example.tolerance)

    def test_missing_in_missing_out(self, index: Index) -> None:
        for name in numeric(index):
            value = np.asarray(index.example.arguments[name], dtype=float)
            found = np.asarray(called(index, {**index.example.arguments, name: np.full_like(value, np.nan)[()]}))
            assert not np.isfinite(found.astype(float)).any(), f"{name} was missing, yet there is a value"

    def test_rows_of_places_are_computed_apart(self, index: Index) -> None:
        alone = np.asarray(called(index, dict(index.example.arguments)), dtype=float)
        names = [name for name, value in index.example.arguments.items() if np.asarray(value).dtype.kind == "f"]
        many = {name: np.stack([np.asarray(index.example.arguments[name])] * 3) for name in names}
        together = np.asarray(called(index, {**index.example.arguments, **many}), dtype=float)
        assert together.shape == (3, *alone.shape)
        np.testing.assert_array_equal(together, np.stack([alone] * 3))

    def test_kernel_documents_every_parameter_with_its_unit(self, index: Index) -> None:
        text = inspect.getdoc(index.kernel) or ""
        assert "References\n----------" in text
        assert "Returns\n-------" in text
        for name in inspect.signature(index.kernel).parameters:
            described = re.search(rf"^{name} : .+\n((?:    .+\n)+)", text, re.MULTILINE)
            assert described, f"{name} is not described"
            assert re.search(r"\[[^\]]+\]", described[1]), f"{name} has no bracketed unit"


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(ALL)


def test_no_family_is_forgotten() -> None:
    on_shelf = {id(index) for index in ALL}
    for found in pkgutil.iter_modules(analytics.indices.__path__):
        module = __import__(f"analytics.indices.{found.name}", fromlist=["INDICES"])
        if found.name in KERNELS_ONLY:
            assert not hasattr(module, "INDICES")
            continue
        assert {id(index) for index in module.INDICES} <= on_shelf, f"{found.name} is not on the shelf"


def test_the_page_is_written_from_the_shelf() -> None:
    from pathlib import Path

    from analytics.indices.page import page

    assert Path("docs/indices.md").read_text(encoding="utf-8") == page(), (
        "docs/indices.md is old: python -m analytics.indices.page > docs/indices.md"
    )
