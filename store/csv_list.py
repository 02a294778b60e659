"""Reading of what an operator keeps in a CSV list, row by row, whatever it is a list of; here and nowhere else."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Row = dict[str, str]


class Line(NamedTuple):
    """A row of a list: the number of its (last) line in the file, its cells by column, and what is wrong with it."""

    number: int
    cells: Row
    problem: str


def read_list(
    path: Path, columns: Sequence[str], needed: Sequence[str], make: Callable[[Row, Row], T], wrong: type[Exception]
) -> Iterator[tuple[int, T]]:
    """Make a thing of each row and its properties: (number of the line, thing).

    What stands in columns other than ``columns`` are properties. ``wrong`` with file and line where a row cannot be
    one, or lacks what is ``needed``.
    """
    for line in lines(text_of(path, wrong), path.name, wrong, needed):
        missing = [name for name in needed if not line.cells.get(name)]
        problem = f"column {', '.join(missing)} is missing or empty" if missing else line.problem
        if problem:
            raise wrong(f"{path.name}, line {line.number}: {problem}")
        further = {name: value for name, value in line.cells.items() if name not in columns and value}
        try:
            made = make(line.cells, further)
        except (TypeError, ValueError) as error:
            raise wrong(f"{path.name}, line {line.number}: {error}") from error
        yield line.number, made


def text_of(path: Path, wrong: type[Exception]) -> str:
    """Text of a file as people write them: UTF-8, with or without a byte order mark; ``wrong`` where it is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(f"{path.name} is no UTF-8 text: save it as CSV UTF-8") from error


def lines(text: str, name: str, wrong: type[Exception], needed: Sequence[str] = ()) -> Iterator[Line]:
    """Rows of a list; ``wrong``, which names the list, where it is none, or a column is there twice or is not there.

    Spreadsheets where the comma is the decimal mark divide cells by semicolons.
    """
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        counts = Counter(column.strip() for column in reader.fieldnames or ())
        twice = sorted(column for column, count in counts.items() if count > 1 and column)
        if twice:
            raise wrong(f"{name}: column {', '.join(twice)} is there twice: leave one out")
        if missing := [column for column in needed if column not in counts]:
            raise wrong(f"{name} has no column {', '.join(missing)}: it needs {', '.join(needed)}")
        for row in reader:
            problem = "there are more cells than columns" if None in row else ""
            cells = {column.strip(): value or "" for column, value in row.items() if column}
            yield Line(reader.line_num, cells, problem)
    except csv.Error as error:
        raise wrong(f"{name}: {error}") from error
