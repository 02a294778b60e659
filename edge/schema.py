"""Parts of a gateway's file as classes: types, bounds and checks; every problem is found at once, each with its place.

A gateway has little memory: the general library that the server's settings are read with takes 14 MB by itself.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

Place = tuple[str | int, ...]
#: Makes a value of what stands in a file; the second argument is what the file is read with. `DataError` if it cannot.
Reader = Callable[[Any, Any], Any]

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Problem(NamedTuple):
    """What is wrong, and where: keys and numbers (from 0) down to the setting."""

    place: Place
    text: str


class DataError(ValueError):
    """Data that cannot be used, with every problem."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(": ".join(filter(None, (dotted(place), text))) for place, text in problems))

    def under(self, key: str | int) -> list[Problem]:
        """The same problems, seen from the table or list in which they stand at ``key``."""
        return [Problem((key, *place), text) for place, text in self.problems]


def dotted(place: Place) -> str:
    """A place as people write it."""
    return ".".join(map(str, place))


def _wrong(text: str) -> DataError:
    return DataError([Problem((), text)])


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of a setting besides its type."""

    required: bool = True
    default: Any = None
    default_factory: Callable[[], Any] | None = None
    #: Its name in the file, where that is not the attribute's.
    alias: str = ""
    #: Bounds of a number.
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    #: Bounds of a text's or list's length, and a pattern for the whole text.
    min_length: int = 0
    max_length: int | None = None
    pattern: str = ""
    #: The setting by which one of several classes is chosen.
    discriminator: str = ""

    def check(self, value: Any) -> None:
        """`DataError` where a value lies outside the bounds."""
        for bound, holds, words in ((self.ge, ge, "at least"), (self.gt, gt, "more than"), (self.le, le, "at most")):
            if bound is not None and not holds(value, bound):  # what is not a number (nan) is within no bound
                raise _wrong(f"must be {words} {bound:g}")
        if (self.min_length or self.max_length is not None) and len(value) < self.min_length:
            raise _wrong(f"must have at least {self.min_length} characters" if isinstance(value, str) else "is empty")
        if self.max_length is not None and len(value) > self.max_length:
            raise _wrong(f"must have at most {self.max_length} characters")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise _wrong(f"does not match {self.pattern}")


_REQUIRED: Any = object()


def setting(
    *, default: Any = _REQUIRED, default_factory: Callable[[], Any] | None = None, alias: str = "", **bounds: Any
) -> Any:
    """Default, name in the file and bounds of a setting: see `Setting`."""
    required = default is _REQUIRED and default_factory is None
    return Setting(required, None if default is _REQUIRED else default, default_factory, alias, **bounds)


@dataclass(frozen=True, slots=True)
class Check:
    """A check of some settings' values, which may make another value of them; `ValueError` says what is wrong."""

    names: tuple[str, ...]
    function: Callable[..., Any]
    #: Whether it also takes what the file is read with.
    with_context: bool = False

    def __call__(self, value: Any, context: Any) -> Any:
        """The value, checked."""
        return self.function(value, context) if self.with_context else self.function(value)


def check(function: Callable[..., Any], *names: str, with_context: bool = False) -> Check:
    """Check settings by a function; given values only, not defaults."""
    return Check(names, function, with_context)


class _Attribute(NamedTuple):
    name: str
    key: str
    read: Reader
    setting: Setting
    checks: tuple[Check, ...]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(setting,))
