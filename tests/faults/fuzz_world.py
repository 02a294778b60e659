"""The small registry that fuzzers send to: a gateway `g` with a station `s`, and a station of somebody else."""

from ingest.accept import Window
from ingest.directory import Directory, Entry

WINDOW = Window(1.6e9, 1.8e9)
DIRECTORY = Directory.of(
    {"g": 1}, {"s": (1, "g"), "other": (2, "h")},
    [Entry(1, "s", "air_temperature"), Entry(2, "s", "dew_point"), Entry(3, "s", "soil_moisture", "-0.30m"),
     Entry(4, "other", "air_temperature")],
)  # fmt: skip
