"""The application: every resource's routes on one ASGI app."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware

from api.access.dependencies import Resources
from api.answers import openapi
from api.middleware import Guard
from api.protocol import problems
from api.protocol.compression import Packed
from api.routes import (
    alerts,
    approvals,
    callbacks,
    collections,
    documents,
    forecasts,
    health,
    indices,
    post_readings,
    readings,
    rules,
    seasons,
    stations,
    stream,
    subscribers,
    unjudged,
    verdicts,
)
from api.sensorthings import route as sensorthings
from api.web import map as map_page
from api.web import office, page, sign_in

ROUTERS = (
    stations.router, readings.router, post_readings.router, forecasts.router, indices.router, alerts.router,
    unjudged.router, documents.router, stream.router,
    collections.router, seasons.router, verdicts.router, approvals.router, rules.router, subscribers.router,
    callbacks.router, health.router,
    openapi.router, sensorthings.router, page.router, sign_in.router,
    office.router, map_page.router,
)  # fmt: skip


def create(resources: Resources) -> FastAPI:
    """Application over opened resources."""
    app = openapi.Application(
        title="Nông Vụ",
        version=version("nongvu"),
        description="Sensors, indices and warnings of a province's agriculture.",
        docs_url=None,  # Swagger's page would load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # a route of our own: counted, and written once
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.resources = resources
    resources.listeners = stream.Listeners(resources)
    problems.register(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=page.STATIC), name="static")
    if resources.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=resources.settings.cors_origins,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag", "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"],
        )
    app.add_middleware(Packed)
    app.add_middleware(Guard, maximum_body=resources.settings.maximum_body)
    return app
