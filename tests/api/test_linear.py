"""No text of a stranger costs more than its length: every pattern and every reader of what clients write.

Patterns are found in the source (arguments of ``re``, ``pattern=`` of fields, terminals of the grammar), not listed. Each is
tried on what it matches, cut anywhere, with every character that it knows repeated there and a broken end.
"""

import ast
import contextlib
import importlib
import re
import re._constants as kind
import re._parser as sre
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from api.protocol.parameters import every_as_timedelta
from api.protocol.problems import Problem
from api.sensorthings import grammar
from api.sensorthings.address import number_of
from api.sensorthings.options import options, split
from api.web.words import language_of
from notify.delivery import phone
from notify.people import keyword_replies
from notify.providers import smpp_pdu
from store.sensorthings import ENTITIES

from .conftest import client_of

ROOT = Path(__file__).parents[2]
#: Whatever reads what somebody outside wrote.
PACKAGES = ("api", "notify", "ingest", "telemetry")
SHORT, LONG = 8_000, 16_000
#: CPU of one reading of LONG characters [s], and how much more it may be than of half of them.
MOST, GROWTH = 0.1, 3.0
#: Less than this [s] is not told from the machine's noise.
FLOOR = 0.01
CHARACTERS = "0'\" ()[aZ\\,.;:%/=&+-_@$\né\u2003"
CALLS = {"compile", "match", "fullmatch", "search", "sub", "split", "findall", "finditer"}


def cost(read: Callable[[str], object], text: str) -> float:
    """CPU of reading a text [s]."""
    began = time.process_time()
    with contextlib.suppress(Problem, ValueError, KeyError, OverflowError):
        read(text)
    return time.process_time() - began


def steep(read: Callable[[str], object], of_length: Callable[[int], str]) -> str:
    """What is wrong with the cost of texts that grow; empty where it grows as they do."""
    for length in (300, 1_500):  # what is cubic would take hours at full length
        # the first reading of all may build what reads
        if (taken := min(cost(read, of_length(length)) for _ in range(2))) > MOST / 4:
            return f"{taken:.3f} s for {length} characters"
    half, whole = 0.0, cost(read, of_length(LONG))
    for _ in range(4):  # a machine that is busy with other things may lie once
        if whole <= FLOOR:
            return ""
        half, whole = cost(read, of_length(SHORT)), cost(read, of_length(LONG))
        if whole <= MOST and whole <= GROWTH * half:
            return ""
    return f"{half:.4f} s for {SHORT} characters, {whole:.4f} s for {LONG}"


# PATTERNS


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text())


def patterns() -> Iterator[tuple[str, str, str, int]]:
    """Place, method, pattern and flags of every pattern in the packages."""
    for where, tree in sources():
        module = importlib.import_module(where.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        used = [(node.func.value.id, node.func.attr) for node in ast.walk(tree) if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)]  # fmt: skip
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                for method in {method for of, method in used if of == name and method in CALLS}:
                    yield f"{where}:{name}", method, value.pattern, value.flags & ~re.UNICODE
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            if (isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "re" and node.func.attr in CALLS - {"compile"}):  # fmt: skip
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    method = "fullmatch" if node.func.attr == "fullmatch" else "search"
                    flags = re.DOTALL if "DOTALL" in ast.unparse(node) else 0
                    yield f"{where}:{node.lineno}", method, first.value, flags
            for keyword in node.keywords:
                if keyword.arg == "pattern" and isinstance(keyword.value, ast.Constant):
                    yield f"{where}:{node.lineno}", "search", keyword.value.value, 0


def terminals() -> Iterator[tuple[str, str, str, int]]:
    for terminal in grammar._parser().terminals:
        yield f"grammar:{terminal.name}", "match", terminal.pattern.to_regexp(), 0


ALL = sorted(set(patterns()) | set(terminals()))


def sample(parsed: object, turn: int = 0) -> str:
    """A text that a pattern matches, more or less."""
    said = []
    for operation, value in parsed:
        if operation is kind.LITERAL:
            said.append(chr(value))
        elif operation is kind.NOT_LITERAL or operation is kind.ANY:
            said.append("a")
        elif operation is kind.IN:
            said.append(member(value))
        elif operation in {kind.MAX_REPEAT, kind.MIN_REPEAT, kind.POSSESSIVE_REPEAT}:
            said.append(sample(value[2], turn) * max(value[0], min(1, value[1])))
        elif operation is kind.SUBPATTERN:
            said.append(sample(value[3], turn))
        elif operation is kind.ATOMIC_GROUP:
            said.append(sample(value, turn))
        elif operation is kind.BRANCH:
            said.append(sample(value[1][turn % len(value[1])], turn))
    return "".join(said)


def member(value: list) -> str:
    """A character of a set."""
    if value[0][0] is kind.NEGATE:
        without = {found for operation, found in value[1:] if operation is kind.LITERAL}
        return next(character for character in "a0-b_ " if ord(character) not in without)
    operation, found = value[0]
    if operation is kind.RANGE:
        return chr(found[0])
    if operation is kind.CATEGORY:
        return {kind.CATEGORY_DIGIT: "1", kind.CATEGORY_SPACE: " "}.get(found, "a")
    return chr(found)


