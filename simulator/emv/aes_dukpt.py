"""AES DUKPT, the originating side, with 128-bit keys (ANSI X9.24-3, 6.3).

As `dukpt`: only published test keys, and only in the simulator.
"""

from __future__ import annotations

from enum import IntEnum

from simulator.emv.aes import BLOCK_SIZE, encrypt_block

TEST_BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
"""The base derivation key of X9.24-3's own examples; public, for tests only."""

KSN_SIZE = 12

_DEVICE_BYTES = 8
_COUNTER_BITS = 32
_MOST_ONE_BITS = 16
_AES_128 = 2


class Usage(IntEnum):
    """What a key is for (X9.24-3, table 4)."""

    PIN_ENCRYPTION = 0x1000
    DATA_ENCRYPTION = 0x3000
    DERIVATION = 0x8000
    INITIAL_KEY = 0x8001


def initial_key(bdk: bytes, ksn: bytes) -> bytes:
    """The key injected into the device that `ksn` names."""
    return _derived(bdk, Usage.INITIAL_KEY, context=_device(ksn))


def working_key(device_key: bytes, ksn: bytes, usage: Usage) -> bytes:
    """The key of the use that `ksn` counts, derived bit by bit of its counter."""
    counter = counter_of(ksn)
    key, reached = device_key, 0
    for position in reversed(range(_COUNTER_BITS)):
        bit = 1 << position
        if counter & bit:
            reached |= bit
            key = _derived(key, Usage.DERIVATION, context=_context(ksn, reached))
    return _derived(key, usage, context=_context(ksn, counter))


def counter_of(ksn: bytes) -> int:
    """The transaction counter: the last four bytes of the key serial number."""
    return int.from_bytes(ksn[_DEVICE_BYTES:], "big")


def next_ksn(ksn: bytes) -> bytes:
    """The key serial number of the following use.

    Counters with more than sixteen one bits are skipped; after the last usable one a
    real device is dead, this one starts over.
    """
    counter = counter_of(ksn) + 1
    while counter.bit_count() > _MOST_ONE_BITS:
        # Adding the lowest one bit clears it: the next candidate with fewer ones.
        counter += counter & -counter
    if counter >> _COUNTER_BITS:
        counter = 1
    return _device(ksn) + counter.to_bytes(4, "big")


def _derived(key: bytes, usage: Usage, *, context: bytes) -> bytes:
    """Version 1, block 1, usage, algorithm, length in bits, context (X9.24-3, 6.3.2)."""
    data = b"\x01\x01" + usage.to_bytes(2, "big")
    data += _AES_128.to_bytes(2, "big") + (8 * BLOCK_SIZE).to_bytes(2, "big")
    return encrypt_block(key, data + context)


def _context(ksn: bytes, counter: int) -> bytes:
    return _device(ksn)[4:] + counter.to_bytes(4, "big")


def _device(ksn: bytes) -> bytes:
    if len(ksn) != KSN_SIZE:
        raise ValueError(f"an AES key serial number has {KSN_SIZE} bytes")
    return ksn[:_DEVICE_BYTES]
