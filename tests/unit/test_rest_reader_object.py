"""A reader as Stripe shows it, in every state of its payment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import Outcome
from agent.journal.readers import RegisteredReader
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.rest.reader_object import (
    action_object,
    deleted_reader_object,
    reader_object,
)

RECORD = RegisteredReader(
    reader_id=ReaderId("tmr_1"),
    spec="serial:/dev/ttyUSB0",
    model="magtek_dynaprox",
    device_type="magtek_dynaprox",
    serial_number="B50",
    firmware_version="1.2.3",
    label="Till 1",
    location="tml_1",
    metadata={"aisle": "7"},
    registered_at=datetime(2026, 11, 2, tzinfo=UTC),
)

PAYMENT = Payment(
    payment_id=PaymentId("pay_1"),
    reader_id=ReaderId("tmr_1"),
    action="process_payment_intent",
    payment_intent=PaymentIntentId("pi_1"),
    amount=1050,
    currency="usd",
    parameters={},
)


@dataclass(frozen=True)
class Shown:
    record: RegisteredReader = RECORD
    status: str = "online"
    last_seen_at: datetime | None = None
    offline_reason: str | None = None


def test_a_reader_has_stripes_fields() -> None:
    seen_at = datetime(2026, 11, 2, 12, 0, 0, 123000, tzinfo=UTC)

    assert reader_object(Shown(last_seen_at=seen_at), None, livemode=False) == {
        "id": "tmr_1",
        "object": "terminal.reader",
        "action": None,
        "device_sw_version": "1.2.3",
        "device_type": "magtek_dynaprox",
        "ip_address": None,
        "label": "Till 1",
        "last_seen_at": 1793620800123,
        "livemode": False,
        "location": "tml_1",
        "metadata": {"aisle": "7"},
        "serial_number": "B50",
        "status": "online",
    }


def test_a_reader_never_seen_has_no_time() -> None:
    assert reader_object(Shown(), None, livemode=False)["last_seen_at"] is None


def test_a_deleted_reader_says_so() -> None:
    assert deleted_reader_object(RECORD) == {
        "id": "tmr_1",
        "object": "terminal.reader",
        "deleted": True,
        "device_type": "magtek_dynaprox",
        "serial_number": "B50",
    }


def test_an_action_under_way_is_in_progress() -> None:
    assert action_object(PAYMENT) == {
        "type": "process_payment_intent",
        "status": "in_progress",
        "failure_code": None,
        "failure_message": None,
        "api_error": None,
        "process_payment_intent": {"payment_intent": "pi_1"},
    }


def test_the_configuration_is_shown_as_it_was_sent() -> None:
    payment = replace(
        PAYMENT, parameters={"skip_tipping": False, "amount_eligible": 900}
    )

    action = action_object(payment)

    assert action is not None
    assert action["process_payment_intent"] == {
        "payment_intent": "pi_1",
        "process_config": {
            "skip_tipping": False,
            "tipping": {"amount_eligible": 900},
        },
    }


def test_a_lost_answer_is_in_progress_and_never_a_failure() -> None:
    action = action_object(replace(PAYMENT, phase=Phase.UNKNOWN))

    assert action is not None
    assert action["status"] == "in_progress"
    assert action["failure_code"] == "payment_outcome_unknown"
    assert "Do not take this payment again" in str(action["failure_message"])


def test_a_refusal_not_yet_final_shows_no_failure() -> None:
    refused = replace(PAYMENT, phase=Phase.REFUSED, failure_code="card_declined")

    action = action_object(refused)

    assert action is not None
    assert (action["status"], action["failure_code"]) == ("in_progress", None)


def test_a_success_has_succeeded() -> None:
    action = action_object(
        replace(PAYMENT, phase=Phase.SUCCEEDED, outcome=Outcome.SUCCEEDED)
    )

    assert action is not None
    assert action["status"] == "succeeded"


def test_a_decline_has_failed_with_the_card_error() -> None:
    declined = replace(
        PAYMENT,
        phase=Phase.DECLINED,
        outcome=Outcome.DECLINED,
        failure_code="card_declined",
        failure_message="Your card was declined.",
        charge="ch_1",
    )

    action = action_object(declined)

    assert action is not None
    assert action["status"] == "failed"
    assert action["failure_code"] == "card_declined"
    assert action["failure_message"] == "Your card was declined."
    assert action["api_error"] == {
        "type": "card_error",
        "code": "card_declined",
        "message": "Your card was declined.",
        "charge": "ch_1",
    }


@pytest.mark.parametrize("code", ["customer_canceled", "card_not_read"])
def test_a_failure_names_its_code(code: str) -> None:
    failed = replace(
        PAYMENT, phase=Phase.FAILED, outcome=Outcome.FAILED, failure_code=code
    )

    action = action_object(failed)

    assert action is not None
    assert (action["status"], action["failure_code"]) == ("failed", code)
    assert action["api_error"] is None


def test_a_canceled_action_is_gone() -> None:
    canceled = replace(PAYMENT, phase=Phase.CANCELED, outcome=Outcome.CANCELED)

    assert action_object(canceled) is None
