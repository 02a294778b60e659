"""compose.yaml against the Compose specification's own JSON schema."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
CACHE = Path(
    os.environ.get("NONGVU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nongvu"
)
SCHEMA = CACHE / "node/node_modules/dclint/schemas/compose.schema.json"


def test_compose_is_valid_by_the_specification():
    if not SCHEMA.is_file():
        pytest.skip("the Compose schema is not here: run tests/acceptance/peers")
    schema = json.loads(SCHEMA.read_text())
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    validator = jsonschema.Draft7Validator(schema)
    assert [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(document)] == []
    document["services"]["api"]["imagee"] = "typo"
    assert list(validator.iter_errors(document)), "the schema notices nothing"
