"""Which connection tokens may be minted, how often, and whether that goes well.

Sees no token.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.clock import Clock
from agent.errors import LocationNotAllowed
from agent.log import get_logger
from agent.rest.buckets import Buckets
from agent.settings import TerminalSettings

log = get_logger(__name__)

SLOW_S = 5.0
"""From here on somebody waits in front of a reader that does not connect."""
REMEMBERED_S = 600.0
BURST = 5
"""Tokens at once, of one key: an app asks for one as it starts, and one a session."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    at_s: float
    took_s: float
    code: str | None
    """None where it was only slow."""


class TokenBroker:
    """Which tokens may be minted, how often, and whether that goes well."""

    def __init__(self, settings: TerminalSettings, *, clock: Clock) -> None:
        self._locations = settings.token_locations
        self._clock = clock
        self._buckets = Buckets(
            per_s=settings.tokens_per_minute / 60, burst=BURST, clock=clock
        )
        self._troubles: deque[_Trouble] = deque(maxlen=100)

    def location_for(self, asked: str | None, *, key_id: str) -> str | None:
        """The Location that a token for this caller is scoped to.

        Raises LocationNotAllowed where the settings list others, RateLimited.
        """
        self._buckets.take(key_id)
        if not self._locations:
            return asked
        if asked is None and len(self._locations) == 1:
            return self._locations[0]
        if asked not in self._locations:
            raise LocationNotAllowed(
                "Tokens of this machine are for the Locations in "
                "terminal.token_locations only.",
                param="location",
            )
        return asked

    def note(self, took_s: float, *, code: str | None) -> None:
        """Remember a token that was slow or did not come; `code` is of its error."""
        if code is None and took_s < SLOW_S:
            return
        log.warning("connection_token.slow", took_s=round(took_s, 1), code=code)
        self._troubles.append(_Trouble(self._clock.monotonic(), took_s, code))

    def trouble(self) -> str | None:
        """What went wrong with tokens of late, in one sentence; None for nothing."""
        since_s = self._clock.monotonic() - REMEMBERED_S
        recent = [one for one in self._troubles if one.at_s > since_s]
        if not recent:
            return None
        failed = sum(one.code is not None for one in recent)
        slowest = max(one.took_s for one in recent)
        return (
            f"Of the connection tokens of the last {REMEMBERED_S / 60:.0f} minutes "
            f"{failed} failed and {len(recent) - failed} were slow, up to {slowest:.0f} s."
        )
