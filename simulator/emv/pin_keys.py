"""The PIN keys of one reader, apart from those of its card data: TDES and AES DUKPT."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.emv import aes_dukpt, dukpt
from simulator.emv.pin_block import PinBlockFormat, decrypt_pin, encrypt_pin
from simulator.errors import CardDataUnreadable
from simulator.faults import Random


@dataclass(frozen=True, slots=True)
class SealedPin:
    """What may leave the reader of a PIN."""

    block: bytes = field(repr=False)
    ksn: bytes
    """10 bytes for TDES, 12 for AES, which ISO_4 needs."""
    block_format: PinBlockFormat


class PinKeys:
    """A reader's PIN keys, in the order in which its PINs use them up."""

    def __init__(self, first_ksn: bytes, *, first_aes_ksn: bytes) -> None:
        """Raises ValueError for malformed key serial numbers."""
        self._ksn, self._aes_ksn = first_ksn, first_aes_ksn

    @property
    def next_ksn(self) -> bytes:
        """The key serial number of the next PIN under TDES."""
        return self._ksn

    def seal(
        self, pin: str, number: str, *, block_format: PinBlockFormat, random: Random
    ) -> SealedPin:
        """Encrypt `pin` for the card `number` under a key of its own."""
        if block_format is PinBlockFormat.ISO_4:
            ksn, self._aes_ksn = self._aes_ksn, aes_dukpt.next_ksn(self._aes_ksn)
        else:
            ksn, self._ksn = self._ksn, dukpt.next_ksn(self._ksn)
        block = encrypt_pin(
            _key(ksn), pin, number, block_format=block_format, random=random
        )
        return SealedPin(block, ksn, block_format)


def open_pin(sealed: SealedPin, number: str) -> str:
    """The PIN, as the issuer gets it; raises CardDataUnreadable."""
    try:
        return decrypt_pin(
            _key(sealed.ksn), sealed.block, number, block_format=sealed.block_format
        )
    except ValueError:
        raise CardDataUnreadable("the PIN block does not decrypt") from None


def _key(ksn: bytes) -> bytes:
    if len(ksn) == aes_dukpt.KSN_SIZE:
        device_key = aes_dukpt.initial_key(aes_dukpt.TEST_BDK, ksn)
        return aes_dukpt.working_key(device_key, ksn, aes_dukpt.Usage.PIN_ENCRYPTION)
    device_key = dukpt.initial_key(dukpt.TEST_BDK, ksn)
    key = dukpt.transaction_key(device_key, ksn)
    return dukpt.working_key(key, dukpt.Variant.PIN)
