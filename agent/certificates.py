"""An authority of one's own, and the certificates that it signs. Pure but for the keys it draws.

X.509 as RFC 5280 has it, with P-256 keys, which every TLS library takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIVES = timedelta(days=3650)
LIVES = timedelta(days=825)
"""Of all others: the longest that Apple's and Chrome's clients take of an own authority."""
CLOCKS_DIFFER = timedelta(days=1)
"""How far behind a caller's clock may be."""

_AUTHORITY_NAME = "Cardlane local authority"


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


def new_authority(at: datetime) -> Certified:
    """An authority that signs certificates, and nothing below other authorities."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _named(_AUTHORITY_NAME)
    usage = _usage(signs_certificates=True)
    builder = (
        _begun(name, name, key.public_key(), at=at, lives=AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _certified(builder.sign(key, hashes.SHA256()), key)


def server_certificate(
    authority: Certified, names: Iterable[str], *, at: datetime
) -> Certified:
    """For a server with these names or addresses; raises ValueError for none."""
    listed = [_general_name(name) for name in names]
    return _signed(
        authority,
        listed[0].value if listed else "",
        at=at,
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
        names=listed,
    )


def client_certificate(authority: Certified, name: str, *, at: datetime) -> Certified:
    """For a caller of this name."""
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(authority, name, at=at, purpose=purpose, names=[])


def renewed(authority: Certified, shown: Certified, *, at: datetime) -> bytes:
    """A server's certificate for the same names and key, and for another while; PEM.

    Raises ValueError where it is of another authority.
    """
    former = x509.load_pem_x509_certificate(shown.certificate)
    issuer, _ = _signer(authority)
    try:
        former.verify_directly_issued_by(issuer)
    except InvalidSignature as error:
        raise ValueError("the certificate is of another authority") from error
    names = [_general_name(name) for name in read_certificate(shown.certificate).names]
    return _signed(
        authority,
        names[0].value,
        at=at,
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
        names=names,
        key=_key_of(shown),
    ).certificate


@dataclass(frozen=True, slots=True)
class Written:
    """What a certificate says of itself."""

    names: tuple[str, ...]
    valid: Period


@dataclass(frozen=True, slots=True)
class Period:
    """From when and until when a certificate, or a list of revoked ones, counts."""

    begins_at: datetime
    ends_at: datetime

    def is_ending(self, at: datetime) -> bool:
        """Whether it is in its last fifth, or its last thirty days where that is less.

        By then whoever renews by themselves has: certbot with a third of the time left.
        """
        soon = min(timedelta(days=30), (self.ends_at - self.begins_at) / 5)
        return self.ends_at - at < soon


def read_certificate(certificate: bytes) -> Written:
    """The first certificate of a PEM file; raises ValueError for none."""
    read = x509.load_pem_x509_certificate(certificate)
    try:
        listed = read.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(str(one.value) for one in listed.value)
    except x509.ExtensionNotFound:
        names = ()
    return Written(names, _valid(read))


def longest_valid(certificates: bytes) -> Period:
    """When the last certificate of a PEM file ends; raises ValueError for none."""
    read = map(_valid, x509.load_pem_x509_certificates(certificates))
    return max(read, key=lambda period: period.ends_at)


def list_valid(listed: bytes) -> Period:
    """When the first list of a PEM file must be replaced; raises ValueError for none."""
    read = x509.load_pem_x509_crl(listed)
    # A list that does not say it counts without end, as for OpenSSL.
    ends_at = read.next_update_utc or datetime.max.replace(tzinfo=UTC)
    return Period(read.last_update_utc, ends_at)


def serial_number(certificate: bytes) -> int:
    """By which a list of revoked certificates names it; raises ValueError for none."""
    return x509.load_pem_x509_certificate(certificate).serial_number


def revocation_list(
    authority: Certified, revoked: Mapping[int, datetime], *, at: datetime
) -> bytes:
    """The authority's list of these serial numbers, and since when; PEM.

    It is good as long as the authority: who checks it reads the very file, and an old
    list that is refused would lock everybody out.
    """
    issuer, signing = _signer(authority)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at - CLOCKS_DIFFER)
        .next_update(issuer.not_valid_after_utc)
        .add_extension(x509.CRLNumber(int(at.timestamp() * 1000)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
    )
    for serial, since in revoked.items():
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(since)
            .build()
        )
    return builder.sign(signing, hashes.SHA256()).public_bytes(Encoding.PEM)


def revoked_in(listed: bytes) -> dict[int, datetime]:
    """The serial numbers of a PEM list, and since when; raises ValueError for none."""
    read = x509.load_pem_x509_crl(listed)
    return {one.serial_number: one.revocation_date_utc for one in read}


def _signed(
    authority: Certified,
    subject: object,
    *,
    at: datetime,
    purpose: x509.ObjectIdentifier,
    names: list[x509.DNSName | x509.IPAddress],
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Certified:
    issuer, signing = _signer(authority)
    key = key or ec.generate_private_key(ec.SECP256R1())
    # Nobody believes it for longer than the authority.
    lives = min(LIVES, issuer.not_valid_after_utc - (at - CLOCKS_DIFFER))
    builder = (
        _begun(
            _named(str(subject)), issuer.subject, key.public_key(), at=at, lives=lives
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
    )
    if names:
        alternatives = x509.SubjectAlternativeName(names)
        builder = builder.add_extension(alternatives, critical=False)
    return _certified(builder.sign(signing, hashes.SHA256()), key)


def _signer(
    authority: Certified,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    return x509.load_pem_x509_certificate(authority.certificate), _key_of(authority)


def _key_of(certified: Certified) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(certified.key, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is none of ours")
    return key


def _valid(certificate: x509.Certificate) -> Period:
    return Period(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    at: datetime,
    lives: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - CLOCKS_DIFFER)
        .not_valid_after(at - CLOCKS_DIFFER + lives)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)


def _certified(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Certified:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certified(certificate.public_bytes(Encoding.PEM), private)
