"""The numbers an operator gives of places and of seasons, checked against the catalogue."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Literal, NotRequired, TypedDict

from psycopg import Connection
from psycopg.rows import TupleRow

from store.statements import statement

Of = Literal["place", "season"]


class Limits(TypedDict):
    """What the catalogue says of a number that may be given."""

    unit: str
    minimum: float
    maximum: float
    vi: str
    en: str
    whole: NotRequired[bool]


class PropertyError(ValueError):
    """A property that cannot be; never worth another try."""


def known(connection: Connection[TupleRow], of: Of) -> dict[str, Limits]:
    """Properties that may be given of places, or of seasons: name → unit, minimum, maximum, titles."""
    rows = connection.execute(statement("catalogue", "properties"), {"of": f"of_{of}"}).fetchall()
    return dict(rows)


def parsed(texts: Iterable[str]) -> dict[str, str]:
    """``name=value`` each, as they are typed; an empty value takes the property away."""
    pairs = [text.partition("=") for text in texts]
    wrong = [name for name, sign, _ in pairs if not sign or not name]
    if wrong:
        raise PropertyError(f"{wrong[0]!r}: write name=value, or name= to take it away")
    return {name.strip(): value.strip() for name, _, value in pairs}


def checked(allowed: Mapping[str, Limits], given: Mapping[str, object], subject: str) -> dict[str, float | None]:
    """Numbers of what was given, None where nothing is to be said any more.

    Raises
    ------
    PropertyError
        All that is wrong with them: a name that is not known, no number, a number that cannot be.
    """
    found: dict[str, float | None] = {}
    problems = []
    for name, value in given.items():
        if name not in allowed:
            problems.append(f"{name!r} is no property{_hint(name, allowed)}")
        elif value is None or value == "":
            found[name] = None
        else:
            try:
                found[name] = _number(name, value, allowed[name])
            except PropertyError as error:
                problems.append(str(error))
    if problems:
        raise PropertyError(f"{subject}: {'; '.join(problems)}")
    return found


def _number(name: str, value: object, row: Limits) -> float:
    """Number of a text, with a decimal comma as well."""
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        number = math.nan
    if not row["minimum"] <= number <= row["maximum"]:
        limits = f"{row['minimum']:g} to {row['maximum']:g} {'' if row['unit'] == '1' else row['unit']}".strip()
        raise PropertyError(f"{name} = {value} cannot be: give a number from {limits} ({row['en']})")
    if row.get("whole") and number != round(number):
        raise PropertyError(f"{name} = {value} cannot be: give a whole number ({row['en']})")
    return number


def _hint(name: str, allowed: Mapping[str, Limits]) -> str:
    near = difflib.get_close_matches(name, allowed, 1)
    return f": do you mean {near[0]!r}?" if near else f": known are {', '.join(sorted(allowed))}"


def show(rows: Mapping[str, Limits], *, as_json: bool) -> None:
    """Print properties for a person, or for a machine."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for name, row in rows.items():
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        print(f"{name:28} {row['minimum']:g} to {row['maximum']:g}{unit}: {row['vi']} · {row['en']}")
