"""Folders that the services can reach, and the unprivileged user they run as under root."""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from standalone.services.errors import ServicesUnavailableError

# PostgreSQL refuses to run as root; these are tried in turn.
UNPRIVILEGED = ("nongvu", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The user the services run as; `uid` None means: the same as ours."""

    name: str
    uid: int | None = None
    gid: int | None = None


def account() -> Account:
    """Return the user services run as: ours, or an unprivileged one when we are root."""
    if os.geteuid() != 0:
        return Account(str(os.geteuid()))
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServicesUnavailableError(f"running as root, and none of the users {', '.join(UNPRIVILEGED)} exists")


def is_reachable(folder: Path) -> bool:
    """Say whether everybody may enter `folder` and its parents (those that exist)."""
    existing = [part for part in (folder, *folder.parents) if part.exists()]
    return all(part.stat().st_mode & stat.S_IXOTH for part in existing)


def cache_folder() -> Path:
    """Return where fetched programs are kept: `NONGVU_CACHE`, else the user's cache, else (root) a reachable folder."""
    named = os.environ.get("NONGVU_CACHE")
    if named:
        return Path(named).resolve()
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nongvu"
    if os.geteuid() != 0 or is_reachable(user_cache):
        return user_cache.resolve()
    return Path("/var/cache/nongvu")


def claim(folder: Path, owner: Account, mode: int = 0o700) -> Path:
    """Make `folder` (and its parents), give it to `owner`, and say clearly when the owner could not enter it."""
    folder.mkdir(parents=True, exist_ok=True)
    if owner.uid is not None and owner.gid is not None:
        if not is_reachable(folder.parent):
            raise ServicesUnavailableError(
                f"we run as root, the services as {owner.name}, who cannot enter {folder.parent}. "
                "Choose a folder open to everybody, such as one under /var/lib"
            )
        os.chown(folder, owner.uid, owner.gid)
    folder.chmod(mode)
    return folder


def give(path: Path, mode: int = 0o600) -> Path:
    """Give a file to the user the services run as (a password file, a key), closed to others."""
    owner = account()
    path.chmod(mode)
    if owner.uid is not None and owner.gid is not None:
        os.chown(path, owner.uid, owner.gid)
    return path


@contextmanager
def temporary_folder(prefix: str = "nongvu-", within: Path | None = None) -> Iterator[Path]:
    """Give a folder that the services can reach, removed at the end; `within` another, else the system's place."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def compiled_once(environment: Mapping[str, str]) -> dict[str, str]:
    """Environment of our own processes: where Python is told to write no bytecode, it goes into the cache folder.

    Compiling everything anew costs each process seconds; the source folders stay clean all the same.
    """
    kept = dict(environment)
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        kept["PYTHONPYCACHEPREFIX"] = str(cache_folder() / "bytecode")
    return kept
