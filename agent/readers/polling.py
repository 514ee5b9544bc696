"""How often one of Stripe's readers is asked what became of an action. Pure.

Stripe tells of an end by webhook only, which a checkout machine cannot receive. An
action is therefore asked about: often at first, when a refusal or a quick tap ends it,
less often while a customer looks for a card, often again when actions like it use to
end, and rarely where nobody seems to come. An action of a minute costs at most
`MOST_IN_A_MINUTE` requests, one of an hour about 300.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

PACE: tuple[tuple[float, float], ...] = (
    (3.0, 0.5),
    (20.0, 1.0),
    (60.0, 2.0),
    (300.0, 5.0),
)
"""Up to which age of an action, in seconds, it is asked about how often."""
SLOWEST_S = 15.0
NEAR_END_S = 0.5
"""How often around the usual end."""
AROUND_S = 5.0
"""What is around it at most: so long before and after."""
MOST_IN_A_MINUTE = 60
REMEMBERED = 20
"""Of how many actions the usual length is the median."""


def wait_s(age_s: float, *, usual_s: float | None) -> float:
    """Seconds until the next question about an action of that age."""
    pace_s = next((wait for until, wait in PACE if age_s < until), SLOWEST_S)
    if usual_s is None or age_s >= 60.0:
        return pace_s
    is_near_end = abs(age_s - usual_s) <= min(0.3 * usual_s, AROUND_S)
    return min(pace_s, NEAR_END_S) if is_near_end else pace_s


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
