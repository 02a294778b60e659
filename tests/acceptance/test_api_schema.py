"""F30: schemathesis over the whole OpenAPI document (the endless stream apart), in a virtual environment of its own.

grafana-client replaces urllib3 by another package, which breaks schemathesis: hence the environment beside.
"""

import json
import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from standalone.services import Broker
from store import access
from tests.api.conftest import FILL
from tests.api.served import ingesting, running
from tests.faults.table import note

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
VERSION = "schemathesis==4.32.5"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nongvu" / "schemathesis-4.32.5"
#: An address that is too long (414) or headers that are (431) are refused before anything reads them; the program's own
#: list of rejections has neither.
REJECTIONS = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429", "431", "5xx"]
#: More than a few examples each are for a quiet machine: NONGVU_SCHEMA_EXAMPLES=100.
EXAMPLES = os.environ.get("NONGVU_SCHEMA_EXAMPLES", "5")
#: The same cases for every change, so that a red run is the change's; another number tries others.
SEED = os.environ.get("NONGVU_SCHEMA_SEED", "20261201")


@pytest.fixture(scope="module")
def program() -> Path:
    """The program, installed once."""
    found = CACHE / "bin" / "schemathesis"
    if not found.exists():
        venv.create(CACHE, with_pip=True)
        done = subprocess.run(
            [CACHE / "bin" / "python", "-m", "pip", "install", "--quiet", VERSION], capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        if done.returncode:
            pytest.skip(f"{VERSION} cannot be installed here: {done.stderr[-300:]}")
    return found


@pytest.fixture
def served(database: str, own_broker: Broker) -> Iterator[tuple[str, str]]:
    """Address of the API with everything behind it, and an administrator's key."""
    with psycopg.connect(database) as connection:
        connection.execute(FILL)
        access.add_account(connection, "boss")
        access.grant(connection, "boss", "administrator", None)
        key = access.add_key(connection, "boss", scopes=list(access.RIGHTS), per_minute=1_000_000)
    with ingesting(database, own_broker.url), running(database, mqtt_url=own_broker.url) as address:
        yield address, key.text


def test_the_document_is_true_and_nothing_answers_500(program: Path, served: tuple[str, str], tmp_path: Path) -> None:
    address, key = served
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(f"[checks]\nnegative_data_rejection.expected-statuses = {json.dumps(REJECTIONS)}\n")
    command = [
        program, "--config-file", settings, "run", f"{address}/v1/openapi.json", "--exclude-path", "/v1/stream", "--header",
        f"Authorization: Bearer {key}", "--max-examples", EXAMPLES, "--seed", SEED, "--phases", "examples,coverage,fuzzing",
        "--continue-on-failure", "--no-color", "--request-timeout", "60", "--checks", "all",
        # a 404 for a thing that is not there is no rejection
        "--exclude-checks", "positive_data_acceptance",
    ]  # fmt: skip
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=1500)
    sys.stdout.write(done.stdout[-20_000:])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    cases = re.search(r"([\d,]+) generated, ([\d,]+) passed", done.stdout)
    assert cases, "schemathesis no longer says how many cases it made"
    operations = re.search(r"Tested: (\d+)", done.stdout)
    assert operations
    note(
        "F30", "API fuzzed (schemathesis)", "every operation of the OpenAPI document, all checks",
        operations=operations[1], cases=cases[1], failures=0, answers_5xx=0,
    )  # fmt: skip
