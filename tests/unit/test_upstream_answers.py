"""What Stripe's answers mean: yes, no, nothing happened, or nobody knows."""

from __future__ import annotations

import json

import pytest
from stripe_wire import error

from agent.stripe_api.answers import Answer, usable
from agent.stripe_api.errors import AnswerLost, StripeRefused, StripeUnreachable


def answer(status: int, content: object) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(status=status, headers={}, body=body)


def test_a_successful_answer_is_its_object() -> None:
    assert usable(answer(200, {"id": "pi_1"}), is_question=False) == {"id": "pi_1"}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 424])
def test_stripes_no_is_kept_with_all_it_says(status: int) -> None:
    body = error(
        "card_declined",
        type="card_error",
        decline_code="do_not_honor",
        message="Your card was declined.",
        param="payment_method",
        charge="ch_1",
    )

    with pytest.raises(StripeRefused, match=r"Your card was declined\.") as caught:
        usable(answer(status, body), is_question=False)

    refusal = caught.value.error
    assert refusal.status == status
    assert refusal.type == "card_error"
    assert refusal.code == "card_declined"
    assert refusal.decline_code == "do_not_honor"
    assert refusal.charge == "ch_1"
    assert json.loads(refusal.body) == body
    assert caught.value.param == "payment_method"


def test_an_error_object_may_be_nearly_empty() -> None:
    with pytest.raises(StripeRefused, match=r"Stripe answered 400\.") as caught:
        usable(answer(400, {"error": {"code": 7}}), is_question=False)

    assert caught.value.error.code is None


@pytest.mark.parametrize("content", [error("rate_limit"), b"slow down"])
def test_too_many_requests_means_that_nothing_was_done(content: object) -> None:
    with pytest.raises(StripeUnreachable, match="429"):
        usable(answer(429, content), is_question=False)


AMBIGUOUS = [
    (500, error(type="api_error")),
    (503, b"<html>"),
    (409, error("idempotency_key_in_use", type="idempotency_error")),
    (200, b""),
    (200, b"{"),
    (200, b"\xff"),
    (200, []),
    (302, b""),
    (403, b"<html>the hotel's login page</html>"),
    (404, {"error": "not Stripe's"}),
]


@pytest.mark.parametrize(("status", "content"), AMBIGUOUS)
def test_an_answer_that_does_not_tell_leaves_a_write_unknown(
    status: int, content: object
) -> None:
    with pytest.raises(AnswerLost, match=str(status)):
        usable(answer(status, content), is_question=False)


@pytest.mark.parametrize(("status", "content"), AMBIGUOUS)
def test_an_answer_that_does_not_tell_is_harmless_to_a_question(
    status: int, content: object
) -> None:
    with pytest.raises(StripeUnreachable, match=str(status)):
        usable(answer(status, content), is_question=True)