@pytest.mark.parametrize("case", ALL, ids=[f"{place}-{method}" for place, method, _, _ in ALL])
def test_a_pattern_grows_as_its_text(case: tuple[str, str, str, int]) -> None:
    _, method, pattern, flags = case
    match = getattr(re.compile(pattern, flags), {"sub": "findall"}.get(method, method))

    def read(text: str) -> object:
        return match(text.encode("latin-1") if isinstance(pattern, bytes) else text)

    wholes = dict.fromkeys(sample(sre.parse(pattern, flags), turn) for turn in range(3))
    known = dict.fromkeys(list("".join(wholes))[:8] + list(" a1,'(@"))
    for whole in wholes:
        for cut in range(min(len(whole), 14) + 1):
            for repeated in (*known, *(whole[cut : cut + width] for width in (2, 5) if len(whole) >= cut + width)):
                for end in ("", "\x01"):
                    problem = steep(read, lambda n, w=whole[:cut], r=repeated, e=end: w + (r * n)[:n] + e)
                    assert not problem, f"{pattern!r} on {whole[:cut]!r} + {repeated!r}… + {end!r}: {problem}"


def test_the_patterns_of_the_packages_are_found() -> None:
    found = {pattern for _, _, pattern, _ in ALL}
    assert len(found) > 40
    for where, tree in sources():
        for node in ast.walk(tree):
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
                    and isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
                    and not isinstance(node.args[0], ast.Constant)):  # fmt: skip
                # patterns put together while running: of our own texts, of an operator's file; of a module, tried above
                assert where in {"notify/texts/text_normalisation.py", "notify/providers/service_response.py",
                                 "telemetry/plain.py"}, f"{where}:{node.lineno}"  # fmt: skip


# READERS

FILTERS = (
    "result gt 3 and ", "name eq 'a' or ", "not ", "(", "geo.distance(location,geography'POINT(", "geography'POLYGON((",
    "1 2,", "a/", "substringof('", "''", "phenomenonTime gt 2026-01-01T00:00:00Z and ", "duration'P1D' add ", "1 add ",
    "- ", "$expand=", "Datastreams($filter=", "Observations(", "name asc,", "2026-01-01T00:00:00.", "PT1H", "'),",
)  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "filter": grammar.parse,
    "shape": grammar.shape,
    "moment": grammar.moment,
    "duration": grammar.duration,
    "split": lambda text: split(text, ","),
    "id": lambda text: number_of(ENTITIES["Observations"], text),
    "every": every_as_timedelta,
    "language": lambda text: language_of(None, text, "vi"),
    "phone": phone.normalised,
    "hidden": phone.masked,
    "answer": keyword_replies.wish,
    "receipt": lambda text: smpp_pdu._receipt(text, {}),
} | {
    name: (lambda text, name=name: options(ENTITIES["Things"], {name: text}))
    for name in ("$filter", "$orderby", "$top", "$select", "$expand", "$count", "$resultFormat")
}  # fmt: skip


def texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    for part in (*CHARACTERS, *FILTERS):
        for before in ("", "'", "geography'POINT(", "Datastreams(") if len(part) == 1 else ("", "a eq '"):
            for end in ("!", "'"):
                yield f"{before}{part}…{end}", lambda n, b=before, p=part, e=end: b + (p * n)[:n] + e


@pytest.mark.parametrize("name", READERS)
def test_a_reader_grows_as_its_text(name: str) -> None:
    for said, of_length in texts():
        problem = steep(READERS[name], of_length)
        assert not problem, f"{name} of {said!r}: {problem}"


HEADERS = ("accept", "accept-language", "accept-encoding", "authorization", "x-api-key", "cookie", "if-none-match",
           "range", "if-modified-since", "x-forwarded-for", "forwarded", "content-type", "last-event-id", "origin")  # fmt: skip
FRAGMENTS = ("text/html;q=0.", "*/*,", "vi;q=0.8,", "a=b; ", '"x", ', 'W/"', "bytes=0-1,", "1-2,", "for=1.1.1.1;", "Basic ",
             "1.1.1.1, ", "multipart/form-data; boundary=", "; charset=", "gzip;q=1,")  # fmt: skip


async def test_no_header_and_no_address_costs_more_than_its_length(province: str) -> None:
    wrong = []
    async with client_of(province) as client:

        async def asked(address: str, headers: dict[str, str]) -> float:
            best = float("inf")
            for _ in range(2):
                began = time.process_time()
                answer_ = await client.send(client.build_request("GET", address, headers=headers))
                best = min(best, time.process_time() - began)
                assert answer_.status_code < 500, (address[:80], headers, answer_.text[:200])
                if best < 0.03:
                    break
            return best

        for header in HEADERS:
            for part in (*'0" (a,;=', *FRAGMENTS[::2]):
                address = "/static/map.js" if header in {"range", "if-modified-since"} else "/v1/stations?limit=1"
                half, whole = [await asked(address, {header: (part * n)[:n] + "!"}) for n in (SHORT, LONG)]
                if whole > MOST and whole > GROWTH * half:
                    wrong.append((header, part, half, whole))
        for option in ("$filter", "$orderby", "$expand", "$select", "$skiptoken", "$top"):
            for part in (*"0'\" (,", *FILTERS[::2]):
                value = httpx.QueryParams({option: (part * LONG)[:2_500] + "!"})
                if (taken := await asked(f"/sta/v1.1/Things?{value}", {})) > MOST:
                    wrong.append((option, part, taken))
    assert not wrong


async def test_an_address_that_is_too_long_is_refused_by_name(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sta/v1.1/Things?$filter=" + "a" * 7_900)).status_code == 400
    answer_ = await client.get("/sta/v1.1/Things?$filter=" + "a" * 8_100)
    assert answer_.status_code == 414
    assert "8000" in answer_.json()["detail"]
