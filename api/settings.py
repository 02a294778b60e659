"""Settings of the API: where it listens, what the public may see, limits."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from api.languages import OFFICIAL, known
from telemetry.settings import DatabaseSettings


class ApiSettings(DatabaseSettings):
    """`NONGVU_*` of ``nongvu api run``."""

    api_host: str = Field("127.0.0.1", description="address to listen on")
    api_port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 any free")
    api_slot: int = Field(0, ge=0, description="number of this API process: its broker user is api-<slot>")
    mqtt_url: str | None = Field(None, description="mqtt://host:1883; needed to post readings and under a replay")
    mqtt_authority: Path | None = Field(None, description="CA file of the broker's certificate")
    mqtt_certificate: Path | None = Field(None, description="own certificate, where the broker asks for one")
    mqtt_key: Path | None = Field(None, description="key of the own certificate")
    public: Literal["stations", "nothing"] = Field(
        "stations", description="what may be seen without signing in; farms never are"
    )
    notice: str = Field("", description="text shown on top of every page")
    notice_en: str = Field("", description="the same for readers of English; else they see the other")
    language: Annotated[str, AfterValidator(known)] = Field(
        OFFICIAL, description="language where the reader named none"
    )
    request_seconds: float = Field(30.0, gt=0, description="longest time of one request's query")
    public_seconds: float = Field(5.0, gt=0, description="longest time of one query of SensorThings without an account")
    public_connections: int = Field(3, gt=0, description="connections for SensorThings without an account")
    heavy_connections: int = Field(2, gt=0, description="connections for SensorThings questions that no index serves")
    maximum_body: int = Field(1_048_576, gt=0, description="largest request body in bytes")
    per_minute: int = Field(300, gt=0, description="requests a minute from one address without a key")
    streams: int = Field(100, gt=0, description="streams that one key, account or address may hold open at once")
    database_connections: int = Field(8, gt=0, description="most connections to the database")
    cors_origins: list[str] = Field([], description='origins whose pages may ask, as JSON: ["https://…"]')
    secure_cookies: bool = Field(True, description="false only where the page is served over plain http")
    session_time: timedelta = Field(timedelta(hours=12), description="how long a person stays signed in, e.g. PT12H")
    trusted_proxies: list[str] = Field(
        [], description='addresses or networks whose X-Forwarded-For is believed, as JSON: ["127.0.0.1"]'
    )
    oidc_issuer: str | None = Field(None, description="issuer whose tokens are accepted")
    oidc_audience: str = Field("nongvu", description="audience that a token must name")

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, named: list[str]) -> list[str]:
        """What is no address would be believed by nobody, and said by nobody."""
        for name in named:
            try:
                name == "*" or ip_network(name)
            except ValueError as error:
                message = f"{error}: name addresses or networks, such as 127.0.0.1 or 172.31.240.0/28"
                raise ValueError(message) from error
        return named
