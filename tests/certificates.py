"""Certificates for tests: good ones, and such as nobody may accept."""

import datetime as dt
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = dt.datetime.now(dt.UTC)


class Authority:
    """Signs certificates; its own lies in `file`."""

    def __init__(self, folder, name):
        self.folder, self.name, self.key = folder, name, ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        write(self.file, self.sign(name, self.key.public_key(), None, 30, authority=True))

    def sign(self, name, public, names, days, *, authority=False):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=40))
            .not_valid_after(NOW + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue(self, name, *, address="127.0.0.1", host=None, days=2):
        """Certificate and key files for an address, or for a host's name; ended already where days are negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(host)] if host else [x509.IPAddress(ipaddress.ip_address(address))]
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        write(certificate, self.sign(name, key.public_key(), names, days))
        write(private, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))  # fmt: skip
        return certificate, private


def write(path, text):
    """Readable for the broker, which runs as another user."""
    path.write_bytes(text)
    path.chmod(0o644)
