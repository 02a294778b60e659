"""Code that nothing names, by vulture and `[tool.vulture]` of pyproject.toml; fields of documents and rows are none.

A field of a class (`name: type`) is often read by others only: as JSON, as a row, by a person.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from vulture import Vulture
from vulture.config import make_config

ROOT = Path(__file__).parents[1]


def fields(source: str) -> set[int]:
    """Lines on which a class declares a field."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return {line.lineno for node in classes for line in node.body if isinstance(line, ast.AnnAssign)}


def dead(root: Path = ROOT) -> list[str]:
    """What nothing names, a line each."""
    config = make_config(["--config", str(root / "pyproject.toml")])
    found = Vulture(ignore_names=config["ignore_names"], ignore_decorators=config["ignore_decorators"])
    found.scavenge([str(root / path) for path in config["paths"]], exclude=[f"*{path}" for path in config["exclude"]])
    return [
        item.get_report()
        for item in found.get_unused_code(min_confidence=config["min_confidence"])
        if item.typ != "variable" or item.first_lineno not in fields(Path(item.filename).read_text("utf-8"))
    ]


if __name__ == "__main__":
    lines = dead()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit("Use it, remove it, or list who calls it in [tool.vulture] of pyproject.toml." if lines else 0)
