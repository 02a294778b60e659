"""The client as others install it: a wheel of its own, in an environment that has httpx and pandas and nothing of ours."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
#: Asks for stations and readings without a network: frames of a page of JSON and of CSV.
ASKED = """
import httpx, pandas, nongvu_client
from nongvu_client import Client

def answer(request):
    if request.url.path == "/v1/stations":
        row = {"code": "a-station", "commune": {"name": "Xã A"}, "datastreams": [{"name": "air_temperature"}]}
        return httpx.Response(200, json={"items": [row], "next": None})
    return httpx.Response(200, text="station,datastream,time,value\\na-station,air_temperature,2026-01-01T00:00:00Z,12.5\\n")

with Client("https://nongvu.example", transport=httpx.MockTransport(answer)) as client:
    assert list(client.stations().index) == ["a-station"]
    assert client.readings("a-station")["value"].tolist() == [12.5]
print(nongvu_client.__file__)
"""


def done(*command, **more):
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=600, **more)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


def test_a_wheel_of_its_own(tmp_path):
    done(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check")
    source = shutil.copytree(ROOT / "nongvu_client", tmp_path / "source")  # a build leaves things where it is made
    done(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("nongvu_client-*.whl")
    files = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    assert {"nongvu_client/__init__.py", "nongvu_client/py.typed"} <= files
    assert {name.partition("/")[0] for name in files if ".dist-info/" not in name} == {"nongvu_client"}
    pins = re.sub(r" \\$|^ +(#|--hash).*\n", "", (ROOT / "requirements/dev.txt").read_text(), flags=re.MULTILINE)
    (tmp_path / "constraints.txt").write_text(pins)
    done(*pip, "install", "--quiet", "--constraint", tmp_path / "constraints.txt", wheel)
    names = {line.partition("==")[0].lower() for line in done(*pip, "list", "--format=freeze").splitlines()}
    assert {"nongvu-client", "httpx", "pandas"} <= {name.replace("_", "-") for name in names}
    assert not names & {"nongvu", "fastapi", "psycopg", "pyarrow", "aiomqtt"}
    where = done(python, "-P", "-c", ASKED, cwd=tmp_path)
    assert where.startswith(str(tmp_path)), where
