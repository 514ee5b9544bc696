"""An event's reader, as it was, even where it is not there any more."""

from __future__ import annotations

from rest_fakes import FakeFleet
from smart_reader_fakes import FakeSmartReaders

from agent.ids import PaymentId, PaymentIntentId, ReaderId
from agent.journal.entries import Outcome
from agent.payments.payment import Payment
from agent.payments.states import Phase
from agent.rest.event_object import show_reader

PAYMENT = Payment(
    payment_id=PaymentId("pay_1"),
    reader_id=ReaderId("tmr_1"),
    action="process_payment_intent",
    payment_intent=PaymentIntentId("pi_1"),
    amount=1234,
    currency="usd",
    parameters={},
    phase=Phase.SUCCEEDED,
    outcome=Outcome.SUCCEEDED,
)


def shown(fleet: FakeFleet) -> object:
    return show_reader(
        PAYMENT, fleet=fleet, smart_readers=FakeSmartReaders(), livemode=False
    )


def test_the_reader_is_shown_with_the_payment_as_its_action() -> None:
    fleet = FakeFleet()
    fleet.add("tmr_1", serial_number="B51")

    reader = shown(fleet)

    assert isinstance(reader, dict)
    assert (reader["id"], reader["serial_number"]) == ("tmr_1", "B51")
    assert reader["action"]["status"] == "succeeded"


def test_a_reader_deleted_meanwhile_is_told_as_that() -> None:
    reader = shown(FakeFleet())

    assert isinstance(reader, dict)
    assert reader["deleted"] is True
    assert reader["action"]["process_payment_intent"] == {"payment_intent": "pi_1"}
