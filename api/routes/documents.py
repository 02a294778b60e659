"""CAP messages, audio and bulletins as notify made them; and forecasts for a place."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from api.access.caller import Asking
from api.access.dependencies import Here
from api.protocol.etag import json_answer, tagged
from api.protocol.parameters import Code, From, To, period
from api.protocol.problems import not_found
from store import visible, visible_row

router = APIRouter(prefix="/v1", tags=["documents"])
BYTES: dict[int | str, dict[str, object]] = {
    200: {
        "content": {name: {} for name in ("application/cap+xml", "audio/mpeg", "audio/ogg", "audio/wav", "text/plain")}
    }
}


class Forecast(BaseModel):
    """One value of the newest forecast."""

    quantity: str
    reference_time: datetime
    valid_time: datetime
    value: float
    source: str


@router.get("/documents/{name}", response_class=Response, responses=BYTES)
async def document(
    request: Request,
    here: Here,
    asking: Asking,
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$", examples=["bulletin-7.mp3"])],
) -> Response:
    """Bytes of a CAP message, of a loudspeaker's audio or of a bulletin."""
    async with here.reading() as connection:
        row = await visible.row(connection, visible_row.Document, "document", asking.scope, name=name)
    if row is None:
        raise not_found("document", name)
    return tagged(request, bytes(row["body"]), row["content_type"])


@router.get("/places/{code}/forecasts", response_model=None, responses={200: {"model": list[Forecast]}})
async def forecasts(
    request: Request, here: Here, asking: Asking, code: Code, first: From = None, last: To = None
) -> Response:
    """Newest forecast of each quantity; the next ten days where no time is given."""
    now = here.now()
    start, end = period(first or now - timedelta(hours=3), last, now, timedelta(days=10))
    if last is None:
        end = start + timedelta(days=10)
    async with here.reading() as connection:
        if await visible.row(connection, visible_row.Place, "place", asking.scope, code=code) is None:
            raise not_found("place", code)
        rows = await visible.rows(
            connection,
            visible_row.Forecast,
            "forecasts",
            asking.scope,
            code=code,
            from_time=start,
            to_time=end,
            now=now,
            limit=10_000,
        )
    return json_answer(request, rows)
