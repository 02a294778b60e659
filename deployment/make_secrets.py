"""Writes every missing secret of the compose file: passwords, database addresses, certificates, the broker's users.

Run it once, before the first ``docker compose up``, where nongvu is installed: ``python deployment/make_secrets.py``.
It overwrites nothing, so that it can be run again after an upgrade brought a new secret.
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

from store.dynamic_security import write_initial

FOLDER = Path(os.environ.get("NONGVU_SECRETS", Path(__file__).parent / "secrets"))
PASSWORDS = ("database_owner_password", "database_replication_password", "grafana_password",
             "chart_reader_password", "chart_public_password")  # fmt: skip
LOGINS = ("ingest", "analytics", "notify", "api")
BROKER_USERS = (
    *((f"ingest-{worker}-{stream}", "ingest") for worker in (0, 1) for stream in ("live", "backlog")),
    ("api-0", "api"),
)
YEARS = timedelta(days=3650)


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
    owner = (FOLDER / "database_owner_password").read_text().strip()
    write("database_owner_url", f"postgresql://nongvu_owner:{owner}@database:5432/nongvu")
    for login in LOGINS:
        write(f"database_{login}_url", f"postgresql://{login}:{secrets.token_urlsafe(24)}@database:5432/nongvu")


def broker() -> None:
    """The dynamic-security plugin's first file, and the passwords in it."""
    file = FOLDER / "dynamic-security.json"
    if file.exists():
        return
    for user, password in write_initial(file, "administrator", BROKER_USERS).items():
        write(user, password)


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
    """An authority of our own, and the broker's certificate for the names gateways connect to."""
    if (FOLDER / "mqtt_authority").exists():
        return
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = "Nong Vu broker authority"
    own = certificate(issuer, authority, issuer, authority)
    broker_certificate = certificate(hosts[0], server, issuer, authority, [general_name(host) for host in hosts])
    for name, private in (("authority_key", authority), ("mqtt_key", server)):
        write(name, private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))  # fmt: skip
    write("mqtt_authority", own.public_bytes(serialization.Encoding.PEM))
    write("mqtt_certificate", broker_certificate.public_bytes(serialization.Encoding.PEM))


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
    certificates([*sys.argv[1:], "broker", "localhost"])
    sys.stdout.write("Keep authority_key away from this machine; it signs the certificates of gateways.\n")


if __name__ == "__main__":
    main()
