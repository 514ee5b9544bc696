"""How long a cardholder may take, as the protocol can say it."""

from __future__ import annotations

from drivers.errors import LocalError

MOST_SECONDS = 0xFF


def require_seconds(timeout_s: int) -> None:
    """Raise LocalError unless it is 1 to MOST_SECONDS; 0 would be forever."""
    if not 0 < timeout_s <= MOST_SECONDS:
        raise LocalError(f"{timeout_s} s; a reader waits for 1 to {MOST_SECONDS}")
