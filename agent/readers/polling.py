"""How often one of Stripe's readers is asked what became of an action. Pure.

Stripe tells of an end by webhook only, which a checkout machine cannot receive. An
action is therefore asked about: often at first, when a refusal or a quick tap ends it,
less often before actions like it use to end, often around that time, and rarely where
nobody seems to come. An action of a minute costs at most `MOST_IN_A_MINUTE` requests,
one of an hour about 360. `benchmarks/smart_reader_polling.py` compares it with asking
once a second.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

FIRST_S, FIRST_WAIT_S = 2.0, 0.5
"""How long an action has just begun, and how often it is asked about then."""
PACE: tuple[tuple[float, float], ...] = ((60.0, 1.0), (120.0, 2.0), (300.0, 5.0))
"""Up to which age of an action, in seconds, it is asked about how often."""
SLOWEST_S = 15.0
NEAR_WAIT_S, AWAY_WAIT_S = 0.75, 2.0
"""How often around the usual end, where one is known, and away from it."""
NEAR_FROM, NEAR_TO, NEAR_MOST_S = 0.4, 1.8, 10.0
"""What is around the usual end: parts of its age, and seconds on either side at most."""
LATE_S = 60.0
"""From then on what is usual does not matter."""
MOST_IN_A_MINUTE = 70
REMEMBERED = 20
"""Of how many actions the usual length is the median."""


def wait_s(age_s: float, *, usual_s: float | None) -> float:
    """Seconds until the next question about an action of that age."""
    if age_s < FIRST_S:
        return FIRST_WAIT_S
    pace_s = next((wait for until, wait in PACE if age_s < until), SLOWEST_S)
    if usual_s is None or age_s >= LATE_S:
        return pace_s
    first_s = max(NEAR_FROM * usual_s, usual_s - NEAR_MOST_S)
    last_s = min(NEAR_TO * usual_s, usual_s + NEAR_MOST_S)
    return NEAR_WAIT_S if first_s <= age_s <= last_s else AWAY_WAIT_S


def aligned(now_s: float, wait: float) -> float:
    """A wait, changed by half of it at most, so that it ends at a multiple of it.

    So the questions about readers that are asked for equally often are one.
    """
    return math.ceil(now_s / wait + 0.5) * wait - now_s


class UsualLengths:
    """How long actions took lately, by type."""

    def __init__(self) -> None:
        self._lengths: dict[str, deque[float]] = {}

    def note(self, action: str, seconds: float) -> None:
        """One more has ended."""
        lengths = self._lengths.setdefault(action, deque(maxlen=REMEMBERED))
        lengths.append(seconds)

    def of(self, action: str) -> float | None:
        """The median; None where there were too few to say."""
        lengths = self._lengths.get(action, ())
        return median(lengths) if len(lengths) >= 3 else None
