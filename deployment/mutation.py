"""Mutants of a source: every small fault that one change of its text makes (pure).

A mutant changes one place: a comparison to its edge or its opposite, a sign, a number by one, a truth value, ``and`` to
``or``, a condition that always or never holds, an operand or a statement that is missing, another aggregate, None in
place of what is returned. Not changed are annotations, docstrings, decorators, imports, texts for people (strings with
a blank, or of an error), and what is only said to the type checker.
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.Pow: ast.Mult,
}  # fmt: skip
_PAIRS = (
    ("min", "max"), ("any", "all"), ("bisect_left", "bisect_right"), ("minimum", "maximum"), ("nanmin", "nanmax"),
    ("greater_equal", "greater"), ("less_equal", "less"), ("logical_and", "logical_or"), ("floor", "ceil"),
    ("startswith", "endswith"), ("zeros", "ones"), ("argmin", "argmax"), ("removeprefix", "removesuffix"),
)  # fmt: skip
_OTHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
#: Names whose subscripts or arguments are types.
_TYPES = {"Literal", "cast", "TypeVar", "NewType"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a source."""

    #: Qualified name of the function or class it is in; empty in the module itself.
    where: str
    line: int
    source: str
    #: The lines that went and those that came, stripped and joined.
    was: str
    becomes: str

    def diff(self) -> str:
        """Both, as a person reads them."""
        return f"    - {self.was}\n    + {self.becomes or '(nothing)'}"


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a source, each once, in the order of lines."""
    tree = ast.parse(source)
    text = _Text(source)
    seen = {ast.dump(tree)}
    found = []
    for where, node, new in _changes(tree):
        changed = text.spliced(node, new)
        dump = ast.dump(ast.parse(changed))
        if dump not in seen:
            seen.add(dump)
            found.append(Mutant(where, node.lineno, changed, *_lines(source, changed)))
    return found


class _Text:
    """A source and where its nodes stand, in bytes as `ast` counts them."""

    def __init__(self, source: str) -> None:
        self.data = source.encode()
        self.begins = [0]
        for line in self.data.splitlines(keepends=True):
            self.begins.append(self.begins[-1] + len(line))

    def spliced(self, node: ast.expr | ast.stmt, new: str) -> str:
        """The source with other text in a node's place."""
        begin = self.begins[node.lineno - 1] + node.col_offset
        end = self.begins[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return (self.data[:begin] + new.encode() + self.data[end:]).decode()


def _lines(source: str, changed: str) -> tuple[str, str]:
    diff = list(difflib.unified_diff(source.splitlines(), changed.splitlines(), n=0, lineterm=""))[2:]
    return tuple(  # type: ignore[return-value]
        " ".join(line[1:].strip() for line in diff if line.startswith(sign)) for sign in "-+"
    )


def _changes(tree: ast.Module) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
    """Where, what goes, and the text that comes."""
    pending: list[tuple[str, ast.AST, ast.AST | None]] = [("", tree, None)]
    while pending:
        where, node, parent = pending.pop(0)
        if isinstance(node, ast.expr):
            for new in _expressions(node, parent):
                yield where, node, _written(new, node, parent)
        elif isinstance(node, ast.stmt):
            yield from ((where, part, new) for part, new in _statements(node))
        inside = f"{where}.{node.name}".lstrip(".") if isinstance(node, _NAMED) else where
        pending[:0] = [(inside, child, node) for child in _children(node)]


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Parts that are run and decide something."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return
    if isinstance(node, ast.Assign) and any(getattr(one, "id", "").startswith("__") for one in node.targets):
        return
    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") in _TYPES | {"Callable", "dict", "list"}:
        return
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _TYPES:
        yield from node.args[1:] if getattr(node.func, "id", "") == "cast" else ()
        return
    skipped = {"annotation", "returns", "decorator_list", "type_comment", "exc" if _plain_error(node) else ""}
    for name, value in ast.iter_fields(node):
        if name not in skipped:
            yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST))


def _plain_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise)


def _written(new: ast.expr, old: ast.expr, parent: ast.AST | None) -> str:
    """An expression as text, in brackets where it could be read as part of what is around it."""
    text = ast.unparse(new)
    loose = isinstance(new, ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp)
    same = type(new) is type(old) and type(getattr(new, "op", None)) is type(getattr(old, "op", None))
    tight = isinstance(parent, ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.Compare | ast.Attribute | ast.Subscript)
    return f"({text})" if loose and tight and not same else text


def _with(node: ast.expr, **fields: object) -> ast.expr:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _expressions(node: ast.expr, parent: ast.AST | None) -> Iterator[ast.expr]:
    """What may stand in an expression's place."""
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                for other in _COMPARE[type(op)]:
                    yield _with(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            for place in range(len(values)):
                rest = values[:place] + values[place + 1 :]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield operand
        case ast.BinOp(op=op) if type(op) in _BINARY:
            yield _with(node, op=_BINARY[type(op)]())
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Constant(value=value) if not isinstance(parent, ast.Expr):
            yield from map(ast.Constant, _constants(value))
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _OTHER and isinstance(node.ctx, ast.Load):
            yield _with(node, **{"id" if isinstance(node, ast.Name) else "attr": _OTHER[name]})
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _comprehensions(node)
        case _:
            pass


def _comprehensions(node: ast.expr) -> Iterator[ast.expr]:
    """The same without one of its conditions."""
    for number, part in enumerate(node.generators):  # type: ignore[attr-defined]
        for place in range(len(part.ifs)):
            bare = ast.comprehension(part.target, part.iter, part.ifs[:place] + part.ifs[place + 1 :], part.is_async)
            generators = node.generators  # type: ignore[attr-defined]
            yield _with(node, generators=[*generators[:number], bare, *generators[number + 1 :]])


def _constants(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (value + 1, value - 1)
        case str() if value and not any(letter.isspace() for letter in value):
            yield f"{value}_"
        case _:
            return


def _statements(node: ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Parts of a statement, or itself, and the text that may stand in its place."""
    match node:
        case ast.If(test=test):
            yield from ((test, "True"), (test, "False"))
        case ast.While(test=test):
            yield test, "False"
        case ast.Return(value=value) if value is not None and not _says_no(value):  # False becomes True elsewhere
            yield node, "return None"
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Assert() | ast.Delete():
            yield node, "pass"
        case ast.Continue() | ast.Break():
            yield node, "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass"
        case _:
            return


def _says_no(value: ast.expr) -> bool:
    """Whether None in its place is no other answer."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)
