"""Triple DES as card cryptography uses it: whole blocks, zero vectors, test keys only."""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

BLOCK_SIZE = 8


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """One block under a double-length key, or single DES under an 8-byte one."""
    encryptor = Cipher(_triple(key), ECB()).encryptor()  # noqa: S305 - one block, as the standards have it
    return encryptor.update(block) + encryptor.finalize()


def decrypt_block(key: bytes, block: bytes) -> bytes:
    """Undo `encrypt_block`."""
    decryptor = Cipher(_triple(key), ECB()).decryptor()  # noqa: S305 - one block, as the standards have it
    return decryptor.update(block) + decryptor.finalize()


def encrypt_cbc(key: bytes, plaintext: bytes) -> bytes:
    """CBC from a zero vector; raises ValueError unless given whole blocks."""
    encryptor = Cipher(_triple(key), CBC(bytes(BLOCK_SIZE))).encryptor()
    return encryptor.update(plaintext) + encryptor.finalize()


def decrypt_cbc(key: bytes, ciphertext: bytes) -> bytes:
    """Undo `encrypt_cbc`; raises ValueError unless given whole blocks."""
    decryptor = Cipher(_triple(key), CBC(bytes(BLOCK_SIZE))).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def retail_mac(key: bytes, message: bytes) -> bytes:
    """ISO 9797-1 algorithm 3: DES along the chain, TDES on its last block; 8 bytes.

    `message` is already padded to whole blocks.
    """
    left, right = key[:BLOCK_SIZE], key[BLOCK_SIZE:]
    chained = encrypt_cbc(left, message)[-BLOCK_SIZE:]
    return encrypt_block(left, decrypt_block(right, chained))


def xor(left: bytes, right: bytes) -> bytes:
    """Both of one length; raises ValueError otherwise."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _triple(key: bytes) -> TripleDES:
    return TripleDES((key * 3)[:24])
