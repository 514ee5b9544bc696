"""What a scanned code says, as notifications carry it."""

from __future__ import annotations

from enum import IntEnum

from drivers.errors import FrameError
from drivers.protocol.magtek_mms.blobs import (
    EncryptedData,
    encrypted_in,
    encrypted_objects,
)
from drivers.protocol.magtek_mms.fields import Parameters
from drivers.protocol.tlv import Tlv, find_value


class BarcodeKind(IntEnum):
    """What the device took a code for; only UNKNOWN may come in the clear."""

    UNKNOWN = 0x00
    MAGTEK = 0x01
    EMV = 0x02


BarcodeContent = bytes | EncryptedData


def barcode_parameters(content: BarcodeContent) -> Parameters:
    """The objects that carry a code."""
    if isinstance(content, EncryptedData):
        return encrypted_objects(content)
    return (Tlv(_CONTAINER, children=(Tlv(_DATA, content),)),)


def barcode_in(parameters: Parameters) -> BarcodeContent:
    """The code in these objects; raises FrameError where there is none."""
    data = find_value(parameters, _CONTAINER, _DATA)
    content = encrypted_in(parameters) if data is None else data
    if content is None:
        raise FrameError("a barcode without content")
    return content


_CONTAINER = 0xFC
_DATA = 0xDF74
