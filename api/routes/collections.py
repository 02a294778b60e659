"""Lists: the shelf of everything that can be listed by number."""

from datetime import date, datetime, time
from typing import Any

from fastapi import APIRouter

from api.routes.collection import Listing, add, item

router = APIRouter(prefix="/v1", tags=["lists"])
TEXT, MAYBE, NUMBER = str, str | None, float | None

LISTS = (
    Listing(
        "places", "places",
        item("Place", "A place of the tree.", code=TEXT, kind=TEXT, name=TEXT, parent=MAYBE, longitude=NUMBER,
             latitude=NUMBER, elevation=NUMBER, time_zone=TEXT, private=bool, geometry=dict[str, Any] | None),
        None, "Provinces, communes, farms, fields, stations that the asker may see.", "kind of place",
    ),
    Listing(
        "datastreams", "datastreams",
        item("DatastreamOfStation", "A datastream and the sensor behind it.", station=TEXT, quantity=TEXT, level=TEXT,
             interval_seconds=float, basis=TEXT, sensor_model=MAYBE, serial=MAYBE, height=NUMBER),
        None, "Datastreams of the stations that the asker may see.", "quantity",
    ),
    Listing(
        "bulletins", "bulletins",
        item("Bulletin", "A farm-weather bulletin; audio is the name of a document.", place=TEXT, place_name=TEXT,
             kind=TEXT, day=date, released_at=datetime | None, texts=dict[str, Any], audio=MAYBE),
        None, "Released bulletins, newest first.", "daily or ten_day", newest=True,
    ),
    Listing(
        "seasons", "seasons",
        item("Season", "A crop on a field.", place=TEXT, crop=TEXT, variety=TEXT, sown=date, ended=date | None,
             properties=dict[str, Any]),
        None, "Seasons of the places that the asker may see.", "crop",
    ),
    Listing(
        "subscribers", "subscribers",
        item("Subscriber", "Somebody who gets messages; never their address.", state=TEXT, audience=TEXT, language=TEXT,
             minimum_level=int, hazards=list[str], bulletins=list[str], quiet_from=time | None, quiet_to=time | None,
             daily_cap=int, places=list[str], consent=bool),
        "subscribers", "Who gets messages at the asker's places.", "state",
    ),
    Listing(
        "deliveries", "deliveries",
        item("Delivery", "One message to one person.", place=TEXT, hazard=TEXT, level=int, rung=int, kind=TEXT,
             language=TEXT, state=TEXT, text=TEXT, segments=int, route=MAYBE, at=datetime, sent_at=datetime | None,
             cost=float, subscriber=int | None),
        "subscribers", "Messages, newest first.", "state", newest=True,
    ),
    Listing(
        "gateways", "gateways",
        item("Gateway", "A gateway and what it last said of itself.", code=TEXT, name=TEXT, revoked=bool,
             status=dict[str, Any] | None, status_at=datetime | None, stations=list[str]),
        "gateways", "Gateways of the asker's stations.", "not used",
    ),
    Listing(
        "set-aside", "set_aside",
        item("SetAside", "What was not stored, and why.", gateway=TEXT, stream=TEXT, sequence=int, record=int,
             reason=TEXT, detail=TEXT, station=MAYBE, received_at=datetime, replayed_at=datetime | None),
        "gateways", "What could not be stored, newest first.", "reason", newest=True,
    ),
    Listing(
        "verdicts", "verdicts",
        item("Verdict", "A finding over readings; raw values never change.", station=TEXT, quantity=TEXT, level=TEXT,
             valid_from=datetime, valid_to=datetime, flag=int, reason=TEXT, who=TEXT, said_at=datetime),
        None, "Findings of checks and people, newest first.", "beginning of who, as person:", newest=True,
    ),
    Listing(
        "approvals", "approvals",
        item("Approval", "What waits for a person's word.", kind=TEXT, subject=TEXT, title=TEXT,
             detail=dict[str, Any], state=TEXT, asked_at=datetime, expires=datetime, decided_at=datetime | None,
             who=MAYBE, reason=TEXT, place=TEXT, place_name=TEXT, text=MAYBE, alert_state=MAYBE,
             alert_level=int | None, alert_text=MAYBE),
        "approve", "Loudspeaker messages and bulletins that wait for approval, newest first.", "state", newest=True,
    ),
    Listing(
        "rule-settings", "rule_settings",
        item("RuleSetting", "What differs from a rule's own numbers, at a place and below.", rule=TEXT, place=TEXT,
             values=dict[str, Any], valid_from=datetime, who=TEXT, said_at=datetime),
        "rules", "Settings of rules at the asker's places.", "rule",
    ),
    Listing(
        "audit", "audited",
        item("Audited", "Who changed what.", at=datetime, who=TEXT, action=TEXT, subject=TEXT, detail=dict[str, Any]),
        "audit", "Changes, newest first; for those who may see everything.", "who", newest=True,
    ),
)  # fmt: skip

for listing in LISTS:
    add(router, listing)
