"""An alert's step as a Common Alerting Protocol 1.2 message, checked more strictly than its schema does (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from notify import languages
from notify.publications.cap_check import CAP, NAMESPACE, check

ATOM = "http://www.w3.org/2005/Atom"
_ATOM = f"{{{ATOM}}}"

#: Kind of step → message type, response type (CAP 1.2 §3.2.1, §3.2.2).
TYPES = {
    "open": ("Alert", "Prepare"),
    "raise": ("Update", "Prepare"),
    "lower": ("Update", "Monitor"),
    "update": ("Update", "Monitor"),
    "renew": ("Update", "Prepare"),
    "extend": ("Update", "Prepare"),
    "end": ("Update", "AllClear"),
    "cancel": ("Cancel", "None"),
}
#: Level of a rule → severity.
SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
CATEGORIES = {
    "network": "Infra",
    "fire": "Fire",
    "flood": "Met",
    "landslide": "Geo",
    "animal": "Health",
    "disease": "Env",
}
#: A station speaks for its surroundings: a circle of this radius where no operator imported an outline. [km]
RADIUS = 5.0


class CapError(ValueError):
    """A message that our checks refuse, with every reason."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one language says."""

    event: str
    headline: str
    description: str
    instruction: str


@dataclass(frozen=True, slots=True)
class Warn:
    """What a message is made of."""

    identifier: str
    sender: str
    sender_name: str
    status: str
    kind: str
    level: int
    basis: str
    rule: str
    hazard: str
    sent: datetime
    onset: datetime
    expires: datetime
    time_zone: str
    said: Mapping[str, Said]
    area: str
    codes: tuple[tuple[str, str], ...]
    polygons: tuple[tuple[tuple[float, float], ...], ...]  # rings of (latitude, longitude)
    circle: tuple[float, float] | None
    references: tuple[str, ...]
    web: str
    authority: str = ""
    urgency: str = "Immediate"


def moment(time: datetime, time_zone: str) -> str:
    """Time as CAP wants it: seconds, a numeric offset, never ``Z``."""
    local = time.astimezone(ZoneInfo(time_zone)).replace(microsecond=0)
    return local.isoformat().replace("+00:00", "-00:00") if not local.utcoffset() else local.isoformat()


def reference(warn: Warn) -> str:
    """How later messages name this one."""
    return f"{warn.sender},{warn.identifier},{moment(warn.sent, warn.time_zone)}"


def message_type(warn: Warn) -> str:
    """What kind of message it is: an update of what could never be published is the first that is heard of it."""
    kind, _ = TYPES[warn.kind]
    return "Alert" if kind == "Update" and not warn.references else kind


def message(warn: Warn) -> etree._Element:
    """Message as XML; `CapError` if it would break a rule of CAP that the schema does not know."""
    root = etree.Element(CAP + "alert", nsmap=_default(NAMESPACE))
    kind = message_type(warn)
    restricted = warn.hazard == "network"
    _add(root, "identifier", warn.identifier)
    _add(root, "sender", warn.sender)
    _add(root, "sent", moment(warn.sent, warn.time_zone))
    _add(root, "status", warn.status)
    _add(root, "msgType", kind)
    _add(root, "source", warn.authority or "Nông Vụ")
    _add(root, "scope", "Restricted" if restricted else "Public")
    if restricted:
        _add(root, "restriction", "operators of the sensor network")
    if warn.status != "Actual":
        note = "drill" if warn.status == "Exercise" else "test"
        said_in = [languages.SHELF.words(code, "frame")[note] for code in languages.SHELF.codes]
        _add(root, "note", " / ".join(dict.fromkeys(said_in)))
    if warn.references:
        _add(root, "references", " ".join(warn.references))
    for language, said in warn.said.items():
        _info(root, warn, language, said)
    problems = check(root)
    if problems:
        raise CapError("; ".join(problems))
    return root


