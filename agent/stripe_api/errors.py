"""How a request to Stripe can end without the answer that was hoped for.

UpstreamError
├── StripeUnreachable    certain: it had no effect, or it was only a question
│   └── TooManyRequests  and when Stripe wants to be asked again
├── AnswerLost           it was sent, and what it did is unknown
│   └── UnkeyedAnswerLost    and it cannot be repeated safely
└── StripeKeyMissing     there is no key to send it with
RequestInvalid
└── StripeRefused        Stripe said no, and why
    └── ReaderNotReady   one of its readers is busy, offline or silent
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agent.errors import (
    RequestInvalid,
    StripeKeyMissing,
    StripeUnreachable,
    UpstreamError,
)

__all__ = [
    "AnswerLost",
    "ReaderNotReady",
    "StripeError",
    "StripeKeyMissing",
    "StripeRefused",
    "StripeUnreachable",
    "TooManyRequests",
    "UnkeyedAnswerLost",
    "naming",
    "refusal",
]


class TooManyRequests(StripeUnreachable):
    """Stripe did nothing, since it is asked too often."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """`retry_after_s` is Stripe's own wish; None where it has told none."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AnswerLost(UpstreamError):
    """The request was sent and no usable answer came: its effect is unknown."""

    code = "stripe_answer_lost"
    remedy = "Repeat the request with the same Idempotency-Key: Stripe acts only once."

    def __init__(self, message: str, *, is_replay: bool = False) -> None:
        """`is_replay`: Stripe kept this as the answer for good; repeating is in vain."""
        super().__init__(message)
        self.is_replay = is_replay


class UnkeyedAnswerLost(AnswerLost):
    """The same of a request without an Idempotency-Key, which is not to be repeated."""

    retryable = False
    remedy = (
        "Retrieve the object to see what was done: without an Idempotency-Key a "
        "repeat could do it twice."
    )


@dataclass(frozen=True, slots=True)
class StripeError:
    """Stripe's error object, with the answer it came in."""

    status: int
    type: str
    code: str | None
    decline_code: str | None
    message: str
    param: str | None
    charge: str | None
    body: bytes
    """The whole answer, for callers that speak Stripe's language themselves."""


class StripeRefused(RequestInvalid):
    """Stripe said no; `error` is what it said."""

    code = "stripe_refused"
    remedy = "Act on Stripe's error code and message."

    def __init__(self, error: StripeError) -> None:
        """The message is Stripe's, which is written for people."""
        super().__init__(error.message, param=error.param)
        self.error = error


class ReaderNotReady(StripeRefused):
    """One of Stripe's readers cannot obey now; the same may be asked again later."""

    retryable = True


_PASSING = frozenset(
    {"terminal_reader_busy", "terminal_reader_offline", "terminal_reader_timeout"}
)


def refusal(error: StripeError) -> StripeRefused:
    """What to raise for it."""
    return (ReaderNotReady if error.code in _PASSING else StripeRefused)(error)


MISSING = "resource_missing"
"""Stripe's code where there is no such object."""


@contextmanager
def naming(param: str) -> Iterator[None]:
    """Whatever is read within was named by the caller's parameter `param`.

    Where there is no such object, StripeRefused is as Stripe refuses that parameter:
    400, while it refuses a path with 404.
    """
    try:
        yield
    except StripeRefused as refused:
        if refused.error.code != MISSING:
            raise
        raise StripeRefused(_of_parameter(refused.error, param)) from None


def _of_parameter(error: StripeError, param: str) -> StripeError:
    answer = json.loads(error.body)
    answer["error"]["param"] = param
    body = json.dumps(answer).encode()
    return replace(error, status=400, param=param, body=body)
