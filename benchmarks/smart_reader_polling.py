"""What it costs to learn how payments on Stripe's smart readers end, and how soon it is known.

Customers come in a shop's own rhythm, some of them late; each payment is asked about as
`agent/readers/polling.py` says, and for comparison once a second, as Stripe's guides do.
Pure arithmetic: the time of an answer would be added to both.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from random import Random  # noqa: TID251 - a shop's customers, from a seed

from agent.readers.polling import UsualLengths, aligned, wait_s

PAYMENTS = 5_000
SEED = 1
MEDIAN_S, SPREAD = 12.0, 0.6
"""Of the log-normal time from the prompt to the end."""
ABANDONED, GONE_AFTER_S = 0.02, 300.0
"""One in fifty customers is gone; the action is canceled after five minutes."""
GOAL = {"requests_per_payment": 20.0, "delay_p50_s": 0.5, "delay_p99_s": 2.0}

Wait = Callable[[float, float], float]
"""The time of day and the age of the action, to seconds until the next question."""


def main() -> int:
    """Compare both ways, and print one JSON object for programs."""
    figures = measured(adaptive=True)
    steady = measured(adaptive=False)
    for name, found in (("adaptive", figures), ("once a second", steady)):
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items()))
    met = all(figures[name] <= limit for name, limit in GOAL.items())
    told = {"name": "smart_reader_polling", **figures, "once_a_second": steady}
    print(json.dumps({**told, "goal": GOAL, "met": met}))
    return 0


def measured(*, adaptive: bool) -> dict[str, float]:
    """The mean cost of a payment, and how late its end is known."""
    chance = Random(SEED)  # noqa: S311 - not a secret
    usual, now_s = UsualLengths(), 0.0
    asked, delays = 0, list[float]()
    for _ in range(PAYMENTS):
        now_s += chance.uniform(5.0, 60.0)
        length_s = _length(chance)
        usual_s = usual.of("process_payment_intent")

        def wait(at_s: float, age_s: float, usual_s: float | None = usual_s) -> float:
            return aligned(at_s, wait_s(age_s, usual_s=usual_s)) if adaptive else 1.0

        questions, known_after_s = _followed(wait, now_s, length_s)
        asked += questions
        if length_s < GONE_AFTER_S:
            delays.append(known_after_s - length_s)
        usual.note("process_payment_intent", known_after_s)
        now_s += known_after_s
    delays.sort()
    return {
        "requests_per_payment": round(asked / PAYMENTS, 1),
        "delay_p50_s": round(statistics.median(delays), 2),
        "delay_p99_s": round(delays[len(delays) * 99 // 100], 2),
    }


def _length(chance: Random) -> float:
    if chance.random() < ABANDONED:
        return GONE_AFTER_S
    return min(GONE_AFTER_S, MEDIAN_S * chance.lognormvariate(0.0, SPREAD))


def _followed(wait: Wait, began_s: float, length_s: float) -> tuple[int, float]:
    """How many questions it takes, and when the end is known."""
    questions, age_s = 0, 0.0
    while age_s < length_s:
        age_s += wait(began_s + age_s, age_s)
        questions += 1
    return questions, age_s


if __name__ == "__main__":
    sys.exit(main())
