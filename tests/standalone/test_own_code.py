"""Nothing runs but our own code: not what lies in the caller's folder, not another's package of the same name."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nongvu
from standalone.supervised import Supervised

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("nongvu")
FOREIGN = (
    "from pathlib import Path\nPath({marker!r}).write_text(__name__)\nraise SystemExit('code of a stranger ran')\n"
)


@pytest.fixture
def hostile(tmp_path):
    """A folder of a stranger's modules with our names; what runs leaves a marker."""
    folder, marker = tmp_path / "hostile", tmp_path / "ran"
    folder.mkdir()
    text = FOREIGN.format(marker=str(marker))
    for name in sorted(nongvu.OURS - {"edge", "api"}):
        (folder / f"{name}.py").write_text(text)
    (folder / "edge").mkdir()
    (folder / "edge" / "__init__.py").write_text(text)
    (folder / "api").mkdir()  # without __init__.py
    (folder / "api" / "commands.py").write_text(text)
    return folder, marker


def call(command, folder, **environment):
    told = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")} | environment
    return subprocess.run([*map(str, command)], cwd=folder, env=told, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("room", ["store", "edge"])
@pytest.mark.parametrize("start", [[sys.executable, "-m", "nongvu"], [COMMAND], [sys.executable, ROOT / "nongvu.py"],
                                   [sys.executable, "-c", "import nongvu; nongvu.main()"]],
                         ids=["module", "script", "file", "imported"])  # fmt: skip
def test_the_folder_where_a_command_is_typed_is_not_searched(hostile, start, room):
    folder, marker = hostile
    done = call([*start, room, "--help"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"nongvu {room}" in done.stdout
    assert not marker.exists(), marker.read_text()


async def test_a_process_that_is_supervised_runs_our_code(hostile, tmp_path, monkeypatch):
    folder, marker = hostile
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    log = tmp_path / "log"
    one = Supervised("store", ("store", "--help"), dict(os.environ), log, lambda *_: None)
    await one.start()
    for _ in range(600):
        if one.deaths:
            break
        await asyncio.sleep(0.05)
    await one.stop()
    assert one.deaths[:1] == [0], log.read_text()
    assert "migrate" in log.read_text()
    assert not marker.exists(), marker.read_text()


def test_what_a_command_starts_searches_no_folder_either(hostile):
    """Workers of a process pool, a scheduler: any Python that is started from ours."""
    folder, _ = hostile
    code = ("import subprocess, sys, nongvu; nongvu.keep_to_own_code();"
            "print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.path[0])'],"
            " capture_output=True, text=True).stdout)")  # fmt: skip
    done = call([sys.executable, "-P", "-c", code], folder)
    assert done.stdout.strip() not in {"", str(folder)}


@pytest.mark.parametrize(
    ("name", "text"), [("api.py", FOREIGN), ("store/__init__.py", FOREIGN), ("notify/other.py", "")]
)
def test_a_foreign_package_on_the_path_is_refused_with_the_remedy(tmp_path, name, text):
    path, marker = tmp_path / "lib" / name, tmp_path / "ran"
    path.parent.mkdir(parents=True)
    path.write_text(text.format(marker=str(marker)))
    done = call([COMMAND, "api", "run"], tmp_path, PYTHONPATH=str(tmp_path / "lib"))
    assert done.returncode == nongvu.REFUSED
    assert str(tmp_path / "lib" / name.split("/")[0]) in done.stderr
    assert "PYTHONPATH" in done.stderr
    assert not marker.exists()


@pytest.mark.parametrize(("record", "refused"), [("api/__init__.py,sha256=x,1", True), ("notify.py,,", True),
                                                 ("other/api/__init__.py,,", False), ("apiary/x.py,,", False)])  # fmt: skip
def test_another_distribution_in_our_rooms_is_named(tmp_path, record, refused):
    site = tmp_path / "site"
    for name in nongvu.OURS:
        (site / name).mkdir(parents=True)
        shutil.copy(ROOT / name / "__init__.py", site / name)
    shutil.copy(ROOT / "nongvu.py", site)
    (site / "frobnicate-1.0.dist-info").mkdir()
    (site / "frobnicate-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: frobnicate\nVersion: 1.0\n"
    )
    (site / "frobnicate-1.0.dist-info" / "RECORD").write_text(f"frobnicate/__init__.py,,\n{record}\n")
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import nongvu; print(*nongvu.foreign())"
    done = call([sys.executable, "-P", "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("'frobnicate'" in done.stdout and "uninstall" in done.stdout) is refused, done.stdout


def test_a_package_of_ours_that_is_damaged_is_told_from_a_foreign_one(tmp_path):
    """As the other package leaves it that was installed over ours and taken away again."""
    site = tmp_path / "site"
    for name in nongvu.OURS:
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").touch()
    (site / "api" / "__init__.py").unlink()
    (site / "notify" / "__init__.py").unlink()
    (site / "notify").rmdir()
    shutil.copy(ROOT / "nongvu.py", site)
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import nongvu; print(*nongvu.foreign(), sep=chr(10))"
    done = call([sys.executable, "-P", "-S", "-c", code], tmp_path)  # -S: none of what is installed here
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        f"'{name}' is incomplete in {site}" for name in ("api", "notify")
    ]
    assert "--force-reinstall" in done.stdout


def test_nothing_starts_python_in_the_callers_folder():
    """In code: -P or -I with every interpreter that is started; in units and the image: PYTHONSAFEPATH."""
    for package in (*nongvu.OURS, "nongvu_client", "benchmarks", "deployment"):
        for path in (ROOT / package).rglob("*.py"):
            for start in re.findall(r"sys\.executable,\s+\"(-\w+)\"", path.read_text()):
                assert start in {"-P", "-I"}, f"{path}: sys.executable, {start}"
    for unit in ("deployment/systemd/nongvu@.service", "edge/systemd/nongvu-edge.service", "Containerfile"):
        assert "PYTHONSAFEPATH=1" in (ROOT / unit).read_text(), unit
    for start in re.findall(r"\[(?:CMD, )?python, (\S+),", (ROOT / "compose.yaml").read_text()):
        assert start in {"-P", "-I"}, start
