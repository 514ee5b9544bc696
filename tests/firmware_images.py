"""Firmware images as catalogues describe them, for tests."""

from __future__ import annotations

from typing import Any

from agent.firmware.image import FirmwareImage, read_terms

MODEL = "magtek_dynaprox"


def terms(version: str = "2.0", **changes: Any) -> dict[str, Any]:
    """The `custom` field of an image for MODEL that follows any version."""
    digits = [int(part) for part in version.split(".") if part.isdecimal()]
    sequence = sum(100**place * digit for place, digit in enumerate(reversed(digits)))
    return {
        "device_model": MODEL,
        "firmware_version": version,
        "sequence": sequence,
        "image_type": 1,
        **changes,
    }


def image(version: str = "2.0", **changes: Any) -> FirmwareImage:
    """Such an image."""
    return FirmwareImage(
        name=f"{MODEL}/{version}.bin",
        sha256="9f" * 32,
        length=4096,
        terms=read_terms(terms(version, **changes)),
    )
