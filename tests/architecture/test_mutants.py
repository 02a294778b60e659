"""Mutants: each kind of fault is made once, nothing else is changed, and what no test notices is found and told."""

import importlib.util
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "deployment" / f"{name}.py")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutation = loaded("mutation")
running = loaded("mutants")


def becomes(source):
    return [one.becomes for one in mutation.mutants(source)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a >= b", {"x = a > b", "x = a < b"}),
        ("x = a is None", {"x = a is not None"}),
        ("x = a + b", {"x = a - b"}),
        ("x = a - b * c", {"x = a + b * c", "x = a - (b / c)"}),
        ("x = a and b", {"x = a or b", "x = a", "x = b"}),
        ("x = c or a and b", {"x = c and (a and b)", "x = c", "x = a and b", "x = c or (a or b)", "x = c or a", "x = c or b"}),
        ("x = not a", {"x = a"}),
        ("x = sorted(y, key=lambda z: -z)", {"x = sorted(y, key=lambda z: z)"}),
        ("x = 7", {"x = 8", "x = 6"}),
        ("x = True", {"x = False"}),
        ("x = 'open'", {"x = 'open_'"}),
        ("x = a if b else c", {"x = a", "x = c"}),
        ("x = [y for y in z if y]", {"x = [y for y in z]"}),
        ("x = min(y)", {"x = max(y)"}),
        ("x = np.greater(y, z)", {"x = np.greater_equal(y, z)"}),
        ("return x", {"return None"}),
        ("return False", {"return True"}),
        ("x += y", {"pass"}),
        ("x.y = z", {"pass"}),
        ("x.append(y)", {"pass"}),
        ("break", {"pass"}),
        ("if x: y = z", {"if True: y = z", "if False: y = z"}),
    ],
)  # fmt: skip
def test_each_kind_of_fault(line, expected):
    assert set(becomes(line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "x: Literal['a', 1] = y",
        "X = Literal['a', 'b']",
        "def f(x: int | None) -> int | None: ...",
        "'''Words.'''",
        "x = f'{y:.1f} °C'",
        "x = 'a text for people'",
        "import x",
        "__all__ = ['x']",
        "return None",
        "x = y = z",
    ],
)
def test_what_is_left_alone(line):
    assert not becomes(line)


def test_a_mutant_names_its_place_and_changes_nothing_beside():
    source = "class A:\n    def độ(self):\n        # why\n        return (self.x  # ấm\n            < 3)\n"
    found = mutation.mutants(source)
    assert {(one.where, one.line) for one in found} == {("A.độ", 4), ("A.độ", 5)}
    edge = next(one for one in found if "<= 3" in one.source)
    assert edge.source.startswith("class A:\n    def độ(self):\n        # why\n        return (self.x <= 3")
    assert edge.was == "return (self.x  # ấm < 3)"


FIRST, SECOND, THIRD = (mutation.Mutant("f", line, "", f"was {line}", f"is {line}") for line in (1, 2, 3))
WHY = {"where": "f", "was": "was 2", "becomes": "is 2", "why": "the same"}
BARS = {"killed": 95.0, "explained": 3.0}


def ends(killed, explained, survived):
    return [(FIRST, "killed")] * killed + [(SECOND, "survived")] * explained + [(THIRD, "survived")] * survived


@pytest.mark.parametrize(
    ("killed", "explained", "survived", "passes"),
    [(95, 0, 5, True), (94, 0, 6, False), (97, 3, 0, True), (96, 4, 0, False), (95, 3, 2, True), (0, 0, 0, True)],
)
def test_the_bars(killed, explained, survived, passes):
    score = running.settle("x.py", ends(killed, explained, survived), [WHY] if explained else [])
    assert (score.killed, score.explained, len(score.survived)) == (killed, explained, survived)
    assert score.passes(BARS) is passes


def test_an_explanation_of_no_survivor_fails():
    score = running.settle("x.py", [(FIRST, "killed"), (SECOND, "hung")], [WHY])
    assert (score.killed, score.hung, score.idle) == (2, 1, [WHY])
    assert not score.passes(BARS)
    assert "was 2 -> is 2" in score.report()


TESTS = """
import pure
def test_it():
    assert [pure.over(x) for x in (2, 3, 4)] == {expected}
"""


@pytest.mark.parametrize(
    ("expected", "survivors"),
    [("[False, True, True]", set()), ("[False, pure.over(3), True]", {"return x > 3", "return x >= 4"})],
)
def test_a_survivor_is_what_no_test_fails_on(tmp_path, expected, survivors):
    source = "def over(x):\n    while x < 0:\n        x += 1\n    return x >= 3\n"
    (tmp_path / "pure.py").write_text(source)
    (tmp_path / "test_pure.py").write_text(TESTS.format(expected=expected))
    worker = running.Worker(tmp_path)
    try:
        tried = [one for one in mutation.mutants(source) if one.line == 4]
        found = {one.becomes: worker.end("pure.py", ["test_pure.py"], one.source) for one in tried}
        endless = source.replace("x += 1", "pass").replace("x < 0", "x < 9")
        answer = worker.ask(file="pure.py", tests=["test_pure.py"], source=endless, cpu=1.0, wall=60.0)
        assert answer["end"] == "hung"
        with pytest.raises(SystemExit, match="its tests fail without any mutant, or none loads it"):
            worker.end("other.py", ["test_pure.py"], "")
    finally:
        worker.close()
    assert {name for name, end in found.items() if end == "survived"} == survivors
    assert (tmp_path / "pure.py").read_text() == source


def test_files_and_tests_of_the_table_are_there():
    table = tomllib.loads(running.TABLE.read_text("utf-8"))
    assert table["bars"] == {"killed": 95, "explained": 3}
    for file, row in table["files"].items():
        for name in (file, *row["tests"]):
            assert (ROOT / name.partition("::")[0]).is_file(), name
        for one in row.get("explained", []):
            assert set(one) == {"where", "was", "becomes", "why"}, file
