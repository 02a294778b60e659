"""Access: who asks, what they may do and whose rows they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.resources import Here
from store.scope import NOTHING, PUBLIC, Scope


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks, known or not."""

    #: As it stands in the audit: ``public``, ``account:<name>`` or ``key:<prefix>``.
    name: str
    scope: Scope


async def asker(_: Request, here: Here) -> Asker:
    """Who asks."""
    return Asker("public", PUBLIC if here.settings.public == "stations" else NOTHING)


Asking = Annotated[Asker, Depends(asker)]
