"""Finds the servers' programs: the system's where they are new enough, else the fetched ones."""

import functools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from standalone.services.errors import ServicesUnavailableError
from standalone.services.folders import account, cache_folder, is_reachable
from standalone.services.packages import fetched_root

POSTGRES_AT_LEAST = (16,)
TIMESCALEDB_AT_LEAST = (2, 19)
MOSQUITTO_AT_LEAST = (2, 0, 21)
PROGRAMS_VARIABLE = "NONGVU_PROGRAMS"
# Where distributions put the server's programs, which are seldom on PATH.
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
PLUGIN_FOLDERS = ("lib/*", "lib", "lib64", "local/lib")
PLUGIN = "mosquitto_dynamic_security.so"


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are: PostgreSQL's folder, mosquitto's folders, its dynamic-security plug-in (if any)."""

    postgres: Path
    broker: tuple[Path, ...]
    dynamic_security: Path | None
    postgres_version: tuple[int, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        """Return every folder with programs, in the order to search them."""
        return (self.postgres, *self.broker)

    def path(self, name: str) -> Path:
        """Return the path of the program `name`."""
        for folder in self.folders:
            if (folder / name).is_file():
                return folder / name
        raise FileNotFoundError(f"no program {name} in {', '.join(map(str, self.folders))}")


def _usable_cache() -> Path:
    cache = cache_folder()
    if account().uid is not None and not is_reachable(cache):
        reason = f"we run as root, the services as {account().name}, who cannot enter {cache}; set NONGVU_CACHE"
        raise ServicesUnavailableError(reason)
    return cache


def _plugin(usr: Path) -> Path | None:
    return next((found for place in PLUGIN_FOLDERS for found in sorted(usr.glob(f"{place}/{PLUGIN}"))), None)


@functools.lru_cache(maxsize=1)
def programs() -> Programs:
    """Return the programs of this machine, fetching them the first time where the system's are absent or too old."""
    if sys.platform != "linux":
        raise ServicesUnavailableError(f"the system is {sys.platform}, not Linux")
    postgres = system_postgres()
    broker = system_broker()
    if postgres is None or broker is None:
        root = fetched_root(_usable_cache())
        postgres = postgres or next(iter(sorted(root.glob("usr/lib/postgresql/*/bin"))))
        broker = broker or root / "usr/sbin/mosquitto"
    usr = broker.parent.parent
    return Programs(
        postgres=postgres,
        broker=tuple(dict.fromkeys((usr / "sbin", usr / "bin", broker.parent))),
        dynamic_security=_plugin(usr),
        postgres_version=_version([str(postgres / "postgres"), "--version"]),
    )


def program(name: str) -> Path:
    """Return the path of a program of the same installation, such as "pg_dump" or "mosquitto_passwd"."""
    return programs().path(name)


def program_environment() -> dict[str, str]:
    """Return the environment that tells other processes where the programs are (folders parted as in PATH)."""
    return {PROGRAMS_VARIABLE: os.pathsep.join(map(str, programs().folders))}


def system_postgres() -> Path | None:
    """Return the folder of the newest system PostgreSQL that is new enough and has a new enough TimescaleDB."""
    on_path = shutil.which("postgres")
    folders = [found for pattern in POSTGRES_FOLDERS for found in Path("/").glob(pattern.lstrip("/"))]
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    good = [
        (version, folder)
        for folder in folders
        if (version := _version([str(folder / "postgres"), "--version"])) >= POSTGRES_AT_LEAST
        and timescaledb_version(folder) >= TIMESCALEDB_AT_LEAST
    ]
    return max(good)[1] if good else None


def timescaledb_version(binaries: Path) -> tuple[int, ...]:
    """Return the version of the TimescaleDB installed with the PostgreSQL in `binaries`, () when there is none."""
    share = binaries.parent / "share"
    places = [Path("/usr/share/postgresql") / binaries.parent.name, share, share / "postgresql"]
    if (binaries / "pg_config").is_file():
        asked = [str(binaries / "pg_config"), "--sharedir"]
        places.insert(0, Path(subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()))
    for place in places:
        control = place / "extension" / "timescaledb.control"
        if control.is_file():
            return _numbers(control.read_text().partition("default_version")[2].splitlines()[0])
    return ()


def system_broker() -> Path | None:
    """Return the system's mosquitto when it is new enough."""
    # A user's PATH often lacks the folders of servers.
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
    found = shutil.which("mosquitto", path=path)
    if found and _version([found, "-h"]) >= MOSQUITTO_AT_LEAST:
        return Path(found).resolve()
    return None


def _version(command: list[str]) -> tuple[int, ...]:
    """Return the first version number a program prints (mosquitto's help ends with a failure code)."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    except OSError:
        return ()
    except subprocess.TimeoutExpired as error:
        raise ServicesUnavailableError(f"{command[0]} does not answer") from error
    return _numbers(done.stdout + done.stderr)


def _numbers(text: str) -> tuple[int, ...]:
    match = re.search(r"\d+(\.\d+)+|\d+", text)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
