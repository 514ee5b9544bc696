"""AES as card cryptography uses it: whole blocks, zero vectors, test keys only."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

BLOCK_SIZE = 16


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block."""
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - one block, as the standards have it
    return encryptor.update(block) + encryptor.finalize()


def decrypt_block(key: bytes, block: bytes) -> bytes:
    """Undo `encrypt_block`."""
    decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - one block, as the standards have it
    return decryptor.update(block) + decryptor.finalize()


def encrypt_cbc(key: bytes, plaintext: bytes) -> bytes:
    """CBC from a zero vector; raises ValueError unless given whole blocks."""
    encryptor = Cipher(AES(key), CBC(bytes(BLOCK_SIZE))).encryptor()
    return encryptor.update(plaintext) + encryptor.finalize()


def decrypt_cbc(key: bytes, ciphertext: bytes) -> bytes:
    """Undo `encrypt_cbc`; raises ValueError unless given whole blocks."""
    decryptor = Cipher(AES(key), CBC(bytes(BLOCK_SIZE))).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()