class Data:
    """A part of the file: nothing unknown, nothing changed afterwards, no value shown in errors."""

    _checks: ClassVar[tuple[Check, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = tuple(value for value in vars(cls).values() if isinstance(value, Check))
        cls._checks = (*cls._checks, *own)

    def __init__(self, **given: Any) -> None:
        self._take(given, None)

    @classmethod
    def model_validate(cls, given: Any, context: Any = None) -> Self:
        """An instance of what stands in a file; ``context`` is handed to the checks that want it."""
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise _wrong("must be a table")
        made = cls.__new__(cls)
        made._take(given, context)  # noqa: SLF001 — its own
        return made

    def _take(self, given: Mapping[str, Any], context: Any) -> None:
        problems: list[Problem] = []
        attributes = _attributes(type(self))
        for name, key, read, known, checks in attributes:
            try:
                self.__dict__[name] = _value(given, key, read, known, checks, context)
            except DataError as error:
                problems += error.under(key)
        keys = {item.key for item in attributes}
        problems += [Problem((key,), "there is no such setting") for key in given if key not in keys]
        if problems:
            raise DataError(problems)
        try:
            self._check()
        except ValueError as error:
            raise error if isinstance(error, DataError) else _wrong(str(error)) from None

    def _check(self) -> None:
        """What must hold between settings; `ValueError` says what does not."""

    def model_copy(self, update: Mapping[str, Any]) -> Self:
        """The same with other values, which are not checked."""
        made = type(self).__new__(type(self))
        made.__dict__.update(self.__dict__, **update)
        return made

    def model_dump(self, *, mode: Literal["python", "json"] = "python", exclude_none: bool = False) -> dict[str, Any]:
        """Values by attribute, tables as dictionaries; with mode "json" in JSON's own types."""
        found = {name: _dumped(value, mode) for name, value in self.__dict__.items()}
        return {name: value for name, value in found.items() if value is not None or not exclude_none}

    def __setattr__(self, name: str, value: Any) -> None:
        message = f"{type(self).__name__}.{name} cannot be changed"
        raise AttributeError(message)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def _value(
    given: Mapping[str, Any], key: str, read: Reader, known: Setting, checks: tuple[Check, ...], context: Any
) -> Any:
    if key not in given:
        if known.required:
            raise _wrong("is missing")
        return known.default if known.default_factory is None else known.default_factory()
    value = read(given[key], context)
    try:
        for item in checks:
            value = item(value, context)
    except ValueError as error:
        raise error if isinstance(error, DataError) else _wrong(str(error)) from None
    return value


def _dumped(value: Any, mode: Literal["python", "json"]) -> Any:
    if isinstance(value, Data):
        return value.model_dump(mode=mode)
    if isinstance(value, Mapping):
        return {key: _dumped(item, mode) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [_dumped(item, mode) for item in value]
        return items if mode == "json" else tuple(items)
    return str(value) if mode == "json" and isinstance(value, Path) else value


def choices(kind: type[Data], name: str) -> tuple[Any, ...]:
    """Values that a setting takes which takes a few."""
    return get_args(get_type_hints(kind)[name])


_KNOWN: dict[type[Data], tuple[_Attribute, ...]] = {}

# -- readers ------------------------------------------------------------------------------------------------------


def _attributes(kind: type[Data]) -> tuple[_Attribute, ...]:
    """Settings of a class, in their order; made at its first use, when all classes that it names are there."""
    if kind in _KNOWN:
        return _KNOWN[kind]
    result = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is ClassVar:
            continue
        default = getattr(kind, name, _REQUIRED)
        known = default if isinstance(default, Setting) else setting(default=default)
        checks = tuple(item for item in kind._checks if name in item.names)  # noqa: SLF001 — this module's own class
        result.append(_Attribute(name, known.alias or name, _reader(hint, known), known, checks))
    _KNOWN[kind] = tuple(result)
    return _KNOWN[kind]


def _reader(hint: Any, known: Setting) -> Reader:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _reader(arguments[0], arguments[1])
    if origin in (Union, types.UnionType):
        return _union([item for item in arguments if item is not types.NoneType], known, none=None in arguments or
                      types.NoneType in arguments)  # fmt: skip
    if origin is tuple:
        return _bounded(_tuple(arguments), known)
    if origin is dict:
        return _table(_reader(arguments[1], Setting()))
    if isinstance(hint, type) and issubclass(hint, Data):
        return hint.model_validate
    return _literal(arguments) if origin is Literal else _bounded(_PLAIN[hint], known)


def _bounded(read: Reader, known: Setting) -> Reader:
    def bounded(given: Any, context: Any) -> Any:
        value = read(given, context)
        known.check(value)
        return value

    return bounded


def _union(kinds: list[Any], known: Setting, *, none: bool) -> Reader:
    read = _reader(kinds[0], known) if len(kinds) == 1 else _chosen(kinds, known.discriminator)
    return (lambda given, context: None if given is None else read(given, context)) if none else read


def _chosen(kinds: list[type[Data]], by: str) -> Reader:
    classes = {name: kind for kind in kinds for name in choices(kind, by)}

    def chosen(given: Any, context: Any) -> Any:
        if isinstance(given, tuple(kinds)):
            return given
        if not isinstance(given, Mapping):
            raise _wrong("must be a table")
        if given.get(by) not in classes:
            raise DataError([Problem((by,), f"must be one of {', '.join(classes)}")])
        return classes[given[by]].model_validate(given, context)

    return chosen


def _literal(values: tuple[Any, ...]) -> Reader:
    def literal(given: Any, _: Any) -> Any:
        if not isinstance(given, str | int) or isinstance(given, bool) or given not in values:
            raise _wrong(f"must be one of {', '.join(map(str, values))}")
        return given

    return literal


def _tuple(arguments: tuple[Any, ...]) -> Reader:
    endless = arguments[-1] is Ellipsis
    readers = [_reader(item, Setting()) for item in arguments if item is not Ellipsis]

    def items(given: Any, context: Any) -> tuple[Any, ...]:
        if not isinstance(given, list | tuple):
            raise _wrong("must be a list")
        if not endless and len(given) != len(readers):
            raise _wrong(f"must be a list of {len(readers)}")
        made, problems = [], []
        for number, item in enumerate(given):
            try:
                made.append(readers[0 if endless else number](item, context))
            except DataError as error:
                problems += error.under(number)
        if problems:
            raise DataError(problems)
        return tuple(made)

    return items


def _table(read: Reader) -> Reader:
    def table(given: Any, context: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise _wrong("must be a table")
        made, problems = {}, []
        for key, item in given.items():
            try:
                made[key] = read(item, context)
            except DataError as error:
                problems += error.under(key)
        if problems:
            raise DataError(problems)
        return made

    return table


def _text(given: Any, _: Any) -> str:
    if not isinstance(given, str):
        raise _wrong("must be a text")
    return given


def _path(given: Any, _: Any) -> Path:
    if not isinstance(given, str | Path):
        raise _wrong("must be a path")
    return Path(given)


def _number(given: Any, _: Any) -> float:
    try:  # a number in quotes is one
        return float(given if isinstance(given, int | float | str) else "")
    except (ValueError, OverflowError):
        raise _wrong("must be a number") from None


def _whole(given: Any, _: Any) -> int:
    if isinstance(given, int):
        return int(given)
    number = _number(given, None)
    if not number.is_integer():
        raise _wrong("must be a whole number")
    return int(given) if isinstance(given, str) and given.strip().lstrip("+-").isdecimal() else int(number)


def _yes_or_no(given: Any, _: Any) -> bool:
    found = _TRUTH.get(str(given).lower()) if isinstance(given, bool | int | str) else None
    if found is None:
        raise _wrong("must be true or false")
    return found


_PLAIN: dict[Any, Reader] = {
    str: _text, Path: _path, float: _number, int: _whole, bool: _yes_or_no, Any: lambda given, _: given,
}  # fmt: skip
