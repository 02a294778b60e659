"""Writes every missing secret of the compose file: passwords, database addresses, certificates, the broker's users.

Run it once, before the first ``docker compose up``, where nongvu is installed: ``python deployment/make_secrets.py``.
It overwrites nothing, so that it can be run again after an upgrade brought a new secret, and to renew one: delete
``mqtt_certificate``, run it again, and the same authority signs another.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from telemetry.dynamic_security import write_initial

FOLDER = Path(os.environ.get("NONGVU_SECRETS", Path(__file__).parent / "secrets"))
PASSWORDS = ("database_owner_password", "database_replication_password", "grafana_password",
             "chart_reader_password", "chart_public_password")  # fmt: skip
LOGINS = ("ingest", "analytics", "notify", "api")
BROKER_USERS = (
    *((f"ingest-{worker}-{stream}", "ingest") for worker in (0, 1) for stream in ("live", "backlog")),
    ("api-0", "api"),
    ("health", "health"),
)
YEARS = timedelta(days=3650)
#: Until a province has written its own: see docs/messages.md, "Routes".
ROUTES = """\
# Ways by which messages leave, the best first: docs/messages.md, "Routes". It is a secret, since it holds passwords.
# As long as only this one is here, messages are files that nobody is sent: 'nongvu doctor' says so.
[[route]]
name = "folder"
provider = "file"
options = { folder = "messages" } # below the folder of notify's own
"""


def write(name: str, text: str | bytes) -> None:
    """Write a secret that is not there yet."""
    path = FOLDER / name
    if path.exists():
        return
    body = text if isinstance(text, bytes) else f"{text}\n".encode()
    # Containers read it as their own users: the folder, not the file, keeps others out.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
        file.write(body)
    sys.stdout.write(f"wrote {name}\n")


def database() -> None:
    """Passwords and addresses of the database's users."""
    for name in PASSWORDS:
        write(name, secrets.token_urlsafe(24))
    word = (FOLDER / "grafana_password").read_text().strip()
    write("grafana_url", f"http://admin:{word}@grafana:3000")
    owner = (FOLDER / "database_owner_password").read_text().strip()
    write("database_owner_url", f"postgresql://nongvu_owner:{owner}@database:5432/nongvu")
    for login in LOGINS:
        write(f"database_{login}_url", f"postgresql://{login}:{secrets.token_urlsafe(24)}@database:5432/nongvu")


def broker() -> None:
    """The dynamic-security plugin's first file, and the passwords in it."""
    file = FOLDER / "dynamic-security.json"
    if file.exists():
        return
    # the plugin's own file is the broker's alone; this copy of it is read by another user, as all secrets are
    for user, password in write_initial(file, "administrator", BROKER_USERS).items():
        write(user, password)
    file.chmod(0o644)


def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey,
                names: list[x509.GeneralName] | None = None) -> x509.Certificate:  # fmt: skip
    """A certificate for a name, signed by the issuer; an authority's own where no names are given."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + YEARS)
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=0 if names is None else None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def certificates(hosts: list[str]) -> None:
    """An authority of our own, and the broker's certificate for the names gateways connect to; what is there stays."""
    issuer = "Nong Vu broker authority"
    if not (FOLDER / "mqtt_authority").exists():
        authority = ec.generate_private_key(ec.SECP256R1())
        write("authority_key", pem(authority))
        write("mqtt_authority", public(certificate(issuer, authority, issuer, authority)))
    if (FOLDER / "mqtt_certificate").exists():
        return
    key = FOLDER / "authority_key"
    if not key.exists():
        raise SystemExit(f"{key} is not here: bring it back, for it has to sign the broker's new certificate")
    signer = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 — it is our own
    server = ec.generate_private_key(ec.SECP256R1())
    (FOLDER / "mqtt_key").unlink(missing_ok=True)  # of the certificate that is gone
    write("mqtt_key", pem(server))
    write(
        "mqtt_certificate",
        public(certificate(hosts[0], server, issuer, signer, [general_name(host) for host in hosts])),
    )


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as a file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public(made: x509.Certificate) -> bytes:
    """A certificate as a file has it."""
    return made.public_bytes(serialization.Encoding.PEM)


def general_name(host: str) -> x509.GeneralName:
    """A host as a certificate names it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def main() -> None:
    """Write what is missing; arguments are further names or addresses by which gateways reach the broker."""
    FOLDER.chmod(0o700)
    database()
    broker()
    write("routes", ROUTES.rstrip())
    certificates([*sys.argv[1:], "broker", "localhost"])
    sys.stdout.write("Keep authority_key away from this machine; it signs the certificates of gateways.\n")


if __name__ == "__main__":
    main()
