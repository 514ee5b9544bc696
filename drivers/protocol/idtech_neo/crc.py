"""The checksum of a frame: CRC-16 with polynomial 1021, beginning at FFFF."""

from __future__ import annotations

from binascii import crc_hqx


def crc_16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE of `data`: neither reflected nor inverted at the end."""
    return crc_hqx(data, 0xFFFF)
