"""TDES DUKPT, the originating side: a fresh key per read (ANSI X9.24-1, annex A).

Only the simulator holds such keys, and only published test keys; the agent and its
drivers never decrypt anything.
"""

from __future__ import annotations

from enum import Enum

from simulator.emv.tdes import BLOCK_SIZE, encrypt_block, xor

TEST_BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
"""The base derivation key of X9.24-1's own examples; public, for tests only."""

KSN_SIZE = 10

_COUNTER_MASK = 0x1FFFFF
_MOST_ONE_BITS = 10
_KEY_MASK = bytes.fromhex("C0C0C0C000000000C0C0C0C000000000")


class Variant(Enum):
    """What a working key is for: the mask XORed over the transaction key."""

    PIN = bytes.fromhex("00000000000000FF00000000000000FF")
    MAC_REQUEST = bytes.fromhex("000000000000FF00000000000000FF00")
    MAC_RESPONSE = bytes.fromhex("00000000FF00000000000000FF000000")
    DATA_REQUEST = bytes.fromhex("0000000000FF00000000000000FF0000")
    DATA_RESPONSE = bytes.fromhex("000000FF00000000000000FF00000000")


def initial_key(bdk: bytes, ksn: bytes) -> bytes:
    """The key injected into the device that `ksn` names."""
    device = _without_counter(ksn)[:BLOCK_SIZE]
    return encrypt_block(bdk, device) + encrypt_block(xor(bdk, _KEY_MASK), device)


def transaction_key(device_key: bytes, ksn: bytes) -> bytes:
    """The key of the read that `ksn` counts, derived bit by bit of its counter."""
    register = int.from_bytes(_without_counter(ksn)[2:], "big")
    key = device_key
    for position in reversed(range(_COUNTER_MASK.bit_length())):
        bit = 1 << position
        if counter_of(ksn) & bit:
            register |= bit
            key = _next_key(key, register.to_bytes(BLOCK_SIZE, "big"))
    return key


def working_key(key: bytes, variant: Variant) -> bytes:
    """The transaction key made fit for one purpose.

    Data keys are encrypted under themselves once more, each half on its own.
    """
    masked = xor(key, variant.value)
    if variant not in {Variant.DATA_REQUEST, Variant.DATA_RESPONSE}:
        return masked
    return encrypt_block(masked, masked[:BLOCK_SIZE]) + encrypt_block(
        masked, masked[BLOCK_SIZE:]
    )


def counter_of(ksn: bytes) -> int:
    """The transaction counter: the low 21 bits of the key serial number."""
    return int.from_bytes(ksn[-3:], "big") & _COUNTER_MASK


def next_ksn(ksn: bytes) -> bytes:
    """The key serial number of the following read.

    Counters with more than ten one bits are skipped; after the last usable one
    a real device is dead, this one starts over.
    """
    counter = counter_of(ksn) + 1
    while counter.bit_count() > _MOST_ONE_BITS:
        # Adding the lowest one bit clears it: the next candidate with fewer ones.
        counter += counter & -counter
    if counter > _COUNTER_MASK:
        counter = 1
    base = int.from_bytes(_without_counter(ksn), "big")
    return (base | counter).to_bytes(KSN_SIZE, "big")


def _next_key(key: bytes, register: bytes) -> bytes:
    """The non-reversible key generation process of X9.24-1."""
    masked = xor(key, _KEY_MASK)
    return _one_way(masked, register) + _one_way(key, register)


def _one_way(key: bytes, register: bytes) -> bytes:
    left, right = key[:BLOCK_SIZE], key[BLOCK_SIZE:]
    return xor(encrypt_block(left, xor(register, right)), right)


def _without_counter(ksn: bytes) -> bytes:
    if len(ksn) != KSN_SIZE:
        raise ValueError(f"a TDES key serial number has {KSN_SIZE} bytes")
    return (int.from_bytes(ksn, "big") & ~_COUNTER_MASK).to_bytes(KSN_SIZE, "big")
