"""Firmware and its updates in words and tables. Pure."""

from __future__ import annotations

from agent.cli.failures import ExitCode
from agent.cli.tables import table
from agent.stripe_api.objects import Json, JsonObject, number_at, object_at, text_at

FINAL_STATES = frozenset({"done", "failed", "rolled_back"})

STATES = {
    "idle": "Fetching the image",
    "downloaded": "Checking the image",
    "verified": "The image is the signed one",
    "waiting_window": "Waiting",
    "loading": "Loading the image into the reader",
    "loaded": "The reader has the image",
    "activating": "The reader takes the image over",
    "rebooting": "The reader restarts",
    "confirming": "Looking at the reader",
    "done": "Done",
    "failed": "Failed",
    "rolled_back": "Rolled back",
}
"""By an update's `state`."""

WAITS = {
    "offline": "until the reader is connected",
    "window": "for its hours of the night",
    "payment": "until the reader is idle",
    "battery": "until the reader is charged",
    "queue": "for another reader's update",
}
"""By an update's `waits_for`."""

_CANCELED = "firmware_update_canceled"


def state_line(update: JsonObject) -> str:
    """`Loading the image into the reader, 40 %, about 2 min left`."""
    state = text_at(update, "state") or ""
    parts = [STATES.get(state, state)]
    waits_for = text_at(update, "waits_for")
    if waits_for is not None:
        parts[0] = f"Waiting {WAITS.get(waits_for, waits_for)}"
    elif state == "loading":
        parts.append(f"{number_at(update, 'percent') or 0} %")
    remaining_s = number_at(update, "remaining_s")
    if remaining_s is not None:
        parts.append(f"about {_rounded(remaining_s)} left")
    return ", ".join(parts)


def exit_code_of(update: JsonObject) -> ExitCode:
    """How a command ends that has followed this update."""
    if text_at(update, "state") == "done":
        return ExitCode.DONE
    if text_at(update, "failure_code") == _CANCELED:
        return ExitCode.CANCELED
    return ExitCode.NEGATIVE


def update_text(update: JsonObject) -> str:
    """An update in a few lines: what, how far, and what went wrong."""
    if not update:
        return "No update was ever asked for."
    came_from, goes_to = text_at(update, "from_version"), text_at(update, "to_version")
    lines = [
        f"{came_from} → {goes_to}  {text_at(update, 'image')}",
        state_line(update),
    ]
    code = text_at(update, "failure_code")
    if code is not None:
        lines.append(f"{text_at(update, 'failure_message') or ''} ({code})".strip())
        lines.append(text_at(update, "remedy") or "docs/errors.md explains the code.")
    return "\n".join(lines)


def catalog_text(shown: JsonObject) -> str:
    """The images for a reader as a table."""
    images = object_at(shown, "catalog").get("images")
    available = text_at(object_at(shown, "catalog"), "available")
    rows = [
        [
            text_at(image, "name") or "",
            text_at(image, "firmware_version") or "",
            str(number_at(image, "length") or 0),
            _verdict(image, available),
        ]
        for image in (images if isinstance(images, list) else [])
    ]
    runs = (
        f"The reader runs {text_at(shown, 'firmware_version') or 'an unknown version'}."
    )
    if not rows:
        return f"{runs}\nThe catalogue has no firmware for it."
    return f"{runs}\n{table(['IMAGE', 'VERSION', 'BYTES', 'STATE'], rows)}"


def _verdict(image: Json, available: str | None) -> str:
    problem = text_at(image, "problem")
    if problem is not None:
        return problem
    if text_at(image, "name") == available:
        return "available"
    return "downgrade" if object_at(image).get("is_downgrade") else "installable"


def _rounded(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"
