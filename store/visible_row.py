"""What rows of ``store/sql/visible.sql`` hold: columns and their types, as `mypy` reads them.

A test asks the database for the columns of every statement and compares them with these: a column renamed in one of the
two fails there, and whoever reads it by its former name fails `mypy`. JSON that other processes wrote is ``object``:
it is read by `api.answers.stored_json`, never by key.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal, TypedDict, final

Texts = dict[str, object]
Basis = Literal["measured", "estimated"]
Quality = int


class DatastreamEntry(TypedDict):
    """One datastream of a station, as the database writes it into a station's row."""

    name: str
    quantity: str
    level: str
    interval_seconds: float
    basis: Basis


class Station(TypedDict):
    """A station and its datastreams."""

    code: str
    name: str
    kind: str
    longitude: float | None
    latitude: float | None
    elevation: float | None
    time_zone: str
    commune: str | None
    commune_name: str | None
    private: bool
    datastreams: list[DatastreamEntry]


class Place(TypedDict):
    """A place of any kind."""

    id: int
    code: str
    kind: str
    name: str
    longitude: float | None
    latitude: float | None
    geometry: object
    elevation: float | None
    time_zone: str
    private: bool
    parent: str | None


class Latest(TypedDict):
    """The newest value of a datastream."""

    station: str
    quantity: str
    level: str
    time: datetime
    value: float
    quality: int
    flag: int


class LatestPage(TypedDict):
    """A page of newest values as one text of JSON; ``last`` is the key of its last."""

    items: str
    found: int
    last: list[str] | None


class Datastream(TypedDict):
    """A datastream that the asker may see."""

    id: int
    station: str
    quantity: str
    level: str
    interval_seconds: float
    time_zone: str


class IndexValue(TypedDict):
    """One value of an index."""

    place: str
    index: str
    season: int
    time: datetime
    value: float
    method: str
    completeness: float


class Unjudged(TypedDict):
    """What cannot be judged of a place, and why."""

    kind: str
    name: str
    season: int
    reason: int
    lacks: list[str]
    holds: bool


class Awaited(TypedDict):
    """Since when readings wait to be judged."""

    since: datetime | None


class UnjudgedCount(TypedDict):
    """How many places cannot be judged by a rule, for one reason."""

    name: str
    reason: int
    lacks: list[str]
    holds: bool
    places: int
    names: list[str]


class Alert(TypedDict):
    """An alert and its newest step."""

    id: int
    rule: str
    hazard: str
    place: str
    place_name: str
    time_zone: str
    commune: str | None
    commune_name: str | None
    season: int
    subject: int
    basis: Literal["observed", "forecast"]
    state: Literal["open", "ended", "cancelled"]
    level: int
    level_highest: int
    started: datetime
    ended: datetime | None
    values: object
    successor: int | None
    texts: object
    step: str | None
    known_at: datetime | None
    expires: datetime | None
    #: As the catalogue has them now: None of a rule that it has no longer.
    category: Literal["official", "advice", "network"] | None
    #: None of what is no official criterion.
    article: str | None


class AlertStep(TypedDict):
    """What was known and said at one moment."""

    number: int
    kind: str
    level: int
    at: datetime
    known_at: datetime
    expires: datetime
    stale: bool
    values: object
    texts: object


@final
class Reading(TypedDict):
    """One reading as it is shown."""

    datastream_id: int
    time: datetime
    value: float
    flag: int
    quality: int


@final
class Bucket(TypedDict):
    """Readings of a period as one value."""

    datastream_id: int
    time: datetime
    value: float | None
    count: int


class Span(TypedDict):
    """First and last reading; None where there is none."""

    first: datetime | None
    last: datetime | None


class BucketStart(TypedDict):
    """Where a bucket begins."""

    start: datetime


class Lines(TypedDict):
    """Lines of CSV as one text; None where there are none."""

    lines: str | None


class Growing(TypedDict):
    """A crop season of today."""

    id: int
    crop: str
    variety: str
    sown: date
    place: str
    place_name: str
    time_zone: str


class SeasonValue(TypedDict):
    """An index of a crop season."""

    season: int
    index: str
    time: datetime
    value: float


class ComingIndex(TypedDict):
    """An index of a day to come."""

    index: str
    season: int
    time: datetime
    value: float


