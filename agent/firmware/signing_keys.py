"""The operator's signing keys: ed25519, one file each, never shown.

A file is PKCS #8 in PEM, mode 0600, encrypted where a passphrase is given.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from agent.firmware.errors import SigningKeyUnreadable

SUFFIX = ".key"
_LARGEST_FILE = 16_384


def make_signers(
    folder: Path, names: Iterable[str], *, passphrase: bytes | None
) -> dict[str, CryptoSigner]:
    """A new key for each name, kept in `folder`; raises SigningKeyUnreadable.

    A key that exists already is never replaced.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    )
    return {name: _make(folder / f"{name}{SUFFIX}", encryption) for name in names}


def read_signers(folder: Path, *, passphrase: bytes | None) -> list[CryptoSigner]:
    """All keys of `folder`, in the order of their names; raises SigningKeyUnreadable."""
    return [
        _read(path, passphrase=passphrase) for path in sorted(folder.glob(f"*{SUFFIX}"))
    ]


def _make(path: Path, encryption: KeySerializationEncryption) -> CryptoSigner:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise SigningKeyUnreadable(f"{path}: {error.strerror}") from error
    with os.fdopen(file, "wb") as stream:
        stream.write(pem)
    return CryptoSigner(key)


def _read(path: Path, *, passphrase: bytes | None) -> CryptoSigner:
    try:
        with path.open("rb") as stream:
            if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
                raise SigningKeyUnreadable(f"{path}: open to other users")
            pem = stream.read(_LARGEST_FILE)
    except OSError as error:
        raise SigningKeyUnreadable(f"{path}: {error.strerror}") from error
    is_encrypted = pem.startswith(b"-----BEGIN ENCRYPTED")
    try:
        key = load_pem_private_key(pem, passphrase if is_encrypted else None)
    except (TypeError, ValueError):
        # Nothing of the library's message: it may tell of the key.
        raise SigningKeyUnreadable(
            f"{path}: no key, or under another passphrase"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnreadable(f"{path}: not an ed25519 key")
    return CryptoSigner(key)
