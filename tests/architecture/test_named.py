"""Every module of the tables and of the client is named by a test of its own: what no test names is not tested on purpose."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def named(paths):
    """Dotted names that files import."""
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {one.name for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return names


@pytest.mark.parametrize("package", ["store", "nongvu_client"])
def test_every_module_is_named_by_a_test(package):
    names = named((ROOT / "tests").rglob("*.py"))
    # a package's own __init__ that says nothing, or a statement, has nothing to try
    modules = {
        module_of(path) for path in (ROOT / package).rglob("*.py") if len(ast.parse(path.read_text("utf-8")).body) > 1
    }
    assert len(modules) > 2
    assert sorted(modules - names) == [], "write a test for it in tests/, or take it away"
