"""What an ingest worker counts for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

PACKS = Counter("nongvu_ingest_packs", "Packs committed.", ["stream"])
READINGS = Counter("nongvu_ingest_readings", "Readings by what became of them.", ["stream", "outcome"])
ASIDE = Counter("nongvu_ingest_set_aside", "Set aside by reason.", ["reason"])
REPROCESSED = Counter("nongvu_ingest_reprocessed", "Set aside before, stored now.")
LAG = Histogram("nongvu_ingest_lag_seconds", "From the arrival of a pack to its commit.", ["stream"],
                buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60))  # fmt: skip
RECEIPT_LAG = Histogram("nongvu_ingest_receipt_lag_seconds", "From the arrival of a pack to its receipt.", ["stream"],
                        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60))  # fmt: skip
BATCH_ROWS = Histogram("nongvu_ingest_batch_rows", "Readings in one transaction.", ["stream"],
                       buckets=(1, 10, 100, 500, 1000, 2500, 5000, 10_000, 20_000, 50_000))  # fmt: skip
QUEUED = Gauge("nongvu_ingest_queued_packs", "Packs delivered and not yet committed.", ["stream"])
CONNECTED = Gauge("nongvu_ingest_connected", "Whether the session on the broker is connected.", ["session"])
DECLARED_DROPPED = Counter("nongvu_ingest_declared_dropped", "Readings that gateways declared as dropped.", ["gateway"])
STRAY = Counter("nongvu_ingest_stray_messages", "Messages on topics that are none of ours.")
