"""Why an update ended without the new firmware, beside the errors. Codes are API."""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import AgentError

UPDATE_CANCELED = "firmware_update_canceled"
IMAGE_REFUSED = "firmware_image_refused"
LOAD_INTERRUPTED = "firmware_load_interrupted"
READER_ABSENT = "firmware_reader_absent"
VERSION_UNCHANGED = "firmware_version_unchanged"
VERSION_UNEXPECTED = "firmware_version_unexpected"
KEYS_CHANGED = "firmware_keys_changed"

NEEDS_SOMEBODY = frozenset({READER_ABSENT, VERSION_UNEXPECTED, KEYS_CHANGED})
"""After these a reader is not what it was, and no agent can mend that."""

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


def remedy_of(code: str) -> str | None:
    """What to do about an update's `failure_code`; None where docs/errors.md says it."""
    if code in REMEDIES:
        return REMEDIES[code]
    return next((kind.remedy for kind in _kinds() if kind.code == code), None)


def _kinds(root: type[AgentError] = AgentError) -> Iterator[type[AgentError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)
