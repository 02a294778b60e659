"""``nongvu api run`` as a process."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx

COMMAND = [sys.executable, "-m", "nongvu", "api", "run"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_serves_and_stops_cleanly_when_told(province: str) -> None:
    port = free_port()
    told = os.environ | {"NONGVU_DATABASE_URL": province, "NONGVU_API_PORT": str(port)}
    with subprocess.Popen(COMMAND, env=told, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    answer = httpx.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline, process.stderr.read() if process.poll() is not None else ""
                    time.sleep(0.1)
            assert answer.json()["status"] == "well"
            assert "server" not in answer.headers
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        finally:
            process.kill()


def test_wrong_settings_are_named_together_and_nothing_starts() -> None:
    told = os.environ | {"NONGVU_API_PORT": "99999", "NONGVU_PUBLIC": "everything"}
    told.pop("NONGVU_DATABASE_URL", None)
    ended = subprocess.run(COMMAND, env=told, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "NONGVU_DATABASE_URL" in ended.stderr
    assert "NONGVU_API_PORT" in ended.stderr
    assert "NONGVU_PUBLIC" in ended.stderr
