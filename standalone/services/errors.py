"""What can go wrong with embedded services, each with its remedy."""

REMEDY = (
    "Remedy: install PostgreSQL 16 or newer with TimescaleDB 2.19 or newer, and mosquitto 2.0.21 or newer; "
    "or run them with the compose file; "
    "or set NONGVU_DATABASE_URL and NONGVU_MQTT_URL to servers you already have."
)


class ServicesUnavailableError(RuntimeError):
    """The machine can neither offer nor fetch the programs: trying again does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Embedded TimescaleDB and mosquitto cannot run here: {reason}\n{REMEDY}")


class ServiceStartError(RuntimeError):
    """A service did not start; the message carries the end of its log."""


class ServiceInUseError(ServiceStartError):
    """Another process runs a service in the folder: trying again helps once that one has ended."""
