"""The key of one card read, TDES or AES: for readers that seal object by object.

The reader has it from its keys, the issuer from the key serial number. Test keys only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.emv import aes, aes_dukpt, dukpt, tdes
from simulator.emv.sealing import ReadKey


@dataclass(frozen=True, slots=True)
class CardKey:
    """Encrypts in CBC from a zero vector, each value by itself."""

    ksn: bytes
    """10 bytes for TDES, 12 for AES."""
    uses_aes: bool
    key: bytes = field(repr=False)

    def encrypt(self, plaintext: bytes) -> bytes:
        """`plaintext`, filled with zeros to whole blocks."""
        block_size = aes.BLOCK_SIZE if self.uses_aes else tdes.BLOCK_SIZE
        encrypt_cbc = aes.encrypt_cbc if self.uses_aes else tdes.encrypt_cbc
        return encrypt_cbc(self.key, plaintext + bytes(-len(plaintext) % block_size))

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Undo `encrypt`, but for the zeros; raises ValueError unless whole blocks."""
        decrypt_cbc = aes.decrypt_cbc if self.uses_aes else tdes.decrypt_cbc
        return decrypt_cbc(self.key, ciphertext)


class AesReadKeys:
    """One reader's AES keys, in the order in which its reads use them up."""

    def __init__(self, first_ksn: bytes) -> None:
        """Raises ValueError for a malformed key serial number."""
        self._ksn = first_ksn

    @property
    def next_ksn(self) -> bytes:
        """The key serial number of the next read."""
        return self._ksn

    def next(self) -> CardKey:
        """The key of the next read."""
        ksn, self._ksn = self._ksn, aes_dukpt.next_ksn(self._ksn)
        return aes_key(ksn)


def tdes_key(read: ReadKey) -> CardKey:
    """The key of a read under TDES."""
    return CardKey(read.ksn, uses_aes=False, key=read.data_key)


def aes_key(ksn: bytes) -> CardKey:
    """The AES key that `ksn` counts; raises ValueError for a malformed one."""
    device_key = aes_dukpt.initial_key(aes_dukpt.TEST_BDK, ksn)
    key = aes_dukpt.working_key(device_key, ksn, aes_dukpt.Usage.DATA_ENCRYPTION)
    return CardKey(ksn, uses_aes=True, key=key)


def issuers_tdes_key(ksn: bytes, *, bdk: bytes, variant: dukpt.Variant) -> CardKey:
    """The TDES key that `ksn` counts; raises ValueError for a malformed one."""
    key = dukpt.transaction_key(dukpt.initial_key(bdk, ksn), ksn)
    return CardKey(ksn, uses_aes=False, key=dukpt.working_key(key, variant))