class CatalogueEntry(TypedDict):
    """A name of the shelves and what it says."""

    name: str
    entry: dict[str, object]


class Overview(TypedDict):
    """A station in the page's first list."""

    code: str
    name: str
    commune: str | None
    commune_name: str | None
    longitude: float | None
    latitude: float | None
    time_zone: str
    elevation: float | None
    time: datetime | None
    air_temperature: float | None
    alert_level: int | None
    missed: bool
    every: float | None
    ended: datetime | None
    recorded: bool | None


class ListedDatastream(TypedDict):
    """A datastream with the sensor that hangs there."""

    id: int
    station: str
    quantity: str
    level: str
    interval_seconds: float
    basis: Basis
    sensor_model: str | None
    serial: str | None
    height: float | None


class Forecast(TypedDict):
    """One value of the newest forecast."""

    quantity: str
    reference_time: datetime
    valid_time: datetime
    value: float
    source: str


class Bulletin(TypedDict):
    """A bulletin that was released."""

    id: int
    place: str
    place_name: str
    kind: str
    day: date
    released_at: datetime
    texts: object
    audio: str | None


class Document(TypedDict):
    """A file as notify made it."""

    content_type: str
    body: bytes
    created_at: datetime


class Season(TypedDict):
    """A crop sown at a place."""

    id: int
    place: str
    crop: str
    variety: str
    sown: date
    ended: date | None
    properties: object


class Changed(TypedDict):
    """What was made or changed, and that others were told of it."""

    id: int


class Subscriber(TypedDict):
    """Who gets messages; never an address."""

    id: int
    state: str
    audience: str
    language: str
    minimum_level: int
    hazards: list[str]
    bulletins: list[str]
    quiet_from: time | None
    quiet_to: time | None
    daily_cap: int
    places: list[str]
    consent: bool


class PlaceWithin(TypedDict):
    """A place that the asker looks after."""

    id: int
    code: str


class Identified(TypedDict):
    """Somebody or something by number."""

    id: int


class Delivery(TypedDict):
    """One message to one person."""

    id: int
    place: str
    hazard: str
    level: int
    rung: int
    kind: str
    language: str
    state: str
    text: str
    segments: int
    route: str | None
    at: datetime
    sent_at: datetime | None
    cost: float | None
    subscriber: int | None


class Gateway(TypedDict):
    """A gateway and the stations that are its."""

    id: int
    code: str
    name: str
    revoked: bool
    status: object
    status_at: datetime | None
    stations: list[str]


class SetAside(TypedDict):
    """A record that could not be stored."""

    id: int
    gateway: str
    stream: str
    sequence: int
    record: int
    reason: str
    detail: str
    station: str | None
    received_at: datetime
    replayed_at: datetime | None


class Verdict(TypedDict):
    """What a check or a person found about readings."""

    id: int
    station: str
    quantity: str
    level: str
    valid_from: datetime
    valid_to: datetime
    flag: int
    reason: str
    said_at: datetime
    who: str


class Acknowledged(TypedDict):
    """A bundle of messages that somebody took charge of."""

    bundle: int


_OfBroadcast = TypedDict("_OfBroadcast", {"class": str | None})


class Approval(_OfBroadcast):
    """What waits for a person's word, with the alert as it is now."""

    id: int
    kind: str
    subject: str
    title: str
    detail: str
    state: str
    asked_at: datetime
    expires: datetime
    decided_at: datetime | None
    who: str | None
    reason: str | None
    place: str
    place_name: str
    text: str | None
    texts: object
    alert_state: str | None
    alert_level: int | None
    alert_text: str | None


class RuleSetting(TypedDict):
    """A rule's numbers at a place."""

    id: int
    rule: str
    place: str
    values: object
    valid_from: datetime
    who: str
    said_at: datetime


class Asked(TypedDict):
    """A question to analytics, and its answer."""

    id: int
    kind: str
    subject: object
    who: str
    asked_at: datetime
    state: str
    progress: float
    answer: object
    answered_at: datetime | None


class Audited(TypedDict):
    """Who did what."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: object


class Aside(TypedDict):
    """Why a record that was just posted could not be stored."""

    record: int
    reason: str
    detail: str
