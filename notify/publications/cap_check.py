"""What readers of a Common Alerting Protocol 1.2 message need and its schema does not ask (pure)."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise

from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CAP = f"{{{NAMESPACE}}}"

_BARE = re.compile(r"[^\s,<&]+\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d\Z")
_REFERENCE = re.compile(r"[^\s,<&]++,[^\s,<&]++,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d\Z")


def check(root: etree._Element) -> list[str]:
    """What is wrong with a message beyond its schema."""
    problems = [
        f"{name} {text!r} has a space, a comma, < or &"
        for name in ("identifier", "sender")
        if not _BARE.match(text := root.findtext(CAP + name) or "")
    ]
    times = [node for name in ("sent", "effective", "onset", "expires") for node in root.iter(CAP + name)]
    problems += [f"{_local(node)} {node.text!r} is not a time with an offset" for node in times if not _is_time(node)]
    problems += _check_references(root)
    problems += _check_infos(root)
    problems += [problem for node in root.iter(CAP + "polygon") for problem in _check_polygon(node.text or "")]
    problems += [problem for node in root.iter(CAP + "circle") for problem in _check_circle(node.text or "")]
    if root.findtext(CAP + "scope") == "Restricted" and not root.findtext(CAP + "restriction"):
        problems.append("scope Restricted without a restriction")
    if root.findtext(CAP + "status") == "Exercise" and not root.findtext(CAP + "note"):
        problems.append("an exercise without a note")
    return problems


def _check_references(root: etree._Element) -> list[str]:
    named = (root.findtext(CAP + "references") or "").split()
    problems = [f"reference {text!r} is not sender,identifier,sent" for text in named if not _REFERENCE.match(text)]
    if root.findtext(CAP + "msgType") == "Alert" and named:
        problems.append("an Alert refers to nothing")
    if root.findtext(CAP + "msgType") in {"Update", "Cancel"} and not named:
        problems.append("an Update or Cancel without references: CAP 1.2, section 3.2.1")
    return problems


def _check_infos(root: etree._Element) -> list[str]:
    infos = root.findall(CAP + "info")
    languages = [info.findtext(CAP + "language") for info in infos]
    problems = [] if infos else ["no info"]
    if len(set(languages)) != len(languages):
        problems.append("two infos in one language")
    for info in infos:
        problems += [f"no {name}" for name in ("event", "headline", "description") if not info.findtext(CAP + name)]
        if not info.findtext(f"{CAP}area/{CAP}areaDesc"):
            problems.append("an area without a description")
        sent, expires = root.findtext(CAP + "sent") or "", info.findtext(CAP + "expires") or ""
        if (
            _TIME.match(sent)
            and _TIME.match(expires)
            and datetime.fromisoformat(expires) <= datetime.fromisoformat(sent)
        ):
            problems.append("expires before it is sent")
    return problems


def _check_polygon(text: str) -> list[str]:
    try:
        points = [tuple(map(float, pair.split(","))) for pair in text.split()]
    except ValueError:
        return [f"polygon {text[:40]!r} is not pairs of numbers"]
    problems = [problem for point in points for problem in _check_point(point)]
    if len(points) < 4 or points[0] != points[-1]:
        problems.append("a polygon has at least four points, the last being the first")
    if any(one == other for one, other in pairwise(points)):
        problems.append("a polygon repeats a point")
    return problems


def _check_circle(text: str) -> list[str]:
    try:
        centre, radius = text.split(" ")
        point = tuple(map(float, centre.split(",")))
        return _check_point(point) + ([] if float(radius) > 0 else ["a circle's radius is above 0"])
    except ValueError:
        return [f"circle {text!r} is not latitude,longitude radius"]


def _check_point(point: tuple[float, ...]) -> list[str]:
    if len(point) != 2 or not (-90 <= point[0] <= 90 and -180 <= point[1] <= 180):
        return [f"point {point} is not latitude,longitude (are they swapped?)"]
    return []


def _local(node: etree._Element) -> str:
    return str(node.tag).removeprefix(CAP)


def _is_time(node: etree._Element) -> bool:
    return bool(_TIME.match(node.text or ""))
