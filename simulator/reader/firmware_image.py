"""Firmware of simulated readers: an image signed by a vendor who does not exist.

    SIMFW1  model length(1) model  version length(1) version  type(2)  code  signature(64)

The signature is Ed25519 over all before it. Its private key follows from a sentence and
protects nothing: it stands for the vendor's, which nobody but the vendor has.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAIN_APPLICATION = 0x0001
"""The image type of a reader's own firmware."""

_MAGIC = b"SIMFW1"
_SIGNATURE_BYTES = 64
_VENDOR_SEED = hashlib.sha256(b"the vendor of the simulated readers").digest()


class ImageInvalid(ValueError):
    """Not an image, or not signed by the simulated vendor."""


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """What a reader finds in an image."""

    model: str
    """The one model that takes it."""
    version: str
    image_type: int = MAIN_APPLICATION
    code: bytes = field(default=b"", repr=False)
    """Nothing is ever run of it; it gives the image its length."""


def sign(image: FirmwareImage) -> bytes:
    """The image as a vendor hands it out; ValueError for a name of 256 bytes or more."""
    body = b"".join(
        (
            _MAGIC,
            _short(image.model),
            _short(image.version),
            image.image_type.to_bytes(2, "big"),
            image.code,
        )
    )
    return body + _vendor().sign(body)


def open_image(data: bytes) -> FirmwareImage:
    """The image in `data`; raises ImageInvalid."""
    body, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    if not body.startswith(_MAGIC):
        raise ImageInvalid("not a firmware image of a simulated reader")
    try:
        _vendor().public_key().verify(signature, body)
    except InvalidSignature:
        raise ImageInvalid("not signed by the vendor") from None
    # Signed, hence well-formed: only `sign` makes such a signature.
    model, rest = _taken(body[len(_MAGIC) :])
    version, rest = _taken(rest)
    return FirmwareImage(
        model, version, image_type=int.from_bytes(rest[:2], "big"), code=rest[2:]
    )


def _vendor() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_VENDOR_SEED)


def _short(text: str) -> bytes:
    data = text.encode("ascii")
    return bytes((len(data),)) + data


def _taken(data: bytes) -> tuple[str, bytes]:
    end = 1 + data[0]
    return data[1:end].decode("ascii"), data[end:]
