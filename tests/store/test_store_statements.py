"""Every named statement is asked for by somebody."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = "".join(
    path.read_text("utf-8")
    for folder in ROOT.glob("*/__init__.py")
    if folder.parent.name not in {"tests", "benchmarks"}
    for path in folder.parent.rglob("*.py")
)
#: Of f-strings: `f"{wish.kind}_csv"` of api/answers/formats.py.
ENDINGS = set(re.findall(r'f"\{[\w.]+\}(_\w+)"', SOURCES))


@pytest.mark.parametrize("file", sorted((ROOT / "store" / "sql").glob("*.sql")), ids=lambda file: file.stem)
def test_every_statement_is_asked_for(file):
    names = re.findall(r"^-- name: (\w+)", file.read_text("utf-8"), re.MULTILINE)
    assert names
    idle = [name for name in names if f'"{name}"' not in SOURCES and not any(name.endswith(end) for end in ENDINGS)]
    assert not idle, f"{file.name}: nobody asks for {idle}"
