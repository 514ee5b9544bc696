"""One firmware image as the signed catalogue describes it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SHA256_HEX = r"^[0-9a-f]{64}$"
LEAST_BATTERY_PERCENT = 30


@dataclass(frozen=True, slots=True)
class ImageTerms:
    """What the operator says of an image: the target's `custom` field."""

    device_model: Annotated[str, Field(pattern="^[a-z0-9_]+$")]
    """The profile's name, such as `magtek_dynaflex_ii_go`."""
    firmware_version: Annotated[str, Field(min_length=1, max_length=100)]
    """As the reader tells it once it runs the image."""
    sequence: Annotated[int, Field(ge=1)]
    """Grows with every release of a model; what is newer is decided by it."""
    image_type: Annotated[int, Field(ge=0, le=0xFFFF)]
    """The vendor's number for what is replaced."""
    hardware_min: str | None = None
    from_versions: tuple[str, ...] = ()
    """The only versions it may follow; empty for any."""
    vendor_digest: Annotated[str, Field(pattern=SHA256_HEX)] | None = None
    """SHA-256 as the vendor has published it."""
    min_battery_percent: Annotated[int, Field(ge=0, le=100)] = LEAST_BATTERY_PERCENT
    requires_reboot: bool = True
    is_downgrade: bool = False
    """It may replace a newer version."""


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """An image that the repository's keys have signed."""

    name: str
    """The target's name in the repository."""
    sha256: str
    length: int
    """In bytes."""
    terms: ImageTerms


class ImageUnreadable(ValueError):
    """A target that is no firmware image of ours."""


def read_image(
    name: str, *, length: int, hashes: Mapping[str, str], custom: object
) -> FirmwareImage:
    """The image of a target; raises ImageUnreadable, which says why."""
    sha256 = hashes.get("sha256")
    if sha256 is None:
        raise ImageUnreadable("no SHA-256")
    terms = read_terms(custom)
    if terms.vendor_digest not in (None, sha256):
        raise ImageUnreadable("vendor_digest: not that of the image")
    return FirmwareImage(name, sha256, length, terms)


def read_terms(custom: object) -> ImageTerms:
    """The terms in a `custom` field; raises ImageUnreadable.

    A field that this version does not know is passed over: a newer agent knows it.
    """
    try:
        return _adapter().validate_json(json.dumps(custom), strict=True)
    except ValidationError as error:
        first: ErrorDetails = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "custom"
        raise ImageUnreadable(f"{field}: {first['msg']}") from None


def terms_object(terms: ImageTerms) -> dict[str, object]:
    """The `custom` field that says the same."""
    return {name: value for name, value in asdict(terms).items() if value is not None}


@cache
def _adapter() -> TypeAdapter[ImageTerms]:
    """Made when it is first needed: agents that update nothing never do."""
    return TypeAdapter(ImageTerms)
