"""What SensorThings clients send, looked at part by part; a 400 says which part is wrong."""

from __future__ import annotations

import re
import secrets
import unicodedata

from api.sensorthings.grammar import wrong
from store.outline import Outline, OutlineError, checked
from telemetry.quantities import QUANTITIES
from telemetry.reading import CODE

Body = dict[str, object]
#: What each entity can be told; anything else is refused aloud.
KNOWN = {
    "Things": {"name", "description", "properties", "Locations", "Datastreams"},
    "Locations": {"name", "description", "encodingType", "location", "properties", "Things"},
    "Sensors": {"name", "description", "encodingType", "metadata", "properties", "Datastreams"},
    "Datastreams": {"name", "description", "observationType", "unitOfMeasurement", "properties", "Thing", "Sensor",
                    "ObservedProperty", "Observations", "observedArea"},
    "Observations": {"phenomenonTime", "resultTime", "result", "resultQuality", "parameters", "validTime",
                     "Datastream", "FeatureOfInterest"},
}  # fmt: skip
#: Kept by the platform; what a client sends back of it is not stored again.
ADDED = {"code", "kind", "time_zone", "elevation", "parent", "station", "quantity", "level", "basis",
         "interval_seconds", "model", "serial"}  # fmt: skip
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def told(entity: str, body: object) -> Body:
    """A body that is an object of known properties, or a 400."""
    if not isinstance(body, dict):
        raise wrong(f"{entity} are sent as a JSON object")
    for name in body:
        if name not in KNOWN[entity] and not name.endswith(("@iot.navigationLink", "@iot.selfLink")):
            if name in {"@iot.id", "@iot.selfLink"}:
                continue
            raise wrong(f"{entity} have no property {str(name)[:60]!r} that can be written")
    return body


def text(body: Body, name: str, *, usual: str | None = None) -> str:
    """A text of a body."""
    value = body.get(name, usual)
    if not isinstance(value, str) or len(value) > 10_000 or "\0" in value:
        raise wrong(f"{name!r} must be there and be a text")
    return value


def extra(body: Body) -> Body:
    """Free properties of a body, without what the platform keeps itself."""
    value = inner(body, "properties")
    _plain(value, 0)
    return {name: part for name, part in value.items() if name not in ADDED}


def inner(body: Body, name: str) -> Body:
    """A JSON object within a body; an empty one where there is none."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise wrong(f"{name!r} is a JSON object")
    return value


def _plain(value: object, depth: int) -> None:
    if depth > 10:
        raise wrong("'properties' is nested too deep")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise wrong("a text holds a character that cannot be stored")
    for name, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _plain(name, depth + 1)
        _plain(part, depth + 1)


def reference(body: object, entity: str) -> int | None:
    """Id of ``{"@iot.id": 7}``; None where it is no reference."""
    if not isinstance(body, dict) or "@iot.id" not in body:
        return None
    number = body["@iot.id"]
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**31:
        raise wrong(f"the @iot.id of {entity} is a number")
    return number


def point(body: Body) -> Outline:
    """A Location's GeoJSON point, a place on Earth."""
    location = body.get("location")
    if isinstance(location, dict) and location.get("type") == "Feature":
        location = location.get("geometry")
    if not isinstance(location, dict) or location.get("type") != "Point":
        raise wrong("a location here is a GeoJSON Point of longitude and latitude")
    try:
        return checked(location)
    except OutlineError as error:
        raise wrong(f"location: {error}") from error


def code_of(body: Body) -> str:
    """Code of a new station: the one in its properties, or one made of its name."""
    given = inner(body, "properties").get("code")
    if given is not None:
        if not isinstance(given, str) or not CODE.match(given):
            raise wrong("properties.code: use a-z, 0-9 and '-', at most 63 characters")
        return given
    plain = (
        unicodedata.normalize("NFD", text(body, "name").lower().replace("đ", "d")).encode("ascii", "ignore").decode()
    )
    return (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "station") + "-" + secrets.token_hex(3)


def several(body: Body, name: str) -> list[object]:
    """What a body holds under a name: one or an array of at most 100."""
    value = body.get(name) or []
    value = [value] if isinstance(value, dict) else value
    if not isinstance(value, list) or len(value) > 100:
        raise wrong(f"{name!r} is an array of at most 100")
    return value


def quantity_of(body: object) -> str:
    """Quantity of an ObservedProperty: by its id, else by name or definition; those are a fixed table."""
    if isinstance(body, dict):
        for name in ("@iot.id", "name", "definition"):
            value = body.get(name)
            for quantity in QUANTITIES.values():
                links = {f"http://vocab.nerc.ac.uk/standard_name/{quantity.cf_name}/"} if quantity.cf_name else set()
                if value in {quantity.name, quantity.title("en"), f"urn:nongvu:quantity:{quantity.name}"} | links:
                    return quantity.name
    raise wrong("a Datastream needs one of our ObservedProperties: they are a fixed table, see /ObservedProperties")


def same_unit(body: Body, quantity: str) -> None:
    """Refuse a unit that is not the quantity's own: values are stored as they are sent."""
    given = body.get("unitOfMeasurement")
    if given is None:
        return
    known = QUANTITIES[quantity]
    unit = known.unit
    words = {str(value) for value in given.values()} if isinstance(given, dict) else set()
    if not words & {unit, known.sign, f"https://ucum.org/ucum#{unit}", f"ucum:{unit}"}:
        raise wrong(f"{quantity} is stored in {unit} (UCUM): send that unit as symbol or definition")
