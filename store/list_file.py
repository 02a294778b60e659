"""What an operator keeps in a CSV list, row by row; columns not of the thing itself are its properties."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Row = dict[str, str]


def read_list(
    path: Path, columns: Sequence[str], needed: Sequence[str], make: Callable[[Row, Row], T], wrong: type[ValueError]
) -> Iterator[T]:
    """Make a thing of each row and its properties; ``wrong`` with file and line where a row cannot be one."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(_rows(path, lines, wrong), start=2):
            problem = _problem(row, needed)
            if problem:
                raise wrong(f"{path.name}, line {number}: {problem}")
            further = {name: value for name, value in row.items() if name not in columns and value}
            try:
                made = make(row, further)
            except (TypeError, ValueError) as error:
                raise wrong(f"{path.name}, line {number}: {error}") from error
            yield made


def _rows(path: Path, lines: Iterable[str], wrong: type[ValueError]) -> Iterator[Row]:
    """Rows of a list; ``wrong`` where it is no text, or two of its columns have one name."""
    try:
        reader = csv.DictReader(lines)
        twice = sorted(name for name, count in Counter(reader.fieldnames or ()).items() if count > 1 and name)
        if twice:
            raise wrong(f"{path.name}: column {', '.join(twice)} is there twice: leave one out")
        yield from reader
    except UnicodeDecodeError as error:
        raise wrong(f"{path.name} is no UTF-8 text: save it as CSV UTF-8") from error
    except csv.Error as error:
        raise wrong(f"{path.name}: {error}") from error


def _problem(row: Row, needed: Sequence[str]) -> str:
    missing = [name for name in needed if not row.get(name)]
    if missing:
        return f"column {', '.join(missing)} is missing or empty"
    return "there are more cells than columns" if None in row else ""
