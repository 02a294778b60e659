"""What services that carry messages tell of them; kept as it came, understood by notify."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.access.caller import Asker, Asking
from api.access.dependencies import Here, Resources
from api.answers.openapi import SIGNED_IN
from api.protocol.parameters import CODE
from api.protocol.problems import Problem
from store import inbound

router = APIRouter(prefix="/v1/inbound", tags=["messages"])
FORM = "application/x-www-form-urlencoded"
#: A receipt or an SMS is short.
LONGEST = 64 * 1024
#: As each service writes it: of JSON nothing more can be promised, since it is kept as it came.
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"description": "as the service writes it"}},
            FORM: {"schema": {"type": "object"}},
        },
    }
}

RouteName = Annotated[str, Path(pattern=CODE, description="name of the route in the routes file of notify")]


@router.post("/{route}", status_code=202, response_class=Response, openapi_extra=BODY)
async def post(route: RouteName, request: Request, asking: Asking, here: Here) -> Response:
    """Take a receipt or a person's message from the service of a route.

    The service signs in with a key of the role ``provider``: as Bearer or ``X-API-Key`` where it can send headers, else
    as the password of Basic in the callback's address (any user).
    """
    _require(asking)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/json", FORM}:
        raise Problem(415, f"send application/json or {FORM}")
    return await _keep(here, route, kind, await request.body())


@router.get("/{route}", status_code=202, response_class=Response, openapi_extra=SIGNED_IN)
async def get(route: RouteName, request: Request, asking: Asking, here: Here) -> Response:
    """Take the same from services that tell it in the address, as a form does."""
    _require(asking)
    return await _keep(here, route, FORM, request.url.query.encode())


def _require(asking: Asker) -> None:
    asking.require("inbound")
    if not asking.prefix:  # a page elsewhere could make the browser of somebody signed in ask this
        raise Problem(403, "receipts are told with a key, not by somebody signed in")


async def _keep(here: Resources, route: str, content_type: str, payload: bytes) -> Response:
    if not payload:
        raise Problem(422, "there is nothing in it: the receipt or message is missing")
    if len(payload) > LONGEST:
        raise Problem(413, f"a receipt or message has at most {LONGEST} bytes")
    async with here.writing() as connection:
        await inbound.keep(connection, route, content_type, [payload])
    return Response(status_code=202)
