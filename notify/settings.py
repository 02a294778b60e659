"""Where messages go, how long steps wait for each other, in whose name warnings are published."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from notify import languages as shelves
from telemetry.settings import DatabaseSettings


class NotifySettings(DatabaseSettings):
    """``NONGVU_*`` that notify reads."""

    mqtt_url: str | None = Field(None, description="only for the replayed clock: mqtt://host:1883")
    messages: Path | None = Field(None, description="folder of the route 'file': one file a message")
    routes: Path | None = Field(None, description="TOML file of routes; see docs/messages.md")
    grouping_wait: float | None = Field(
        None, ge=0, le=600, description="seconds (real) that a first message waits for others; 1, or 0.02 in a replay"
    )
    bundle_wait: float | None = Field(
        None,
        ge=0,
        le=86400,
        description="seconds (real) between messages of a group; 60, or 0 under the replayed clock",
    )
    ladder: Path | None = Field(None, description="TOML file of the escalation ladder; the built-in one if absent")
    raise_concurrent: bool = Field(
        False,
        description="hazards of different kinds at level 2 or more in one commune raise a message's level by one, as"
        " Quyết định 18/2021/QĐ-TTg, Điều 4 lets an authority do with levels of risk",
    )
    exercise: bool = Field(False, description="drill: everything is sent, marked as an exercise")
    languages: tuple[str, ...] = Field(
        default_factory=lambda: shelves.SHELF.codes,
        min_length=1,
        description="of CAP messages and bulletins, the first one first",
    )
    cap_sender: str = Field(
        "nongvu.invalid", pattern=r"^[^\s<&,]+$", description="CAP sender: globally unique, no spaces"
    )
    cap_sender_name: str = Field("Nông Vụ", description="whom people see as the sender")
    cap_status: Literal["Actual", "Exercise", "Test"] = Field(
        "Test", description="'Actual' only where an authority is named in NONGVU_CAP_AUTHORITY"
    )
    cap_authority: str = Field("", description="the authority that lets this installation issue actual warnings")
    cap_key: Path | None = Field(None, description="PEM private key that signs CAP messages; unsigned if absent")
    cap_certificate: Path | None = Field(None, description="PEM certificate of that key")
    public_url: str = Field("http://127.0.0.1:8000", description="where the API serves documents")
    loudspeakers: Path | None = Field(None, description="folder that commune players read: a folder a commune")
    voice: Literal["vi", "vi-VN-x-central", "vi-VN-x-south"] = Field("vi", description="espeak-ng voice: the dialect")
    bulletin_at: str = Field("05:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="local time of bulletins")
    bulletin_approval: bool = Field(False, description="bulletins wait for a person's approval")
    inbound_days: int = Field(30, ge=1, description="days that raw inbound messages are kept")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = []
        if unknown := set(self.languages) - set(shelves.SHELF.codes):
            problems.append(
                f"NONGVU_LANGUAGES: there is no {min(unknown)!r}, there are {', '.join(shelves.SHELF.codes)}"
            )
        if self.clock == "replayed" and not self.mqtt_url:
            problems.append("NONGVU_CLOCK=replayed needs NONGVU_MQTT_URL")
        if self.cap_status == "Actual" and not self.cap_authority:
            problems.append("NONGVU_CAP_STATUS=Actual needs NONGVU_CAP_AUTHORITY")
        if (self.cap_key is None) != (self.cap_certificate is None):
            problems.append("NONGVU_CAP_KEY and NONGVU_CAP_CERTIFICATE go together")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def grouping(self) -> float:
        """Seconds (real) that a first message waits for its neighbours; a replay's steps of a tick come together."""
        if self.grouping_wait is not None:
            return self.grouping_wait
        return 0.02 if self.clock == "replayed" else 1.0

    @property
    def between(self) -> float:
        """Seconds (real) that bundles of one group keep between them."""
        if self.bundle_wait is not None:
            return self.bundle_wait
        return 0.0 if self.clock == "replayed" else 60.0
