"""Idempotency-Keys on local POST routes: one effect, and the same answer ever after.

Kept from Stripe: what counts is key and request, and refusals of a request as such are
not kept. Added: an error that says "try again later" is not kept either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import (
    AccessDenied,
    AgentError,
    BodyTooLarge,
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
)
from agent.journal.answers import AnswerStore, StoredAnswer
from agent.rest.forms import Value
from agent.rest.problems import answer

LONGEST_KEY = 255

_NEVER_KEPT = (
    AccessDenied,
    BodyTooLarge,
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that carries an Idempotency-Key."""

    key: str
    fingerprint: str

    def answered(self, response: Response, *, at: datetime) -> StoredAnswer:
        """`response` as it is kept for repeats."""
        return StoredAnswer(
            key=self.key,
            fingerprint=self.fingerprint,
            status=response.status_code,
            body=bytes(response.body),
            at=at,
        )


def claim_of(request: Request, parameters: Mapping[str, Value]) -> Claim | None:
    """The request's claim; None without an Idempotency-Key.

    Raises ParameterInvalid for a key that is empty or too long.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise ParameterInvalid(
            f"The Idempotency-Key must have 1 to {LONGEST_KEY} characters."
        )
    asked = [request.method, request.scope["path"], parameters]
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return Claim(key, hashlib.sha256(canonical.encode()).hexdigest())


async def answer_once(
    claim: Claim | None,
    execute: Callable[[], Awaitable[Response]],
    *,
    answers: AnswerStore,
    keys_in_use: set[str],
    at: datetime,
    path: str,
) -> Response:
    """Carry the request out, or give the answer it got before.

    `execute` may store its own answer, in one transaction with its effect.
    Raises IdempotencyMismatch, IdempotencyKeyInUse, and what `execute` raises.
    """
    if claim is None:
        return await execute()
    stored = answers.get(claim.key)
    if stored is not None:
        return _replayed(stored, claim)
    if claim.key in keys_in_use:
        raise IdempotencyKeyInUse(
            "Another request with this Idempotency-Key is being carried out."
        )
    keys_in_use.add(claim.key)
    try:
        response = await _executed(execute, path=path)
        if answers.get(claim.key) is None:
            await answers.put(claim.answered(response, at=at))
    finally:
        keys_in_use.discard(claim.key)
    return response


async def _executed(
    execute: Callable[[], Awaitable[Response]], *, path: str
) -> Response:
    try:
        return await execute()
    except AgentError as error:
        passes = error.retryable or error.status >= 500
        if passes or isinstance(error, _NEVER_KEPT):
            raise
        return answer(error, path=path)


def _replayed(stored: StoredAnswer, claim: Claim) -> Response:
    if stored.fingerprint != claim.fingerprint:
        raise IdempotencyMismatch(
            "Keys for idempotent requests can only be used with the same parameters "
            "they were first used with."
        )
    return Response(
        stored.body,
        status_code=stored.status,
        media_type="application/json",
        headers={"idempotent-replayed": "true"},
    )
