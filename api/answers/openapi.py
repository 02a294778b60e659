"""The document of the REST routes as it is true: who may ask, and that every error is a problem."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response

from api.access.caller import COOKIE, Asking
from api.protocol.etag import tagged
from api.protocol.problems import MEDIA_TYPE, ProblemDocument

router = APIRouter()
#: Ways to say who one is; each alone is enough.
SCHEMES: dict[str, object] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "an API key, or a token of the OIDC issuer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "an API key"},
    "basic": {"type": "http", "scheme": "basic", "description": "any user, an API key as the password"},
    "session": {
        "type": "apiKey", "in": "cookie", "name": COOKIE,
        "description": "of somebody signed in by the page; over https its name begins with __Host-. Changes also need"
        " the header X-CSRF-Token, as the page's forms hold it",
    },
}  # fmt: skip
KNOWN: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
#: Of an operation that nobody unknown may ask: ``openapi_extra=SIGNED_IN``; changes have it by themselves.
SIGNED_IN: dict[str, object] = {"security": KNOWN}
#: Answers to everybody; whoever says who they are sees their own farm too.
OPEN: list[dict[str, list[str]]] = [{}, *KNOWN]


class Application(FastAPI):
    """FastAPI whose document says who may ask, and names its problems as they are."""

    _written: bytes | None = None

    def openapi(self) -> dict[str, Any]:
        """OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema

    def written(self) -> bytes:
        """OpenAPI document as JSON."""
        if self._written is None:
            self._written = msgspec.json.encode(self.openapi())
        return self._written


def completed(openapi: dict[str, Any]) -> dict[str, Any]:
    """The document with problems and security in every operation."""
    components = openapi.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in openapi.get("paths", {}).values():
        for method, operation in operations.items():
            operation.setdefault("security", OPEN if method == "get" else KNOWN)
            responses = operation.setdefault("responses", {})
            if "422" in responses:
                responses["422"] = {"description": "A parameter or the body is wrong", "content": content}
            responses.setdefault("default", {"description": "A problem", "content": content})
    return openapi


@router.get("/v1/openapi.json", include_in_schema=False)
async def document(request: Request, asking: Asking) -> Response:  # noqa: ARG001 — counts the request
    """OpenAPI document."""
    return tagged(request, request.app.written(), "application/json")
