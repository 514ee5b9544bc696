"""Why an update ended without the new firmware, beside the errors. Codes are API."""

from __future__ import annotations

UPDATE_CANCELED = "firmware_update_canceled"
IMAGE_REFUSED = "firmware_image_refused"
LOAD_INTERRUPTED = "firmware_load_interrupted"
READER_ABSENT = "firmware_reader_absent"
VERSION_UNCHANGED = "firmware_version_unchanged"
VERSION_UNEXPECTED = "firmware_version_unexpected"
KEYS_CHANGED = "firmware_keys_changed"

REMEDIES = {
    UPDATE_CANCELED: "Nothing to do; the reader runs what it ran before.",
    IMAGE_REFUSED: (
        "Get the image from the vendor again: the reader checks its signature itself."
    ),
    LOAD_INTERRUPTED: "Check the reader's cable and power, then install it again.",
    READER_ABSENT: (
        "Check the reader's power and cable; if it stays dark, its vendor can help."
    ),
    VERSION_UNCHANGED: "Install it again; if it stays, ask the reader's vendor.",
    VERSION_UNEXPECTED: "Compare the catalogue's version with what the reader tells.",
    KEYS_CHANGED: "Take no payments on it: have its keys loaded again.",
}
"""What to do, by code."""
