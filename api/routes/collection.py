"""Routes that list one kind of thing by its number, page by page, within the asker's scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, create_model

from api.access.caller import Asking
from api.access.dependencies import Here
from api.answers.openapi import SIGNED_IN
from api.answers.pagination import Shape, cursor, key, page, shapes
from api.protocol.parameters import CursorText, Limit, OfPlace
from store import visible, visible_row


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the API."""

    #: Last part of the address, and the statement of ``store/sql/visible.sql``.
    path: str
    statement: str
    #: What the statement gives (`store.visible_row`).
    row: type[visible_row.Identified]
    #: What an item is, as pydantic fields.
    item: type[BaseModel]
    #: Right that is needed; None where the public may see it.
    right: str | None
    says: str
    #: What ``filter`` filters by.
    filters: str
    #: Newest first.
    newest: bool = False


#: Beyond every number.
END = 2**62


def add(router: APIRouter, listing: Listing) -> None:
    """Add the route of a list."""

    async def listed(
        request: Request,
        here: Here,
        asking: Asking,
        place: OfPlace = None,
        only: Annotated[str | None, Query(alias="filter", max_length=100, description=listing.filters)] = None,
        limit: Limit = 100,
        cursor_text: CursorText = None,
        shape: Shape = "json",
    ) -> Response:
        scope = asking.require(listing.right) if listing.right else asking.scope
        (number,) = key(cursor_text, int) or (END if listing.newest else 0,)
        number = min(max(number, 0), END)
        async with here.reading() as connection:
            found = await visible.rows(
                connection,
                listing.row,
                listing.statement,
                scope,
                after=number,
                before=number,
                within=place,
                state=only,
                known=asking.account is not None,
                limit=limit + 1,
            )
        following = cursor(found[limit - 1]["id"]) if len(found) > limit else None
        fields = listing.item.model_fields
        columns = [cast("Mapping[str, object]", row) for row in found[:limit]]  # those of the item, as its test says
        items = [{name: row[name] for name in fields} for row in columns]
        return page(request, items, following, shape, listing.item)

    listed.__doc__ = listing.says
    router.add_api_route(
        f"/{listing.path}", listed, methods=["GET"], response_model=None, responses=shapes(listing.item),
        name=f"list_{listing.path.replace('-', '_')}", openapi_extra=SIGNED_IN if listing.right else None,
    )  # fmt: skip


def item(called: str, says: str, /, **fields: object) -> type[BaseModel]:
    """Model of an item from its fields' types."""
    model: type[BaseModel] = create_model(  # type: ignore[call-overload]
        called, __doc__=says, **{name: (kind, ...) for name, kind in ({"id": int} | fields).items()}
    )
    return model
