"""Embedded TimescaleDB and mosquitto, for tests, the demo and `nongvu up` (docs/decisions/0002-embedded-services.md).

The programs are the system's own where they are new enough (PostgreSQL 16 with TimescaleDB 2.19, mosquitto 2.0.21),
else they are fetched once, without root, as Debian packages into a cache folder (`NONGVU_CACHE`).

>>> with Database.start(folder) as database, Broker.start(folder2) as broker:      # doctest: +SKIP
...     database.create("nongvu")
...     run(database.url("nongvu"), broker.url)

- `Database.start(folder, port=None, settings={})` : PostgreSQL on 127.0.0.1, data kept in `folder`; `.url(dbname)`,
  `.create(dbname, template=None)`, `.drop(dbname)`, `.stop()`, `.kill()`, `.restart()`.
- `Broker.start(folder, port=None, options=BrokerOptions(...))` : mosquitto on 127.0.0.1; `.url`, `.stop()`, `.kill()`,
  `.restart()`.
- `BrokerOptions(password_file=..., dynamic_security=..., certificate=..., key=..., lines=(...))` : files the broker
  reads or writes must belong to the services' user: `give(path)` (as root that is another user than ours).
- `program("pg_dump")` : the path of a program of the same installation; `program_environment()` hands the same folders
  to other processes as `NONGVU_PROGRAMS`.

All calls block; from asyncio use `asyncio.to_thread`. A started service ends with the process that started it, also
when that process is killed: see `standalone.services.guard`.
"""

from standalone.services.broker import Broker, BrokerOptions
from standalone.services.database import Database
from standalone.services.errors import ServiceInUseError, ServiceStartError, ServicesUnavailableError
from standalone.services.folders import claim, give, temporary_folder
from standalone.services.ports import free_port
from standalone.services.programs import Programs, program, program_environment, programs

__all__ = [
    "Broker",
    "BrokerOptions",
    "Database",
    "Programs",
    "ServiceInUseError",
    "ServiceStartError",
    "ServicesUnavailableError",
    "claim",
    "free_port",
    "give",
    "program",
    "program_environment",
    "programs",
    "temporary_folder",
]
