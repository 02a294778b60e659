"""Fetching the programs: whose sources, whose signatures, and what is said where it cannot be done."""

import hashlib
import multiprocessing
import shutil
import subprocess
from email.utils import formatdate

import pytest

from standalone.services import ServicesUnavailableError, packages
from standalone.services.packages import PACKAGES, fetched_root
from standalone.services.sources import Source, derive

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_sources_of_debian_12_in_deb822(tmp_path):
    write(
        tmp_path,
        "sources.list.d/debian.sources",
        f"""\
# a remark
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {KEYRING}

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main contrib
Signed-By: {KEYRING}

Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://third.example/apt
Suites: nodistro
Components: main
""",
    )
    assert derive(tmp_path) == [
        Source("http://mirror.example/debian", "trixie", KEYRING),
        Source("http://mirror.example/debian", "trixie-updates", KEYRING),
        Source("http://mirror.example/debian-security", "trixie-security", KEYRING),
    ]


def test_sources_in_lines(tmp_path):
    write(
        tmp_path,
        "sources.list",
        """\
deb [arch=amd64 signed-by=/keys/ours.gpg] http://mirror.example/debian bullseye main contrib # ours
deb-src http://mirror.example/debian bullseye main
# deb http://off.example/debian bullseye main
deb [signed-by=/keys/ours.gpg] http://mirror.example/debian-security bullseye/updates main
deb http://third.example/tool bookworm stable
deb http://third.example/postgresql bookworm-pgdg main
""",
    )
    assert derive(tmp_path) == [
        Source("http://mirror.example/debian", "trixie", "/keys/ours.gpg"),
        Source("http://mirror.example/debian-security", "trixie-security", "/keys/ours.gpg"),
    ]


def test_a_key_inside_the_stanza_is_kept(tmp_path):
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"
    stanza = f"Types: deb\nURIs: http://mirror.example/debian\nSuites: stable\nComponents: main\nSigned-By:\n {key}\n"
    write(tmp_path, "sources.list.d/debian.sources", stanza)
    (source,) = derive(tmp_path)
    assert source.suite == "trixie"
    assert source.stanza().endswith(f"Signed-By: \n {key}\n")


def test_no_debian_archive_among_the_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "derive", list)
    with pytest.raises(ServicesUnavailableError, match="no Debian archive among this machine's apt sources"):
        fetched_root(tmp_path)


def test_without_apt_the_message_names_the_remedies(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServicesUnavailableError) as caught:
        fetched_root(tmp_path / "cache")
    words = str(caught.value)
    assert "apt-get (Debian's package tool) is absent" in words
    for remedy in ("install PostgreSQL 16", "compose", "NONGVU_DATABASE_URL", "NONGVU_MQTT_URL"):
        assert remedy in words


def test_a_cache_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ServicesUnavailableError, match=r"cannot be written .*set NONGVU_CACHE"):
        fetched_root(tmp_path / "file" / "cache")


@pytest.fixture(scope="module")
def tools():
    for tool in ("apt-get", "dpkg-deb", "gpg"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is absent: a signed archive cannot be made here")


@pytest.fixture
def archive(tools, tmp_path):
    """A little archive of three empty packages, not signed yet."""
    tmp_path.chmod(0o755)
    pool, suite = tmp_path / "archive" / "pool", tmp_path / "archive" / "dists" / "trixie"
    pool.mkdir(parents=True)
    entries = []
    for name in PACKAGES:
        fields = f"Package: {name}\nVersion: 99\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
        write(tmp_path, f"{name}/DEBIAN/control", fields)
        built = pool / f"{name}.deb"
        run("dpkg-deb", "--build", "--root-owner-group", tmp_path / name, built)
        entries.append(f"{fields}Filename: pool/{built.name}\nSize: {built.stat().st_size}\nSHA256: {digest(built)}\n")
    architecture = run("dpkg", "--print-architecture").strip()
    listed = f"main/binary-{architecture}/Packages"
    write(suite, listed, "\n".join(entries))
    size = (suite / listed).stat().st_size
    release = (
        f"Origin: test\nSuite: trixie\nCodename: trixie\nComponents: main\nArchitectures: {architecture}\n"
        f"Date: {formatdate(usegmt=True)}\nSHA256:\n {digest(suite / listed)} {size} {listed}\n"
    )
    write(suite, "Release", release)
    return tmp_path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command, **options):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, **options).stdout


def make_key(folder, name):
    home = folder / f"gpg-{name}"
    home.mkdir(mode=0o700)
    base = ["gpg", "--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]
    run(*base, "--quick-generate-key", f"{name} <{name}@example.org>", "rsa3072", "sign", "never")
    ring = folder / f"{name}.gpg"
    run(*base, "--output", ring, "--export")
    ring.chmod(0o644)
    return ring, base


def download(folder, signed_by):
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    source = Source(f"file:{folder}/archive", "trixie", str(signed_by))
    return packages._download(work, [source], lambda _text: None)


def test_only_what_the_right_key_signed_is_taken(archive):
    (right, base), (wrong, _) = make_key(archive, "right"), make_key(archive, "wrong")
    release = archive / "archive" / "dists" / "trixie" / "Release"
    with pytest.raises(ServicesUnavailableError, match="not signed"):
        download(archive, right)
    run(*base, "--clearsign", "--output", release.with_name("InRelease"), release)
    with pytest.raises(ServicesUnavailableError, match=r"NO_PUBKEY|not signed"):
        download(archive, wrong)
    assert {path.name.split("_")[0] for path in download(archive, right)} == set(PACKAGES)
    (archive / "archive" / "pool" / "mosquitto.deb").write_bytes(b"something else")
    with pytest.raises(ServicesUnavailableError):
        download(archive, right)


def test_a_mirror_without_the_suite(tmp_path):
    if shutil.which("apt-get") is None:
        pytest.skip("apt-get is absent")
    (tmp_path / "archive").mkdir()
    with pytest.raises(ServicesUnavailableError, match="gave no trixie packages"):
        download(tmp_path, KEYRING)


def pretend_fetch(cache, root, say):
    """Take as long as a fetch does, and leave a trace of each."""
    with (cache / "fetches").open("a") as trace:
        trace.write("fetched\n")
    root.mkdir()
    (root / packages.COMPLETE).write_text(f"{root}\n")


def fetch_once(cache):
    packages._fetch = pretend_fetch
    fetched_root(cache)


def test_four_processes_fetch_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fetch_once, args=(tmp_path,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert (tmp_path / "fetches").read_text() == "fetched\n"


def test_a_root_made_for_another_path_is_not_taken(tmp_path):
    (tmp_path / packages.COMPLETE).write_text("/somewhere/else\n")
    assert not packages.is_complete(tmp_path)
