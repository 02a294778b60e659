"""Hand over one message by hand, to see whether a route works."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from notify.delivery.phone import mask, masked, normalised
from notify.delivery.route import Route
from notify.languages import OFFICIAL
from notify.provider import Doubt, Kind, Message, NotSent
from notify.texts.sms_segments import compose


async def hand_over(route: Route, kind: str, address: str, text: str) -> dict[str, Any]:
    """Hand over and say what came of it; ``ValueError`` for an address that cannot be one."""
    known: Kind = next(one for one in get_args(Kind) if one == kind)
    to = normalised(address) if known == "phone" else address
    composed = compose(text)
    now = datetime.now(UTC)
    message = Message(
        reference=f"nv-test-{uuid.uuid4().hex[:8]}",
        kind=known,
        address=to,
        text=composed.text,
        coding=composed.coding,
        segments=composed.segments,
        at=now,
        expires=now + timedelta(minutes=10),
        language=OFFICIAL,
        title="Nông Vụ",
    )
    said = {"route": route.name, "to": mask(to), "reference": message.reference, "segments": composed.segments}
    await route.provider.open()
    try:
        sent = await route.provider.send(message)
    except (NotSent, Doubt) as failure:
        return said | {"outcome": type(failure).__name__.lower(), "detail": masked(str(failure))}
    finally:
        await route.provider.close()
    return said | {"outcome": "sent", "detail": " ".join(sent.provider_ids)}
