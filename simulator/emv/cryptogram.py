"""Application cryptograms: from the issuer's master key to ARQC and ARPC.

EMV Book 2, annex A1 (keys), 8.1 (cryptogram) and 8.2 (issuer authentication). Pure.
"""

from __future__ import annotations

from simulator.emv.tdes import BLOCK_SIZE, encrypt_block, retail_mac, xor

TEST_ISSUER_MASTER_KEY = bytes.fromhex("2315208C9110AD402315208C9110AD40")
"""A master key published for test cards; protects nothing."""

_INVERT = b"\xff" * BLOCK_SIZE


def card_master_key(
    issuer_master_key: bytes, number: str, *, sequence_number: int
) -> bytes:
    """The card's own key, from its number and sequence number (A1.4.1, option A)."""
    digits = f"{number}{sequence_number:02d}"[-16:].rjust(16, "0")
    seed = bytes.fromhex(digits)
    left = encrypt_block(issuer_master_key, seed)
    right = encrypt_block(issuer_master_key, xor(seed, _INVERT))
    return _with_odd_parity(left + right)


def session_key(card_key: bytes, application_transaction_counter: int) -> bytes:
    """The key of one transaction (A1.3.1, common session key derivation)."""
    counter = application_transaction_counter.to_bytes(2, "big")
    left = encrypt_block(card_key, counter + b"\xf0" + bytes(5))
    right = encrypt_block(card_key, counter + b"\x0f" + bytes(5))
    return _with_odd_parity(left + right)


def application_cryptogram(key: bytes, message: bytes) -> bytes:
    """ARQC, TC or AAC over the card's chosen data: 8 bytes (8.1.1).

    Padded with 80 and zeros to whole blocks (ISO 9797-1, method 2).
    """
    padded = message + b"\x80"
    size = -(-len(padded) // BLOCK_SIZE) * BLOCK_SIZE
    return retail_mac(key, padded.ljust(size, b"\0"))


def authorization_response_cryptogram(
    key: bytes, request_cryptogram: bytes, *, response_code: str
) -> bytes:
    """ARPC by method 1, over the ARQC and the two-character response code (8.2.1)."""
    code = response_code.encode("ascii").ljust(BLOCK_SIZE, b"\0")
    return encrypt_block(key, xor(request_cryptogram, code))


def _with_odd_parity(key: bytes) -> bytes:
    return bytes(byte if byte.bit_count() % 2 else byte ^ 1 for byte in key)
