"""A real Mosquitto for a while: TLS with an authority of its own, passwords, ACLs."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PASSWORDS = shutil.which("mosquitto_passwd")
PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")

MACHINE_RULES = """
user till
topic readwrite cardlane/till/#
topic read cardlane/all/orders
topic write office/#

user office
topic readwrite cardlane/#
topic readwrite office/#
"""
USERS = {"till": "a till's password", "office": "an office's password"}


@dataclass
class Mosquitto:
    """A broker that can be stopped and started again; it remembers its sessions."""

    folder: Path
    port: int
    popen: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"mqtts://localhost:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def password_file(self, user: str) -> Path:
        """A file with the user's password, as the agent reads one."""
        file = self.folder / f"{user}.password"
        file.write_text(USERS[user])
        file.chmod(0o600)
        return file

    def start(self) -> None:
        """Begin to listen; returns when it does."""
        log = (self.folder / "log").open("ab")
        self.popen = subprocess.Popen(
            [str(PROGRAM), "-c", str(self.folder / "mosquitto.conf")],
            stdout=log,
            stderr=log,
        )
        log.close()
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except ConnectionError:
                if self.popen.poll() is not None:
                    told = (self.folder / "log").read_text()
                    raise RuntimeError(f"mosquitto does not start: {told}") from None

    def stop(self) -> None:
        """End as a service does: what is retained, and sessions, are kept."""
        if self.popen is not None:
            self.popen.terminate()
            self.popen.wait()
            self.popen = None


@contextmanager
def mosquitto(
    folder: Path, *, bridge_to: Mosquitto | None = None
) -> Iterator[Mosquitto]:
    """A broker on a free port, until the context ends.

    It may fetch all events from another one, and so tell of machines that are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    broker = Mosquitto(folder, _free_port())
    _write_certificates(folder)
    passwords = folder / "passwords"
    passwords.touch(0o600)
    for user, password in USERS.items():
        subprocess.run(
            [str(PASSWORDS), "-b", str(passwords), user, password],
            check=True,
            capture_output=True,
        )
    (folder / "acl").write_text(MACHINE_RULES)
    for file in folder.iterdir():
        file.chmod(0o600)
    bridge = "" if bridge_to is None else _bridge(bridge_to)
    (folder / "mosquitto.conf").write_text(_configuration(broker) + bridge)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _configuration(broker: Mosquitto) -> str:
    folder = broker.folder
    return f"""
user root
per_listener_settings false
listener {broker.port} 127.0.0.1
cafile {folder}/ca.pem
certfile {folder}/server.pem
keyfile {folder}/server.key
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/
max_queued_messages 0
log_dest stderr
"""


def _bridge(other: Mosquitto) -> str:
    return f"""
connection other
address localhost:{other.port}
bridge_cafile {other.ca_file}
remote_username office
remote_password {USERS["office"]}
cleansession false
notifications false
topic cardlane/+/events in 1
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _write_certificates(folder: Path) -> None:
    """An authority, and a certificate of its for this machine."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in "12")
    name = _name("Test authority")
    authority = (
        _certificate(name, name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    server = (
        _certificate(_name("localhost"), name, server_key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(Encoding.PEM))
    (folder / "server.key").write_bytes(
        server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - the broker goes by the machine's clock
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
