"""A person's word on what waits for it, and on an alert somebody takes charge of."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.change import Body, Made, Number, change
from api.access.dependencies import Here
from api.protocol.problems import Problem
from store import audit, visible, visible_row

router = APIRouter(prefix="/v1", tags=["changes"])


class Decision(Body):
    """A person's word."""

    decision: Literal["approved", "refused"]
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


class Acknowledged(BaseModel):
    """How many bundles of messages somebody took charge of."""

    bundles: int


@router.post("/alerts/{id}/acknowledgements", response_model=Acknowledged)
async def acknowledge(here: Here, asking: Asking, number: Number) -> object:
    """Take charge of an alert: it is not repeated to others up the ladder."""
    scope = asking.require("acknowledge")
    async with here.writing() as connection:
        found = await visible.rows(
            connection, visible_row.Acknowledged, "acknowledge", scope, id=number, who=asking.name, now=here.now()
        )
        if not found:
            detail = "no message was made of it, or one that speaks of more than you look after"
            raise Problem(404, f"nobody can take charge of alert {number!r} for you: {detail}")
        await audit.record_asked(connection, asking.name, "acknowledge", f"alert:{number}")
    return {"bundles": len(found)}


@router.post("/approvals/{id}", response_model=Made)
async def decide(here: Here, asking: Asking, number: Number, body: Decision) -> object:
    """Approve or refuse what waits for a person's word."""
    row = await change(
        here, asking, "approve", "decide", "approval",
        Problem(404, f"approval {number!r} does not wait, is over, or you may not see it"), id=number,
        decision=body.decision, reason=body.reason,
    )  # fmt: skip
    return {"id": row["id"]}
