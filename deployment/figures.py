"""The house in figures: how long files and functions are, what is documented and typed, which rooms need each other.

A room is a file or a folder; rooms of one folder should need each other in one direction only. Names used for types
alone and imports inside functions count as any other: they tie two files just as fast.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SHORT, LONG, FILE = 10, 25, 300
#: Folders of the tree that hold no package of ours.
BESIDE = {"tests", "benchmarks", "deployment", "docs", "build"}

Graph = Mapping[str, set[str]]


class Function(NamedTuple):
    """A function, and lines of its body without its docstring."""

    where: str
    lines: int
    public: bool
    documented: bool


class Source(NamedTuple):
    """A file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Lines of it, blank ones too."""
        return self.text.count("\n")


def packages(root: Path = ROOT) -> list[str]:
    """Packages of a checkout."""
    return sorted({path.parent.name for path in root.glob("*/__init__.py")} - BESIDE)


def sources(root: Path, folder: str) -> list[Source]:
    """Python files below a folder; the same ones whatever lies about beside them."""
    return [
        Source(path, text := path.read_text("utf-8"), ast.parse(text))
        for path in sorted((root / folder).rglob("*.py"))
        if not {"build", "__pycache__"} & set(path.relative_to(root).parts)
    ]


def functions(source: Source, root: Path = ROOT) -> Iterator[Function]:
    """Functions and methods of a file, those inside others too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node) is not None
            body = node.body[1:] if documented else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            where = f"{source.path.relative_to(root)} {node.name}"
            yield Function(where, lines, not node.name.startswith("_"), documented)


def imports(files: Mapping[str, Source]) -> dict[str, set[str]]:
    """Module → modules of ours that it names."""
    found: dict[str, set[str]] = {}
    for name, source in files.items():
        found[name] = set()
        for node in ast.walk(source.tree):
            asked: list[str] = []
            if isinstance(node, ast.Import):
                asked = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                asked = [
                    inner if (inner := f"{node.module}.{alias.name}") in files else node.module for alias in node.names
                ]
            found[name] |= {one for one in asked if one in files and one != name}
    return found


def modules(root: Path = ROOT) -> dict[str, Source]:
    """Every module of the packages by its name; a package's own is its ``__init__``."""
    return {
        ".".join(source.path.relative_to(root).with_suffix("").parts): source
        for package in packages(root)
        for source in sources(root, package)
    }


def whole(files: Mapping[str, Source]) -> dict[str, set[str]]:
    """Imports of modules, a package standing for its ``__init__``."""
    known = {name.removesuffix(".__init__"): source for name, source in files.items()}
    arrows = imports(known)
    inside = {name.removesuffix(".__init__") for name in files if name.endswith(".__init__")}

    def full(name: str) -> str:
        return f"{name}.__init__" if name in inside else name

    return {full(name): {full(one) for one in ones} for name, ones in arrows.items()}


def rooms(arrows: Graph) -> dict[str, dict[str, set[str]]]:
    """Folder → room in it → rooms beside it that it needs."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, ones in arrows.items():
        for one in ones:
            mine, other = name.split("."), one.split(".")
            same = next((k for k, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), None)
            if same is not None:
                folder = found.setdefault("/".join(mine[:same]), {})
                folder.setdefault(mine[same], set()).add(other[same])
    return found


def circles(arrows: Graph) -> list[list[str]]:
    """What needs each other round about, each circle in order of its names."""
    reach = {name: reached(arrows, name) for name in arrows}
    found: dict[str, list[str]] = {}
    for name in sorted(arrows):
        circle = sorted(one for one in reach[name] if name in reach.get(one, ()))
        if circle:
            found.setdefault(circle[0], circle)
    return list(found.values())


def reached(arrows: Graph, start: str) -> set[str]:
    """All that something needs, also through others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for one in arrows.get(waiting.pop(), ()):
            if one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen


def entangled(arrows: Graph) -> list[str]:
    """Rooms of one folder that need each other: ``folder: room, room``."""
    return [
        f"{folder or '.'}: {', '.join(circle)}"
        for folder, graph in sorted(rooms(arrows).items())
        for circle in circles(graph)
    ]


def marks(source: Source) -> dict[str, int]:
    """How often a file says ``Any``, ``type: ignore`` and ``noqa``; comments are read, not strings."""
    counts = {"Any": sum(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(source.tree))}
    with source.path.open("rb") as file:
        comments = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
    counts["type: ignore"] = sum(bool(re.search(r"type:\s*ignore", comment)) for comment in comments)
    counts["noqa"] = sum("noqa" in comment for comment in comments)
    return counts


def share(part: int, of: int) -> str:
    """Per cent."""
    return f"{100 * part / of:.0f} %" if of else "–"


def figures(root: Path = ROOT) -> list[str]:
    """Lines of a page in Markdown."""
    files = modules(root)
    every, arrows = list(files.values()), whole(files)
    lines = sum(source.lines for source in every)
    called = [function for source in every for function in functions(source, root)]
    longest, longest_file = max(called, key=lambda one: one.lines), max(every, key=lambda one: one.lines)
    short, long = (share(sum(one.lines <= most for one in called), len(called)) for most in (SHORT, LONG))
    public = [one for one in called if one.public]
    said = [marks(source) for source in every]
    per = {name: sum(one[name] for one in said) / lines * 1000 for name in ("Any", "type: ignore", "noqa")}
    rows = {
        "files, lines": f"{len(every)}, {lines:,}",
        f"functions of at most {SHORT}, {LONG} lines": f"{short}, {long} of {len(called):,}",
        "longest function": f"{longest.lines}: {longest.where}",
        f"files of at most {FILE} lines": share(sum(one.lines <= FILE for one in every), len(every)),
        "longest file": f"{longest_file.lines}: {longest_file.path.relative_to(root)}",
        "public functions documented": share(sum(one.documented for one in public), len(public)),
        "Any, type: ignore, noqa in 1,000 lines": ", ".join(f"{value:.2f}" for value in per.values()),
        "circles of files": str(len(circles(arrows))),
        "rooms that need each other": "; ".join(entangled(arrows)) or "none",
    }
    page = ["| the house | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), ""]
    return [
        *page,
        "| package | files | lines | lines of its tests | tests a line |",
        "|---|---|---|---|---|",
        *_of_packages(root),
    ]


def _of_packages(root: Path) -> Iterator[str]:
    for package in packages(root):
        mine, tests = sources(root, package), sources(root, f"tests/{package}")
        ours, theirs = sum(one.lines for one in mine), sum(one.lines for one in tests)
        yield f"| {package} | {len(mine)} | {ours:,} | {theirs:,} | {theirs / max(ours, 1):.2f} |"


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in figures()))
