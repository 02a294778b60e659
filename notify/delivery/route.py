"""A provider under a name, with its order, rate, budget and price, as the routes file has it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notify.provider import Kind, Provider
from notify.providers import PROVIDERS

_SECRET = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class RouteError(Exception):
    """The routes file is wrong; nothing starts until a person has mended it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RouteTable(BaseModel):
    """One ``[[route]]``; ``options`` belong to its provider."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    provider: str
    kinds: frozenset[Kind] | None = None
    rate: float | None = Field(None, gt=0)  # messages a second
    window: int = Field(10, ge=1, le=1000)  # messages underway at once
    daily_segments: int | None = Field(None, gt=0)
    daily_cost: float | None = Field(None, gt=0)
    price: float = Field(0.0, ge=0)  # a segment
    urgent_level: int = Field(3, ge=1, le=6)  # from this level on neither budget nor a number of tries ends the sending
    attempts: int = Field(8, ge=1)
    options: dict[str, Any] = Field(default={}, repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """A route ready for use."""

    table: RouteTable
    provider: Provider

    @property
    def name(self) -> str:
        """Its name in tables and callbacks."""
        return self.table.name

    @property
    def kinds(self) -> frozenset[Kind]:
        """Kinds of address it serves here."""
        served = self.provider.kinds
        return served if self.table.kinds is None else served & self.table.kinds


def read_routes(file: Path | None, messages: Path | None, environment: Mapping[str, str] = os.environ) -> list[Route]:
    """Routes of the file in its order, the best first; last the folder of messages, if one was named."""
    tables = _tables(file, environment) if file else []
    if messages is not None:
        tables.append({"name": "file", "provider": "file", "options": {"folder": str(messages)}})
    routes, problems = [], []
    for number, table in enumerate(tables, 1):
        try:
            routes.append(_route(table))
        except (ValueError, RouteError, OSError) as error:
            problems += _said(f"route {number} ({table.get('name', 'without a name')})", error)
    names = [route.name for route in routes]
    problems += [f"two routes are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    if not tables:
        problems.append("no route: set NONGVU_MESSAGES to a folder, or NONGVU_ROUTES to a file with [[route]] tables")
    if problems:
        raise RouteError(problems)
    return routes


def _tables(file: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RouteError([f"{file}: {error}"]) from error
    tables = document.get("route", [])
    missing: set[str] = set()
    filled = [_with_secrets(table, environment, missing) for table in tables]
    if missing:
        raise RouteError([f"{file}: the environment has no {name}" for name in sorted(missing)])
    return filled


def _with_secrets(value: Any, environment: Mapping[str, str], missing: set[str]) -> Any:
    """Fill ``${NAME}`` from the environment: secrets stand in no file."""
    if isinstance(value, dict):
        return {key: _with_secrets(item, environment, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_secrets(item, environment, missing) for item in value]
    if not isinstance(value, str):
        return value
    missing.update(name for name in _SECRET.findall(value) if name not in environment)
    return _SECRET.sub(lambda found: environment.get(found[1], ""), value)


def _route(table: Mapping[str, Any]) -> Route:
    checked = RouteTable.model_validate(table)
    make = PROVIDERS.get(checked.provider)
    if make is None:
        raise RouteError([f"there is no provider {checked.provider!r}; there are {', '.join(sorted(PROVIDERS))}"])
    return Route(checked, make(checked.options))


def _said(where: str, error: Exception) -> list[str]:
    if isinstance(error, ValidationError):
        return [
            f"{where}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
    return [f"{where}: {problem}" for problem in (error.problems if isinstance(error, RouteError) else [str(error)])]
