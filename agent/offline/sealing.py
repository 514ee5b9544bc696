"""Sealing what waits for Stripe: AES-256-GCM, bound to the entry that it belongs to.

Pure but for loading the cipher with the first seal. A seal opens with its key and its
entry only: a changed amount, a number of another payment, or bytes of another record
show as SealBroken.
"""

from __future__ import annotations

from hashlib import sha256

from agent.settings import OfflineKey

NONCE_BYTES = 12
"""Random, so that a restored backup never repeats one (NIST SP 800-38D, 8.2.2)."""


class SealBroken(Exception):
    """These bytes were not sealed by this key for this entry."""


def seal(key: OfflineKey, plaintext: bytes, *, bound: bytes, nonce: bytes) -> bytes:
    """`nonce` and ciphertext; `bound` is not kept, but needed to open it.

    Raises ValueError for a nonce of another length.
    """
    # Loaded on use: most machines never take a payment offline.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    return nonce + AESGCM(key.secret).encrypt(nonce, plaintext, bound)


def unseal(key: OfflineKey, sealed: bytes, *, bound: bytes) -> bytes:
    """What was sealed; raises SealBroken."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key.secret).decrypt(nonce, ciphertext, bound)
    except (InvalidTag, ValueError):
        raise SealBroken("the seal does not open") from None


def digest(sealed: bytes) -> str:
    """SHA-256 as hex: what an entry says of the bytes kept apart."""
    return sha256(sealed).hexdigest()
