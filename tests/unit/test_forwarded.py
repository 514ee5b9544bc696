"""An action in a register's own words: what goes to Stripe, and what is written down."""

from __future__ import annotations

import pytest

from agent.ids import PaymentId
from agent.payments.forwarded import Form, ForwardedAction

PAYMENT = PaymentId("pay_1")


def test_what_it_is_about_is_known() -> None:
    process = ForwardedAction("process_payment_intent", {"payment_intent": "pi_1"})
    setup = ForwardedAction("process_setup_intent", {"setup_intent": "seti_1"})
    refund = ForwardedAction("refund_payment", {"charge": "ch_1", "amount": "400"})

    assert (process.payment_intent, process.charge) == ("pi_1", None)
    assert (setup.setup_intent, setup.payment_intent) == ("seti_1", None)
    assert (refund.charge, refund.amount) == ("ch_1", 400)


@pytest.mark.parametrize("value", ["", [], {}, 7, None])
def test_what_makes_no_sense_is_left_to_stripe(value: object) -> None:
    action = ForwardedAction("refund_payment", {"charge": value, "amount": "much"})

    assert (action.charge, action.amount) == (None, None)


def test_only_known_settings_are_written_down() -> None:
    form: Form = {
        "payment_intent": "pi_1",
        "process_config": {"skip_tipping": "true", "note": "for Ada"},
        "metadata": {"customer": "Ada"},
    }

    action = ForwardedAction("process_payment_intent", form)

    assert action.parameters() == {"skip_tipping": "true"}
    assert "Ada" not in repr(action)


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({}, {"metadata": {"cardlane_payment": "pay_1"}}),
        ({"metadata": ""}, {"metadata": {"cardlane_payment": "pay_1"}}),
        (
            {"charge": "ch_1", "metadata": {"b": "1"}},
            {"charge": "ch_1", "metadata": {"b": "1", "cardlane_payment": "pay_1"}},
        ),
        ({"metadata": ["x"]}, {"metadata": ["x"]}),
    ],
)
def test_a_refund_names_the_payment_that_makes_it(form: Form, sent: Form) -> None:
    assert ForwardedAction("refund_payment", form).form_of(PAYMENT) == sent


def test_other_actions_are_sent_as_they_came() -> None:
    form: Form = {"payment_intent": "pi_1", "metadata": {"b": "1"}}

    assert ForwardedAction("collect_inputs", form).form_of(PAYMENT) == form
