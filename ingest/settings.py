"""What ``nongvu ingest`` may be told by `NONGVU_*`."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from telemetry.settings import BrokerSettings, DatabaseSettings


class IngestSettings(BrokerSettings, DatabaseSettings):
    """Worker ``k`` of ``n``; each has two broker sessions with fixed names, ``ingest-<k>-live`` and ``-backlog``."""

    ingest_worker: int = Field(0, ge=0, lt=256, description="which worker this is, from 0")
    ingest_workers: int = Field(1, ge=1, le=256, description="how many workers share the gateways")
    ingest_receive_maximum: int = Field(800, ge=1, le=65535, description="packs the broker may send ahead of commits")
    ingest_batch_rows: int = Field(20_000, ge=1, le=1_000_000, description="most readings in one transaction")

    @model_validator(mode="after")
    def _worker_exists(self) -> Self:
        if self.ingest_worker >= self.ingest_workers:
            message = f"worker {self.ingest_worker} of {self.ingest_workers}: workers count from 0"
            raise ValueError(message)
        return self

    def client(self, stream: str) -> str:
        """User and client id of one of the two sessions."""
        return f"ingest-{self.ingest_worker}-{stream}"
