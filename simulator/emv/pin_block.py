"""PIN blocks of ISO 9564-1: a PIN made fit for encryption, and got back by the issuer.

Pure, and careful: no message here repeats a PIN or a card number.
"""

from __future__ import annotations

from enum import IntEnum

from simulator.emv import aes, tdes
from simulator.faults import Random

LEAST_DIGITS, MOST_DIGITS = 4, 12


class PinBlockFormat(IntEnum):
    """The formats a reader can be asked for, by their numbers in ISO 9564-1."""

    ISO_0 = 0
    ISO_1 = 1
    """Without the card number, where nobody knows it."""
    ISO_3 = 3
    ISO_4 = 4
    """For AES keys only."""


def encrypt_pin(
    key: bytes, pin: str, number: str, *, block_format: PinBlockFormat, random: Random
) -> bytes:
    """The encrypted block: 8 bytes under a TDES key, 16 for ISO_4 under an AES one.

    `number` is the PAN; raises ValueError for a PIN of the wrong length.
    """
    if not (pin.isdecimal() and LEAST_DIGITS <= len(pin) <= MOST_DIGITS):
        raise ValueError(f"a PIN has {LEAST_DIGITS} to {MOST_DIGITS} digits")
    field = _pin_field(pin, block_format, random)
    match block_format:
        case PinBlockFormat.ISO_4:
            first = aes.encrypt_block(key, field)
            return aes.encrypt_block(key, tdes.xor(first, _long_number_field(number)))
        case PinBlockFormat.ISO_1:
            return tdes.encrypt_block(key, field)
        case _:
            return tdes.encrypt_block(key, tdes.xor(field, _number_field(number)))


def decrypt_pin(
    key: bytes, block: bytes, number: str, *, block_format: PinBlockFormat
) -> str:
    """The PIN in `block`; raises ValueError where it holds none for `number`."""
    match block_format:
        case PinBlockFormat.ISO_4:
            inner = tdes.xor(aes.decrypt_block(key, block), _long_number_field(number))
            field = aes.decrypt_block(key, inner)
        case PinBlockFormat.ISO_1:
            field = tdes.decrypt_block(key, block)
        case _:
            opened = tdes.decrypt_block(key, block)
            field = tdes.xor(opened, _number_field(number))
    digits = field.hex()
    length = int(digits[1], 16)
    pin = digits[2 : 2 + length]
    is_pin = pin.isdecimal() and LEAST_DIGITS <= length <= MOST_DIGITS
    if digits[0] != str(int(block_format)) or not is_pin:
        raise ValueError("the block holds no PIN for this card")
    return pin


def _pin_field(pin: str, block_format: PinBlockFormat, random: Random) -> bytes:
    head = f"{int(block_format)}{len(pin):X}{pin}"
    match block_format:
        case PinBlockFormat.ISO_0:
            return bytes.fromhex(head.ljust(16, "F"))
        case PinBlockFormat.ISO_1:
            return bytes.fromhex((head + random(8).hex())[:16])
        case PinBlockFormat.ISO_3:
            # Fill digits are random, and none below A.
            fill = "".join("ABCDEF"[byte % 6] for byte in random(16))
            return bytes.fromhex((head + fill)[:16])
        case PinBlockFormat.ISO_4:
            return bytes.fromhex(head.ljust(16, "A")) + random(8)


def _number_field(number: str) -> bytes:
    """The last twelve digits before the check digit."""
    return bytes.fromhex("0000" + number[-13:-1].rjust(12, "0"))


def _long_number_field(number: str) -> bytes:
    digits = number.rjust(12, "0")
    return bytes.fromhex(f"{len(digits) - 12:X}{digits}".ljust(32, "0"))
