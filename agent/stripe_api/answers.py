"""What an HTTP answer of Stripe's means for the request. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.stripe_api.errors import (
    AnswerLost,
    StripeError,
    StripeUnreachable,
    TooManyRequests,
    refusal,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def usable(answer: Answer, *, is_question: bool) -> dict[str, Any]:
    """The object of a successful answer; otherwise raises what the answer means.

    TooManyRequests for 429, which Stripe answers before it does anything.
    StripeRefused for any other 4xx with Stripe's error object. AnswerLost for all that
    does not tell: 5xx, `idempotency_key_in_use` (the first attempt is still running),
    and bodies that are not Stripe's, such as a proxy's; StripeUnreachable instead where
    it was only a question.
    """
    content = _object(answer.body)
    error = _error(answer, content)
    if content is not None and 200 <= answer.status < 300:
        return content
    if answer.status == 429:
        raise TooManyRequests(
            "Stripe answered 429: too many requests",
            retry_after_s=_seconds(answer.headers.get("retry-after")),
        )
    is_final = 400 <= answer.status < 500 and error is not None
    if error is not None and is_final and error.code != "idempotency_key_in_use":
        raise refusal(error)
    reason = f"Stripe answered {answer.status} without saying what it did"
    if is_question:
        raise StripeUnreachable(reason)
    is_replay = answer.headers.get("idempotent-replayed") == "true"
    raise AnswerLost(reason, is_replay=is_replay)


def _seconds(retry_after: str | None) -> float | None:
    """Only seconds are understood; a date is as good as nothing."""
    if retry_after is None or not retry_after.strip().isdecimal():
        return None
    return float(retry_after)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _error(answer: Answer, content: dict[str, Any] | None) -> StripeError | None:
    error = (content or {}).get("error")
    if not isinstance(error, dict):
        return None

    def text(name: str) -> str | None:
        value = error.get(name)
        return value if isinstance(value, str) else None

    return StripeError(
        status=answer.status,
        type=text("type") or "api_error",
        code=text("code"),
        decline_code=text("decline_code"),
        message=text("message") or f"Stripe answered {answer.status}.",
        param=text("param"),
        charge=text("charge"),
        body=answer.body,
    )
