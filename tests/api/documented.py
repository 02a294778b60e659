"""Examples of docs/api.md as they stand there, made to ask a server of ours."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api.md"
ADDRESS = "http://127.0.0.1:8080"


def blocks(language: str, address: str) -> list[str]:
    """Every block of a language, in order; the address, and nothing else, is another."""
    found = re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [block.replace(ADDRESS, address) for block in found]


def commands(block: str) -> list[str]:
    """Commands of a shell block; one goes on over lines until its quotes are closed."""
    made, open_ = [], ""
    for line in block.splitlines():
        open_ += ("\n" if open_ else "") + line
        if open_.count("'") % 2 == 0 and open_.replace('\\"', "").count('"') % 2 == 0:
            made += [open_] if open_.strip() else []
            open_ = ""
    assert not open_, f"a quotation is not closed: {open_}"
    return made
