"""Whose orders count: Ed25519 public keys with names, one a line in a file."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.errors import SettingsInvalid


def read_keys(path: Path) -> dict[str, Ed25519PublicKey]:
    """The keys by name; `#` begins a comment. Raises SettingsInvalid."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"fleet.order_keys_file: {path}: {error}") from error
    keys: dict[str, Ed25519PublicKey] = {}
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].split()
        if not text:
            continue
        try:
            name, encoded = text
            raw = base64.b64decode(encoded, validate=True)
            keys[name] = Ed25519PublicKey.from_public_bytes(raw)
        except (ValueError, binascii.Error) as error:
            raise SettingsInvalid(
                f"fleet.order_keys_file: {path}: line {number} is not a name and a key"
            ) from error
    return keys


def key_line(name: str, key: Ed25519PrivateKey) -> str:
    """The line by which machines know this key."""
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{name} {base64.b64encode(raw).decode()}"


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """The key as its owner keeps it, closed to everybody else."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_private(path: Path) -> Ed25519PrivateKey:
    """The owner's key. Raises SettingsInvalid."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsInvalid(f"{path}: not a key for orders") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsInvalid(f"{path}: not an Ed25519 key")
    return key
