"""Every model on the shelf: its worked examples, and nothing that the platform cannot say."""

import pytest

from edge.sensor import SHELF, decode, load, shelf

MODELS = sorted(SHELF.glob("*.toml"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_worked_examples(path):
    model = load(path)
    assert model.examples, "a model without a worked example cannot be trusted"
    for example in model.examples:
        found = decode(model, {int(address, 0): word for address, word in example.words.items()})
        for name, value in example.readings.items():
            assert found[name] == pytest.approx(value, rel=1e-9), name
        assert not set(example.absent) & set(found)
        assert example.source


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_model_is_whole(path):
    model = load(path)
    assert model.sources
    assert model.title
    estimated = {register.quantity for register in model.registers if register.basis == "estimated"}
    npk = {"soil_nitrogen", "soil_phosphorus", "soil_potassium"} & {register.quantity for register in model.registers}
    assert npk <= estimated


def test_shelf_has_every_file():
    assert set(shelf()) == {path.stem for path in MODELS}