def _info(root: etree._Element, warn: Warn, language: str, said: Said) -> None:
    info = etree.SubElement(root, CAP + "info")
    observed = warn.basis == "observed"
    over = warn.kind in {"end", "cancel"}
    _add(info, "language", languages.SHELF.language(language).tag)
    _add(info, "category", CATEGORIES.get(warn.hazard, "Met"))
    _add(info, "event", said.event)
    _add(info, "responseType", TYPES[warn.kind][1])
    _add(info, "urgency", "Past" if over else warn.urgency if observed else "Expected")
    _add(info, "severity", SEVERITIES[min(warn.level, len(SEVERITIES) - 1)])
    _add(info, "certainty", "Observed" if observed else "Likely")
    _pair(info, "eventCode", "nongvu:rule", warn.rule)
    _add(info, "effective", moment(warn.sent, warn.time_zone))
    _add(info, "onset", moment(warn.onset, warn.time_zone))
    _add(info, "expires", moment(max(warn.expires, warn.sent + timedelta(minutes=1)), warn.time_zone))
    _add(info, "senderName", warn.sender_name)
    _add(info, "headline", said.headline)
    _add(info, "description", said.description)
    if said.instruction:
        _add(info, "instruction", said.instruction)
    _add(info, "web", warn.web)
    _pair(info, "parameter", "nongvu:level", str(warn.level))
    _pair(info, "parameter", "nongvu:basis", warn.basis)
    area = etree.SubElement(info, CAP + "area")
    _add(area, "areaDesc", warn.area)
    for ring in warn.polygons:
        _add(area, "polygon", " ".join(f"{latitude:.5f},{longitude:.5f}" for latitude, longitude in ring))
    if not warn.polygons and warn.circle is not None:
        _add(area, "circle", f"{warn.circle[0]:.5f},{warn.circle[1]:.5f} {RADIUS:g}")
    for name, value in warn.codes:
        _pair(area, "geocode", name, value)


def rings(geometry: Mapping[str, Any] | None) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Outer rings of a GeoJSON (multi)polygon as (latitude, longitude), closed; nothing for anything else."""
    if not geometry or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        return ()
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    found = [tuple((float(point[1]), float(point[0])) for point in polygon[0]) for polygon in polygons if polygon]
    return tuple(ring if ring[0] == ring[-1] else (*ring, ring[0]) for ring in found if len(ring) >= 3)


def feed(entries: Iterable[Mapping[str, Any]], address: str, title: str, updated: datetime) -> bytes:
    """Atom feed of messages that have not expired, newest first."""
    root = etree.Element(_ATOM + "feed", nsmap=_default(ATOM))
    base = address.rstrip("/")
    for name, text in (
        ("id", f"{base}/v1/documents/cap.atom"),
        ("title", title),
        ("updated", moment(updated, "UTC")),
    ):
        etree.SubElement(root, _ATOM + name).text = text
    etree.SubElement(root, _ATOM + "link", rel="self", href=f"{base}/v1/documents/cap.atom")
    author = etree.SubElement(root, _ATOM + "author")
    etree.SubElement(author, _ATOM + "name").text = title
    for entry in entries:
        node = etree.SubElement(root, _ATOM + "entry")
        etree.SubElement(node, _ATOM + "id").text = f"urn:cap:{entry['identifier']}"
        etree.SubElement(node, _ATOM + "title").text = entry["headline"]
        etree.SubElement(node, _ATOM + "updated").text = entry["sent"]
        href = f"{base}/v1/documents/{entry['name']}"
        etree.SubElement(node, _ATOM + "link", rel="alternate", type="application/cap+xml", href=href)
        etree.SubElement(node, _ATOM + "summary").text = entry["area"]
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def octets(root: etree._Element) -> bytes:
    """Message as it is published."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def signed(root: etree._Element, key: bytes, certificate: bytes) -> etree._Element:
    """Message with an enveloped XML signature (CAP 1.2 §3.3.4.1)."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415
    from signxml.signer import XMLSigner  # noqa: PLC0415 — only installations that sign need it

    algorithm = "ecdsa-sha256" if isinstance(load_pem_private_key(key, None), EllipticCurvePrivateKey) else "rsa-sha256"
    signer = XMLSigner(signature_algorithm=algorithm, c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    done: etree._Element = signer.sign(root, key=key, cert=certificate.decode())
    return done


def _default(namespace: str) -> Any:
    """Namespace without a prefix; the stubs of lxml know prefixes only."""
    return {None: namespace}


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, CAP + name).text = text


def _pair(parent: etree._Element, name: str, value_name: str, value: str) -> None:
    node = etree.SubElement(parent, CAP + name)
    _add(node, "valueName", value_name)
    _add(node, "value", value)
