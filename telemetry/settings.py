"""`NONGVU_*`, read once at the start, all problems reported together before anything starts."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from telemetry.process import WRONG_SETTINGS, secret_folders

S = TypeVar("S", bound="Settings")


class Settings(BaseSettings):
    """What every process can be told; each process adds its own."""

    model_config = SettingsConfigDict(
        env_prefix="NONGVU_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir=list(secret_folders()),
    )

    clock: Literal["real", "replayed"] = Field("real", description="'replayed' only under 'nongvu demo'")
    log: Literal["debug", "info", "warning", "error"] = Field("info", description="least level of the log")
    log_format: Literal["text", "json"] = Field("text", description="'json' for machines")
    metrics_host: str = Field("127.0.0.1", description="address of /metrics; 0.0.0.0 inside a container")
    metrics_port: int | None = Field(None, ge=0, le=65535, description="port of /metrics; 0 any free, none if absent")


class BrokerSettings(Settings):
    """Of processes that speak MQTT."""

    mqtt_url: str = Field(description="mqtt://host:1883 or mqtts://host:8883, without a user")
    mqtt_authority: Path | None = Field(None, description="CA file of the broker's certificate")
    mqtt_certificate: Path | None = Field(None, description="own certificate, where the broker asks for one")
    mqtt_key: Path | None = Field(None, description="key of the own certificate")


class DatabaseSettings(Settings):
    """Of processes that know the tables."""

    database_url: str = Field(description="postgresql://user:password@host:5432/nongvu")
    database_read_url: str | None = Field(None, description="replicas first: several hosts, target_session_attrs=…")
    oldest: timedelta = Field(timedelta(days=400), description="oldest accepted event time, e.g. P400D")


def read(kind: type[S]) -> S:
    """Read settings from the environment, or name every problem on standard error and exit with code 2."""
    try:
        return kind()
    except ValidationError as error:
        sys.stderr.write("These settings are wrong; nothing was started:\n")
        for problem in error.errors(include_url=False, include_input=False):
            name = "NONGVU_" + "_".join(str(part) for part in problem["loc"]).upper()
            field = kind.model_fields.get(str(problem["loc"][0])) if problem["loc"] else None
            remedy = f" ({field.description})" if field and field.description else ""
            sys.stderr.write(f"  {name}: {problem['msg']}{remedy}\n")
        raise SystemExit(WRONG_SETTINGS) from None
