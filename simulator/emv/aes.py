"""AES as card cryptography uses it: single blocks, test keys only."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK_SIZE = 16


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block."""
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, as the standards have it
    return encryptor.update(block) + encryptor.finalize()


def decrypt_block(key: bytes, block: bytes) -> bytes:
    """Undo `encrypt_block`."""
    decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - one block, as the standards have it
    return decryptor.update(block) + decryptor.finalize()
