"""What happened in a firmware update, one frozen value each; agent.firmware reads them.

Values only. Written before an effect (`ActivationStarted`) and after it: an effect
without an outcome is unknown, and the reader is asked. No entry holds a key or a KSN.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.ids import ReaderId, UpdateId


class UpdateOutcome(StrEnum):
    """How an update ended."""

    DONE = "done"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    """The reader runs what it ran before."""


@dataclass(frozen=True, slots=True)
class UpdateRequested:
    """Somebody wants this image on this reader; the catalogue vouched for it."""

    update_id: UpdateId
    reader_id: ReaderId
    serial_number: str
    asked_by: str
    """The local key's id, or `schedule`."""
    image: str
    """The target's name in the repository."""
    sha256: str
    """Of the image, hex."""
    length: int
    """Of the image, in bytes."""
    image_type: int
    """The vendor's number for what is replaced, such as the main firmware."""
    from_version: str | None
    to_version: str
    requires_reboot: bool
    min_battery_percent: int
    bundle: str | None
    """The folder or archive it comes from; None for the repository of the settings."""
    waits_for_window: bool


@dataclass(frozen=True, slots=True)
class ImageDownloaded:
    """The image is on this machine's disk."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class ImageVerified:
    """The file on the disk has the digest and length that were signed."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class InstallAwaited:
    """From here on the update waits for its window, for power and for an idle reader."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class LoadStarted:
    """The reader is taken, and the image on its way there, from its first byte."""

    update_id: UpdateId
    key_digests: dict[str, str]
    """SHA-256 of the state of each key slot, hex, by the slot's name."""


@dataclass(frozen=True, slots=True)
class LoadProgressed:
    """The reader has taken so much of the image."""

    update_id: UpdateId
    loaded_bytes: int


@dataclass(frozen=True, slots=True)
class ImageLoaded:
    """The reader has the image, checked it, and still runs the old one."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class ActivationStarted:
    """From here on the reader may run the new image."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class RestartAwaited:
    """The reader has accepted the new image and restarts."""

    update_id: UpdateId


@dataclass(frozen=True, slots=True)
class ReaderReturned:
    """The reader is back, with this firmware."""

    update_id: UpdateId
    firmware_version: str | None


@dataclass(frozen=True, slots=True)
class UpdateEnded:
    """The update's end; it never changes afterwards."""

    update_id: UpdateId
    outcome: UpdateOutcome
    firmware_version: str | None
    """What the reader runs, as far as it is known."""
    failure_code: str | None
    failure_message: str | None


UpdateEntry = (
    UpdateRequested
    | ImageDownloaded
    | ImageVerified
    | InstallAwaited
    | LoadStarted
    | LoadProgressed
    | ImageLoaded
    | ActivationStarted
    | RestartAwaited
    | ReaderReturned
    | UpdateEnded
)
