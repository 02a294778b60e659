"""What stands around the gateway: TLS with passwords and certificates, the systemd unit, the watchdog, the probe."""

import asyncio
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from gateway_peers import GATEWAY, UNIT, EdgeProcess, ModbusPeer, until

from edge.bus import tcp_bus
from edge.bus_settings import TcpBus
from edge.probe import line_of, scan
from edge.sensor import shelf
from edge.systemd_notify import notify, watchdog_interval
from standalone.services import Broker, BrokerOptions, temporary_folder

SERVICE = Path(__file__).parents[2] / "edge" / "systemd" / "nongvu-edge.service"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def certificates(folder):
    """An authority, a broker's certificate for 127.0.0.1, a gateway's, and one of a stranger."""
    for name in ("ca", "stranger-ca"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")  # fmt: skip
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1")
    for name, authority in (("server", "ca"), ("test-01", "ca"), ("stranger", "stranger-ca")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.csr")  # fmt: skip
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{authority}.pem", "-CAkey",
                folder / f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", names, "-out", folder / f"{name}.pem")  # fmt: skip
    for path in folder.iterdir():
        path.chmod(0o644)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
@pytest.mark.parametrize(("certificate", "authority", "welcome"), [
    ("test-01", "ca", True), ("stranger", "ca", False), ("test-01", "stranger-ca", False), (None, "ca", False),
])  # fmt: skip
async def test_tls_with_client_certificates(tmp_path, certificate, authority, welcome):
    with temporary_folder() as folder:
        await asyncio.to_thread(certificates, folder)
        options = BrokerOptions(
            certificate=folder / "server.pem", key=folder / "server.key", authority=folder / "ca.pem", persistence=False
        )
        broker = await asyncio.to_thread(Broker.start, folder / "broker", None, options)
        modbus = ModbusPeer({1: {0: 200}})
        await modbus.start()
        more = f'authority = "{folder}/{authority}.pem"\n'
        if certificate:
            more += f'certificate = "{folder}/{certificate}.pem"\nkey = "{folder}/{certificate}.key"\n'
        text = GATEWAY.format(broker=broker.port, folder=tmp_path, modbus=modbus.port).replace("mqtt://", "mqtts://")
        text = text.replace("resend = 1.0\n", f"resend = 1.0\n{more}")
        path = tmp_path / "gateway.toml"
        path.write_text(text + UNIT.format(name="p", station="s", model="elsner-p03", unit=1, interval=1))
        edge = EdgeProcess(path)
        await edge.start()
        log = path.with_suffix(".log")
        try:
            # with nobody subscribed the broker says 0x10, and says it only to those it lets in
            if welcome:  # the broker names whom it lets in
                await until(lambda: "as test-01" in (broker.folder / "server.log").read_text(), 20)
            else:
                await until(lambda: "line down" in log.read_text(), 20)
            assert welcome or "reason=0x10" not in log.read_text()
            assert await edge.stop() == 0
        finally:
            if edge.process.returncode is None:
                await edge.kill()
            await modbus.stop()
            await asyncio.to_thread(broker.stop)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is absent")
def test_the_unit_is_right_and_tight(tmp_path):
    unit = tmp_path / SERVICE.name
    unit.write_text(SERVICE.read_text().replace("/opt/nongvu/bin/nongvu", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert SERVICE.name not in done.stderr, done.stderr
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True)
    if done.returncode == 0 and "Overall exposure" in done.stdout:
        exposure = float(done.stdout.rpartition(":")[2].split()[0])
        assert exposure < 3.0


def test_the_watchdog_is_told(tmp_path, monkeypatch):
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(place))
        monkeypatch.setenv("NOTIFY_SOCKET", str(place))
        monkeypatch.setenv("WATCHDOG_USEC", "10000000")
        assert notify("WATCHDOG=1")
        assert systemd.recv(100) == b"WATCHDOG=1"
        assert watchdog_interval() == 5.0
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert not notify("READY=1")


async def test_a_scan_recognises_models_and_reads_them():
    soil = {0: 0x01EF, 1: 0x0144, 2: 400, 3: 68}
    orch = {0: 0x0AEE, 1: 0x1AB2, 2: 1, 3: 0x87D5, 4: 5, 5: 0xFA00, 6: 4}
    peer = ModbusPeer({3: soil, 4: orch, 0x90: {0x160: 0x90, 0x167: 652, 0x168: 63}})
    await peer.start()
    bus = tcp_bus(TcpBus(name="b", kind="modbus_tcp", host="127.0.0.1", port=peer.port))
    found = {unit: item async for unit, item in scan(bus, [3, 4, 0x90], shelf()) if item is not None}
    await bus.close()
    await peer.stop()
    assert found[4].models[0] == "sensecap-orch-s4"
    assert ("air_temperature", 27.98, "Cel", True) in found[4].readings
    assert found[0x90].models[0] == "ecowitt-wn90lp"
    assert "soil-7in1" in found[3].models


def test_lines_as_people_write_them():
    assert line_of("tcp://10.0.0.5", 9600, "N").port == 502
    assert line_of("rtu-tcp://10.0.0.5:4001", 9600, "N").kind == "modbus_rtu_over_tcp"
    assert line_of("/dev/ttyUSB0", 4800, "E").parity == "E"
    with pytest.raises(ValueError, match="write tcp://"):
        line_of("ftp://x", 9600, "N")


def test_a_gateway_at_rest_loads_no_web_server():
    code = "import sys, edge.run; sys.exit(bool({'uvicorn', 'starlette'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
