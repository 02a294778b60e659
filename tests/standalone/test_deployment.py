"""What the compose file needs before its first start: secrets that fit together, users with the least roles."""

import os
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent


def made(folder: Path) -> dict[str, str]:
    environment = os.environ | {"NONGVU_SECRETS": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "deployment/make_secrets.py"), "broker.example"]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_every_secret_of_the_compose_file_is_made_once_and_never_overwritten(tmp_path):
    first = made(tmp_path)
    assert made(tmp_path) == first
    named = {
        Path(entry["file"]).name for entry in yaml.safe_load((ROOT / "compose.yaml").read_text())["secrets"].values()
    }
    assert named - {"simulated-gateway"} <= first.keys()  # that one comes from "nongvu gateway add"
    assert tmp_path.stat().st_mode & 0o077 == 0  # the folder keeps others out; containers read the files as their users
    assert [file.name for file in tmp_path.iterdir() if not file.stat().st_mode & 0o004] == []


def test_the_brokers_certificate_is_the_authoritys(tmp_path):
    made(tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "mqtt_authority"))
    assert context.cert_store_stats()["x509_ca"] == 1
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "mqtt_certificate", tmp_path / "mqtt_key")
    shake_hands(context, server, "broker.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, server, "other.example")


def test_a_certificate_that_was_deleted_is_made_anew_by_the_same_authority(tmp_path):
    before = made(tmp_path)
    (tmp_path / "mqtt_certificate").unlink()
    after = made(tmp_path)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"mqtt_certificate", "mqtt_key"}
    context = ssl.create_default_context(cafile=str(tmp_path / "mqtt_authority"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "mqtt_certificate", tmp_path / "mqtt_key")
    shake_hands(context, server, "broker.example")
    (tmp_path / "mqtt_certificate").unlink()
    (tmp_path / "authority_key").unlink()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        made(tmp_path)
    assert b"authority_key is not here" in refused.value.stderr


def shake_hands(client_context, server_context, name):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"


def test_users_get_the_passwords_of_the_secrets(database, tmp_path):
    made(tmp_path)
    here = urlsplit(database)
    (tmp_path / "database_owner_url").write_text(database)
    environment = os.environ | {"NONGVU_SECRETS": str(tmp_path), "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        subprocess.run([sys.executable, str(ROOT / "deployment/users.py")], check=True, env=environment)
    written = urlsplit((tmp_path / "database_ingest_url").read_text().strip())
    login = urlunsplit(
        (written.scheme, f"{written.username}:{written.password}@{here.hostname}:{here.port}", here.path, "", "")
    )
    with psycopg.connect(login) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ingest",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM subscriber")
