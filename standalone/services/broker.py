"""An embedded mosquitto in one folder, on a loopback port."""

import resource
import signal
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from standalone.services.errors import ServiceInUseError, ServiceStartError, ServicesUnavailableError
from standalone.services.folders import Account, account, claim
from standalone.services.ports import answers, free_port, is_free
from standalone.services.process import Service
from standalone.services.programs import Programs, programs

# What every broker of ours is told, as deployment/mosquitto/mosquitto.conf (a test compares them). Sized for the
# gateways of a province that all come back at once after an outage (design: wire).
LIMITS = (
    "max_packet_size 1048576",
    "max_inflight_messages 1000",
    "max_queued_messages 200000",
    "max_queued_bytes 536870912",
    "persistent_client_expiration 14d",
    "autosave_interval 60",
    "set_tcp_nodelay true",
    "connection_messages true",
)
#: Of the listener: below the process's limit of open files, so that it can still keep its sessions and read its rights.
MOST_CONNECTIONS = 10_000
#: Open files that are no connections.
SPARE_FILES = 100


def _connections() -> int:
    """Most connections under this process's hard limit of open files, which the broker starts with."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, max(most - SPARE_FILES, 50))


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """How the broker admits clients and keeps messages.

    `dynamic_security` is the plug-in's JSON file: with it the plug-in decides who may do what (the file must be
    writable by the broker's user: keep it in the broker's folder). `tls` adds certificate, key and, for client
    certificates, the authority. `lines` are further lines of mosquitto.conf, written as they are.
    """

    allow_anonymous: bool = False
    password_file: Path | None = None
    dynamic_security: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    persistence: bool = True
    listen: str = "127.0.0.1"
    lines: tuple[str, ...] = field(default=())


@dataclass(slots=True)
class Broker:
    """A running mosquitto; `folder` keeps its configuration, stored messages and log between runs."""

    folder: Path
    port: int
    options: BrokerOptions
    account: Account
    programs: Programs
    service: Service

    @classmethod
    def start(cls, folder: Path, port: int | None = None, options: BrokerOptions | None = None) -> Self:
        """Start the broker and return once it accepts connections. Without `port` a free one is taken."""
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        owner = account()
        service = Service(folder, owner, signal.SIGTERM, grace=15.0)
        broker = cls(folder, port or free_port(), options or BrokerOptions(), owner, programs(), service)
        broker._launch(may_move=port is None)
        return broker

    @property
    def url(self) -> str:
        """Return the broker's address."""
        scheme = "mqtts" if self.options.certificate else "mqtt"
        return f"{scheme}://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Return the folder that belongs to the broker's user: stored messages and the dynamic-security file."""
        return self.folder / "data"

    def stop(self) -> None:
        """Stop the broker; it writes what it stores."""
        self.service.stop()

    def kill(self) -> None:
        """Kill the broker at once (SIGKILL)."""
        self.service.kill()

    def restart(self) -> None:
        """Stop (when running) and start again, on the same port."""
        self.stop()
        self._launch(may_move=False)

    def reload(self) -> None:
        """Make the broker read its password file and certificates again."""
        self.service.send(signal.SIGHUP)

    def running(self) -> bool:
        """Say whether the broker runs."""
        return self.service.running()

    def _launch(self, *, may_move: bool) -> None:
        claim(self.data, self.account)
        for _ in range(5 if may_move else 1):
            if not is_free(self.port):
                if not may_move:
                    raise ServiceStartError(f"port {self.port} is taken by another program")
                self.port = free_port()
            configuration = self.folder / "mosquitto.conf"
            configuration.write_text("\n".join(self.configuration()) + "\n")
            command = [str(self.programs.path("mosquitto")), "-c", str(configuration)]
            try:
                self.service.start(command, lambda: answers(self.port))
            except ServiceInUseError:
                raise
            except ServiceStartError:
                if not may_move or is_free(self.port):
                    raise
            else:
                return
        raise ServiceStartError("mosquitto found no free port in five attempts")

    def configuration(self) -> list[str]:
        """Return the lines of mosquitto.conf."""
        options = self.options
        lines = [
            "per_listener_settings false",
            f"allow_anonymous {str(options.allow_anonymous).lower()}",
            *LIMITS,
            f"persistence {str(options.persistence).lower()}",
            f"persistence_location {self.data}/",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "log_timestamp_format %Y-%m-%dT%H:%M:%S",
        ]
        if options.password_file is not None:
            lines.append(f"password_file {options.password_file}")
        if options.dynamic_security is not None:
            lines += [f"plugin {self._plugin()}", f"plugin_opt_config_file {options.dynamic_security}"]
        listener = [f"listener {self.port} {options.listen}", f"max_connections {_connections()}"]
        if not options.allow_anonymous:  # of the listener: written above it, it would be read and do nothing
            listener.append("use_username_as_clientid true")
        return [*lines, *listener, *self._tls(), *options.lines]

    def _plugin(self) -> Path:
        if self.programs.dynamic_security is None:
            raise ServicesUnavailableError("this mosquitto has no dynamic-security plug-in")
        return self.programs.dynamic_security

    def _tls(self) -> list[str]:
        options = self.options
        lines = [f"certfile {options.certificate}", f"keyfile {options.key}"] if options.certificate else []
        if options.authority is not None:
            lines += [f"cafile {options.authority}", "require_certificate true", "use_identity_as_username true"]
        return lines

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
