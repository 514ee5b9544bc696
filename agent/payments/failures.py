"""Why an action failed, as `action.failure_code` says it. Codes are API. Pure."""

from __future__ import annotations

from agent.errors import ReaderError
from agent.ids import PaymentId
from agent.journal.entries import ActionFinished, Outcome
from agent.offline.errors import OfflineError
from agent.payments.payment import Payment
from drivers.errors import DriverError
from drivers.reader import TransactionFinished, Verdict

ACTION_REPLACED = "action_replaced"
CARD_LEFT_IN_READER = "card_left_in_reader"
CARD_NOT_READ = "card_not_read"
CARD_READ_TIMED_OUT = "card_read_timed_out"
CARD_REMOVED = "card_removed"
CARD_NOT_SAVED = "card_not_saved"
COLLECT_INPUTS_INTERRUPTED = "collect_inputs_interrupted"
COLLECT_INPUTS_TIMEOUT = "collect_inputs_timeout"
COLLECTION_TIMED_OUT = "collect_payment_method_timeout"
CUSTOMER_CANCELED = "customer_canceled"
DECLINED_BY_READER = "declined_by_reader"
ONLINE_TIMED_OUT = "online_timed_out"
OFFLINE_TRANSACTION_DECLINED = "offline_transaction_declined"
PAYMENT_INTERRUPTED = "payment_interrupted"
PAYMENT_NOT_CHARGED = "payment_not_charged"
REFUND_FAILED = "refund_failed"
REFUND_NOT_MADE = "refund_not_made"
SET_READER_DISPLAY_INTERRUPTED = "set_reader_display_interrupted"
HARDWARE_FAULT = "terminal_reader_hardware_fault"
READER_TIMED_OUT = "terminal_reader_timeout"

MESSAGES = {
    ACTION_REPLACED: "Another integration gave the reader something else to do.",
    CARD_LEFT_IN_READER: (
        "A card of a payment before was not taken out of the reader in time."
    ),
    CARD_NOT_READ: "The card could not be read.",
    CARD_READ_TIMED_OUT: "No card was presented in time.",
    CARD_REMOVED: "The card was removed too early.",
    CARD_NOT_SAVED: "Stripe has kept no card for this SetupIntent; it may be retried.",
    COLLECT_INPUTS_INTERRUPTED: "The form was cut off before the customer was done.",
    COLLECT_INPUTS_TIMEOUT: "The customer did not answer within two minutes.",
    COLLECTION_TIMED_OUT: "The card was read, and not confirmed in time.",
    CUSTOMER_CANCELED: "The customer canceled on the reader.",
    DECLINED_BY_READER: "The card or the reader refused.",
    ONLINE_TIMED_OUT: (
        "Stripe did not answer while the card waited; what was charged is back."
    ),
    PAYMENT_INTERRUPTED: "The action was cut off before Stripe was asked.",
    OFFLINE_TRANSACTION_DECLINED: "The card refused to be taken without its issuer.",
    PAYMENT_NOT_CHARGED: "Stripe has no charge for this payment; it may be retried.",
    REFUND_FAILED: "Stripe could not give the money back to this card.",
    REFUND_NOT_MADE: "Stripe has given nothing back for this action; it may be retried.",
    SET_READER_DISPLAY_INTERRUPTED: "The agent stopped before the cart was shown.",
    HARDWARE_FAULT: "The reader ended the action for a reason of its own.",
    READER_TIMED_OUT: "The reader did not end the action in time; it was stopped.",
}

_INTERRUPTED = {
    "collect_inputs": COLLECT_INPUTS_INTERRUPTED,
    "set_reader_display": SET_READER_DISPLAY_INTERRUPTED,
}

_WITHOUT_CARD = {
    Verdict.TIMED_OUT: CARD_READ_TIMED_OUT,
    Verdict.CANCELED_BY_CUSTOMER: CUSTOMER_CANCELED,
    Verdict.CARD_REMOVED: CARD_REMOVED,
    Verdict.CARD_NOT_READ: CARD_NOT_READ,
    Verdict.DECLINED: DECLINED_BY_READER,
}


def failed(payment_id: PaymentId, code: str) -> ActionFinished:
    """The end of an action that failed with one of the codes above."""
    return ActionFinished(payment_id, Outcome.FAILED, code, MESSAGES[code])


def interrupted(payment: Payment) -> ActionFinished:
    """The end of an action that was cut off before anything left this machine."""
    code = _INTERRUPTED.get(payment.action, PAYMENT_INTERRUPTED)
    return failed(payment.payment_id, code)


def succeeded(payment_id: PaymentId) -> ActionFinished:
    """The end of an action that was carried out."""
    return ActionFinished(payment_id, Outcome.SUCCEEDED, None, None)


def canceled(payment_id: PaymentId) -> ActionFinished:
    """The end of an action that the register canceled or replaced."""
    return ActionFinished(payment_id, Outcome.CANCELED, None, None)


def ended_without_card(
    payment_id: PaymentId, finished: TransactionFinished
) -> ActionFinished:
    """The end of an action whose reader stopped before it gave card data.

    A reader that approves offline has not charged anybody: the card data never left.
    """
    if finished.verdict is Verdict.CANCELED_BY_HOST:
        return canceled(payment_id)
    return failed(payment_id, _WITHOUT_CARD.get(finished.verdict, HARDWARE_FAULT))


def reader_failed(
    payment_id: PaymentId, error: DriverError | ReaderError | OfflineError
) -> ActionFinished:
    """The end of an action that broke, or whose card was refused, before any charge."""
    return ActionFinished(payment_id, Outcome.FAILED, error.code, str(error))
