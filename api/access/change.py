"""One change that a person asks for: within their rights and rows, with its audit, in one transaction."""

from typing import Annotated

from fastapi import Path, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import Asker
from api.access.dependencies import Resources
from api.protocol.parameters import CODE
from api.protocol.problems import Problem
from store import audit, visible, visible_row

Number = Annotated[int, Path(alias="id", ge=1, lt=2**31)]
PlaceCode = Annotated[str, Field(pattern=CODE, examples=["field-1"])]


class Body(BaseModel):
    """What is sent; a field that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Made(BaseModel):
    """Number of what was made or changed."""

    id: int


async def change(
    here: Resources, asking: Asker, right: str, statement: str, subject: str, missing: Problem, /, **values: object
) -> visible_row.Changed:
    """One change with its audit in one transaction; ``missing`` where nothing could be changed."""
    scope = asking.require(right)
    async with here.writing() as connection:
        told = {"now": here.now(), "who": asking.name} | values
        row = await visible.row(connection, visible_row.Changed, statement, scope, **told)
        if row is None:
            raise missing
        said = {name: str(value) for name, value in values.items() if not isinstance(value, Jsonb) and name != "who"}
        await audit.record_asked(connection, asking.name, statement, f"{subject}:{row['id']}", **said)
    return row


def made(row: visible_row.Changed, path: str) -> Response:
    """201 with where the new thing is."""
    return Response(
        Made(id=row["id"]).model_dump_json(), 201, {"Location": f"/v1/{path}"}, media_type="application/json"
    )
