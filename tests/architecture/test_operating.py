"""Every command of nongvu in docs/operating.md can be typed as it stands there: sub-command, arguments, options."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

import nongvu

TEXT = (Path(__file__).parent.parent.parent / "docs" / "operating.md").read_text()
BLOCKS = "\n".join(re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))
LINES = [line.split("  #")[0].strip() for line in BLOCKS.splitlines() if line.startswith("nongvu ")]
INLINE = [words for words in re.findall(r"`(nongvu [^`]*)`", TEXT) if "…" not in words]


FILES = {".csv", ".dat", ".dump", ".geojson", ".toml", ".xlsx"}


def parsed(line: str, folder: Path) -> None:
    """Parse a command as the shell and nongvu do, without doing it; the files it names are there."""
    words = shlex.split(line.replace("$(date +%F)", "2026-01-31"))
    for number, word in enumerate(words):
        if Path(word).suffix in FILES:
            words[number] = str(folder / Path(word).name)
            Path(words[number]).touch()
    room = nongvu.ROOMS[words[1]]
    command = typer.main.get_command(getattr(importlib.import_module(room.module), room.attribute))
    words = words[1:]
    while hasattr(command, "get_command") and len(words) > 1:
        found = command.get_command(typer.Context(command), words[1])
        assert found is not None, f"{words[0]} has no command {words[1]}"
        command, words = found, words[1:]
    if "--help" in words:
        return
    named = {option for parameter in command.params for option in getattr(parameter, "opts", ())}
    assert {word for word in words if word.startswith("--")} <= named
    command.make_context(words[0], words[1:])


@pytest.mark.parametrize("line", LINES)
def test_a_line_can_be_typed(line, tmp_path):
    parsed(line, tmp_path)


@pytest.mark.parametrize("words", sorted(set(INLINE)))
def test_a_command_that_is_named_exists(words):
    words = words.split()
    if len(words) > 2 or words[1] in {"up", "doctor", "demo"}:
        room = nongvu.ROOMS[words[1]]
        command = typer.main.get_command(getattr(importlib.import_module(room.module), room.attribute))
        if hasattr(command, "get_command"):
            assert command.get_command(typer.Context(command), words[2]) is not None
    assert words[1] in nongvu.ROOMS


def test_there_is_something_to_try():
    assert len(LINES) > 10
