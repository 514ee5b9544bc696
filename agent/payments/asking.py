"""What a reader is asked for when it is to read a card."""

from __future__ import annotations

from typing import assert_never

from agent.payments.payment import Payment
from agent.payments.prepare import Subject
from agent.payments.storing import Course, Storing
from agent.payments.tips import Tippable, tip_choices
from agent.payments.wanted import (
    Beginning,
    CollectInputs,
    CollectPaymentMethod,
    ProcessPaymentIntent,
    ProcessSetupIntent,
    RefundPayment,
    SetReaderDisplay,
)
from agent.readers.session import ReaderSession
from agent.settings import PaymentSettings
from agent.terminal_configuration.configurations import Configurations
from drivers.profile import profile_named
from drivers.reader import (
    ChipFlow,
    InputOption,
    TipChoices,
    TransactionKind,
    TransactionRequest,
)

_CHIPS = frozenset({InputOption.INSERT, InputOption.TAP})
NO_AMOUNT = "usd"
"""The currency in which a card signs an amount of zero: any would do."""


def card_request(
    payment: Payment,
    session: ReaderSession,
    settings: PaymentSettings,
    tip: TipChoices | None = None,
    storing: Storing | None = None,
) -> TransactionRequest:
    """One card for this payment's amount, with the question for a tip before it.

    Of no amount, the card is read to have its account checked. Without the network no
    stripe is read: it proves nothing. Where the reader can, the cardholder signs if the
    card or its issuer wants that.
    """
    is_offline = storing is not None and storing.course is Course.OFFLINE
    is_refund = payment.action == RefundPayment.action
    capabilities = profile_named(session.record.model).capabilities
    return TransactionRequest(
        amount=payment.amount,
        currency=payment.currency or NO_AMOUNT,
        timeout_s=settings.card_timeout_s,
        kind=TransactionKind.REFUND if is_refund else TransactionKind.SALE,
        flow=chip_flow(payment, settings),
        options=_CHIPS if is_offline else _CHIPS | {InputOption.SWIPE},
        tip=tip,
        asks_signature=capabilities.captures_signatures,
    )


def chip_flow(payment: Payment, settings: PaymentSettings) -> ChipFlow:
    """How a chip is asked; Quick Chip knows no amount of zero."""
    return ChipFlow(settings.chip_flow) if payment.amount else ChipFlow.EMV


async def tip_question(
    wanted: Beginning,
    subject: Subject,
    *,
    session: ReaderSession,
    configurations: Configurations,
) -> TipChoices | None:
    """The question for a tip; None where the reader asks none.

    Readers whose profile takes no tips ask none, whatever is configured.
    """
    match wanted:
        case ProcessPaymentIntent() | CollectPaymentMethod():
            reader = session.record
            if not profile_named(reader.model).capabilities.takes_tips:
                return None
            counting = await configurations.known(reader.location)
            return tip_choices(
                counting.tipping(subject.currency),
                Tippable(
                    subject.amount,
                    tip=subject.tip,
                    skip_tipping=bool(wanted.skip_tipping),
                    amount_eligible=wanted.amount_eligible,
                ),
            )
        case ProcessSetupIntent() | RefundPayment():
            return None
        case CollectInputs() | SetReaderDisplay():
            return None
        case _:
            assert_never(wanted)
