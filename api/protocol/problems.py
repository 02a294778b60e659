"""Every error is a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout, TooManyRequests
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger()


class ProblemDocument(BaseModel):
    """What went wrong and what to do (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no station 'huu-lung-9', or you may not see it"])


class Problem(Exception):  # noqa: N818 — the standard's word
    """An answer that is a problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        says: str = "",
        fills: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members
        #: What a page says of it (section ``refused`` of the languages), and with what.
        self.says, self.fills = says, fills or {}

    def response(self) -> Response:
        """The problem as a response."""
        document = {"type": "about:blank", "title": HTTPStatus(self.status).phrase, "status": self.status}
        body = msgspec.json.encode(document | {"detail": self.detail} | self.members)
        return Response(body, self.status, self.headers, MEDIA_TYPE)


def not_found(kind: str, name: object) -> Problem:
    """What does not exist and what may not be seen look alike."""
    return Problem(404, f"there is no {kind} {name!r}, or you may not see it", says=kind)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 — registered for this class only
    return error.response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return Problem(error.status_code, str(error.detail), headers=headers).response()


def _methods(request: Request) -> set[str]:
    """Methods of every route of the path, not of the first alone."""
    fitting = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in fitting for method in getattr(route, "methods", None) or ()}


async def _wrong_input(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [
        {"where": "/".join(str(part) for part in problem["loc"]), "what": problem["msg"]} for problem in error.errors()
    ]
    said = "; ".join(f"{entry['where']}: {entry['what']}" for entry in errors[:5])
    return Problem(422, said, errors=errors).response()


async def _database(request: Request, error: Exception) -> Response:
    log.warning("database", path=request.url.path, error=type(error).__name__, detail=str(error)[:200])
    if isinstance(error, psycopg.errors.QueryCanceled):
        detail = "the answer took too long: ask for a shorter time, fewer stations or a longer 'every'"
        if request.url.path.startswith("/sta/"):
            detail = (
                "the answer took too long: ask for one Datastream's Observations in a time, ordered by phenomenonTime,"
                " without $count"
            )
        return Problem(503, detail, headers={"Retry-After": "30"}).response()
    if isinstance(error, PoolTimeout | TooManyRequests) and request.url.path.startswith("/sta/"):
        detail = (
            "too many questions of this kind at once: ask for one Datastream's Observations in a time"
            " (Datastreams(1)/Observations?$filter=phenomenonTime gt 2026-01-31T00:00:00Z), without $count, or later"
        )
        return Problem(503, detail, headers={"Retry-After": "5"}).response()
    return Problem(503, "the database does not answer: try again later", headers={"Retry-After": "5"}).response()


async def _wrong_value(request: Request, error: Exception) -> Response:
    log.warning("value refused by the database", path=request.url.path, detail=str(error)[:200])
    return Problem(422, "a value is outside what can be stored").response()


async def _contradicts(request: Request, error: Exception) -> Response:
    log.warning("change refused by the database", path=request.url.path, error=type(error).__name__)
    return Problem(409, "this contradicts what is stored already").response()


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen", path=request.url.path, exc_info=error)
    return Problem(500, "an error of the platform; it was logged").response()


def register(app: FastAPI) -> None:
    """Make every error a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _wrong_input)
    app.add_exception_handler(psycopg.OperationalError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(psycopg.DataError, _wrong_value)
    app.add_exception_handler(psycopg.IntegrityError, _contradicts)
    app.add_exception_handler(Exception, _unforeseen)
