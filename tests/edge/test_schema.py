"""Classes of a gateway's file: every type, each bound below, at and above, and every problem with its place."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from edge.process_settings import ProcessSettings, _given, read
from edge.schema import Data, DataError, Problem, check, choices, setting


def refused(value):
    raise ValueError(f"not {value}")


class Leaf(Data):
    number: int = setting(ge=1, le=3)
    size: float = setting(default=1.0, gt=0)


class Left(Data):
    kind: Literal["left", "links"]


class Right(Data):
    kind: Literal["right"]
    far: bool = False


class Tree(Data):
    name: str = setting(min_length=2, max_length=3)
    code: str = setting(default="a-1", pattern=r"^[a-z]-[0-9]$")
    leaves: tuple[Leaf, ...] = setting(default=(), alias="leaf")
    pair: tuple[float, float] | None = None
    weights: dict[str, float] = setting(default_factory=dict)
    side: Annotated[Left | Right, setting(discriminator="kind")] | None = None
    path: Path | None = None
    parts: tuple[str, ...] = setting(default=("x",), min_length=1)
    anything: Any = None
    odd: str = "never checked"

    _check_odd = check(refused, "odd")
    _check_name = check(str.upper, "name")
    _check_pair = check(lambda pair, most: min(pair, most or pair), "pair", with_context=True)

    def _check(self) -> None:
        if self.name == "BAD":
            message = "a bad name"
            raise ValueError(message)


def problems(given, kind=Tree):
    with pytest.raises(DataError) as error:
        kind.model_validate(given)
    return error.value.problems


def test_what_stands_in_a_file_becomes_values():
    tree = Tree.model_validate(
        {"name": "oak", "leaf": [{"number": 1}, {"number": 2, "size": 3}], "pair": [1, 2], "weights": {"a": 1},
         "side": {"kind": "right", "far": True}, "path": "/tmp/x", "anything": {"x": [1]}}
    )  # fmt: skip
    assert (tree.name, tree.code, tree.parts, tree.odd) == ("OAK", "a-1", ("x",), "never checked")
    assert tree.leaves == (Leaf(number=1), Leaf(number=2, size=3.0))
    assert (tree.pair, tree.weights, tree.side) == ((1.0, 2.0), {"a": 1.0}, Right(kind="right", far=True))
    assert (tree.path, tree.anything) == (Path("/tmp/x"), {"x": [1]})
    assert isinstance(tree.leaves[1].size, float)
    assert Tree.model_validate({"name": "oak", "side": {"kind": "links"}}).side == Left(kind="links")
    assert Tree.model_validate({"name": "oak", "pair": [5, 6]}, (1.0, 1.0)).pair == (1.0, 1.0)


def test_every_problem_at_once_in_the_order_of_the_settings():
    given = {"leaf": [{"number": 1}, {"number": 9, "size": 0, "wind": 1}, 5], "pair": [1], "weights": {"a": "x", "b": 1},
             "side": {"kind": "up"}, "path": 5, "parts": [], "odd": "1", "colour": 3}  # fmt: skip
    assert problems(given) == [
        Problem(("name",), "is missing"),
        Problem(("leaf", 1, "number"), "must be at most 3"),
        Problem(("leaf", 1, "size"), "must be more than 0"),
        Problem(("leaf", 1, "wind"), "there is no such setting"),
        Problem(("leaf", 2), "must be a table"),
        Problem(("pair",), "must be a list of 2"),
        Problem(("weights", "a"), "must be a number"),
        Problem(("side", "kind"), "must be one of left, links, right"),
        Problem(("path",), "must be a path"),
        Problem(("parts",), "is empty"),
        Problem(("odd",), "not 1"),
        Problem(("colour",), "there is no such setting"),
    ]
    assert problems({"name": "bad"}) == [Problem((), "a bad name")]
    assert problems({"name": "bad", "x": 1}) == [Problem(("x",), "there is no such setting")]  # not on halves
    assert problems({"leaves": (), "name": "oak"}) == [Problem(("leaves",), "there is no such setting")]
    with pytest.raises(DataError, match=r"^leaf\.0\.number: must be at least 1$"):
        Tree(name="oak", leaf=[{"number": 0}])


@pytest.mark.parametrize(("given", "right"), [
    (0, False), (1, True), (3, True), (4, False), ("2", True), (2.0, True), (2.5, False), ("2.5", False), ("x", False),
    (None, False), ([], False), (math.inf, False), (math.nan, False), ("", False), ("+3", True), ("-3", False),
])  # fmt: skip
def test_whole_numbers(given, right):
    if right:
        assert Leaf(number=given).number in (1, 2, 3)
        assert type(Leaf(number=given).number) is int
    else:
        assert problems({"number": given}, Leaf)[0].place == ("number",)


@pytest.mark.parametrize(("given", "value"), [
    (0, None), (-1, None), (5e-324, 5e-324), (1, 1.0), ("1.5", 1.5), (math.nan, None), (math.inf, math.inf), ({}, None),
    ("one", None), (10**400, None),
])  # fmt: skip
def test_numbers(given, value):
    if value is None:
        assert problems({"number": 1, "size": given}, Leaf)[0].place == ("size",)
    else:
        assert Leaf(number=1, size=given).size == value


@pytest.mark.parametrize(("name", "text"), [
    ("a", "must have at least 2 characters"), ("ab", ""), ("abc", ""), ("abcd", "must have at most 3 characters"),
    (5, "must be a text"), (None, "must be a text"),
])  # fmt: skip
def test_texts(name, text):
    if text:
        assert problems({"name": name}) == [Problem(("name",), text)]
    else:
        assert Tree(name=name).name == name.upper()


@pytest.mark.parametrize("code", ["a1", "a-12", "xa-1", "a-1\n", ""])
def test_a_pattern_holds_for_the_whole_text(code):
    assert problems({"name": "oak", "code": code})[0].place == ("code",)


@pytest.mark.parametrize(("given", "value"), [
    (True, True), (False, False), (1, True), (0, False), ("yes", True), ("Off", False), (2, None), ("perhaps", None),
    (1.0, None), (None, None),
])  # fmt: skip
def test_yes_and_no(given, value):
    if value is None:
        assert problems({"kind": "right", "far": given}, Right) == [Problem(("far",), "must be true or false")]
    else:
        assert Right(kind="right", far=given).far is value


@pytest.mark.parametrize("given", ["up", 1, True, None, ["left"]])
def test_a_setting_of_a_few_values(given):
    assert problems({"kind": given}, Left) == [Problem(("kind",), "must be one of left, links")]


@pytest.mark.parametrize(("name", "given", "text"), [
    ("leaf", {"number": 1}, "must be a list"), ("weights", [1], "must be a table"), ("side", 3, "must be a table"),
    ("pair", [1, 2, 3], "must be a list of 2"), ("parts", "abc", "must be a list"),
])  # fmt: skip
def test_lists_and_tables(name, given, text):
    assert problems({"name": "oak", name: given}) == [Problem((name,), text)]
    assert problems([], Leaf) == [Problem((), "must be a table")]


def test_nothing_is_changed_afterwards():
    leaf = Leaf(number=1)
    with pytest.raises(AttributeError, match=r"Leaf\.number cannot be changed"):
        leaf.number = 2
    other = leaf.model_copy({"number": 2})
    assert (leaf.number, other.number, other.size) == (1, 2, 1.0)
    assert len({leaf, Leaf(number=1), other}) == 2
    assert leaf != Right(kind="right")
    assert repr(leaf) == "Leaf(number=1, size=1.0)"


def test_as_plain_values():
    tree = Tree(name="oak", leaf=[{"number": 1}], path="/x", side={"kind": "left"})
    assert tree.model_dump()["leaves"] == ({"number": 1, "size": 1.0},)
    assert tree.model_dump()["path"] == Path("/x")
    found = tree.model_dump(mode="json", exclude_none=True)
    assert (found["leaves"], found["path"], found["side"]) == ([{"number": 1, "size": 1.0}], "/x", {"kind": "left"})
    assert "pair" not in found
    assert choices(Left, "kind") == ("left", "links")


def test_the_process_is_told_by_the_environment_or_by_files(tmp_path, monkeypatch, capsys):
    (tmp_path / "nongvu_log").write_text("debug\n")
    (tmp_path / "nongvu_clock").write_text("real\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert _given({"nongvu_CLOCK": "replayed"}) == {"clock": "replayed", "log": "debug"}
    assert ProcessSettings() == ProcessSettings(clock="real", log="info", log_format="text")
    monkeypatch.setenv("NONGVU_LOG", "loud")
    monkeypatch.setenv("NONGVU_LOG_FORMAT", "xml")
    with pytest.raises(SystemExit) as ended:
        read()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "These settings are wrong; nothing was started:\n"
        "  NONGVU_LOG: must be one of debug, info, warning, error\n"
        "  NONGVU_LOG_FORMAT: must be one of text, json\n"
    )
