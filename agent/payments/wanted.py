"""What registers ask of readers, as they send it: one frozen value an action. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from agent.ids import PaymentIntentId, ReaderId, SetupIntentId
from agent.journal.details import Details
from agent.offline.intents import OfflineBehavior
from agent.payments.cart import Cart, cart_object
from agent.payments.forms import Form, inputs_object

Sent = dict[str, str | int | bool]
"""Parameters as a register sent them, flat; never card data."""


@dataclass(frozen=True, slots=True)
class ProcessPaymentIntent:
    """`process_payment_intent`; None is "not sent"."""

    action: ClassVar[str] = "process_payment_intent"

    payment_intent: PaymentIntentId
    skip_tipping: bool | None = None
    enable_customer_cancellation: bool | None = None
    allow_redisplay: str | None = None
    return_url: str | None = None
    amount_eligible: int | None = None
    offline_behavior: OfflineBehavior | None = None
    """The agent's own: how the payment is taken where Stripe cannot be reached."""

    def parameters(self) -> Sent:
        """What was sent besides the intent, flat."""
        return _sent(
            skip_tipping=self.skip_tipping,
            enable_customer_cancellation=self.enable_customer_cancellation,
            allow_redisplay=self.allow_redisplay,
            return_url=self.return_url,
            amount_eligible=self.amount_eligible,
            offline_behavior=self.offline_behavior,
        )


@dataclass(frozen=True, slots=True)
class CollectPaymentMethod:
    """`collect_payment_method`: read a card, and wait for the order to charge it."""

    action: ClassVar[str] = "collect_payment_method"

    payment_intent: PaymentIntentId
    skip_tipping: bool | None = None
    enable_customer_cancellation: bool | None = None
    allow_redisplay: str | None = None
    amount_eligible: int | None = None

    def parameters(self) -> Sent:
        """What was sent besides the intent, flat."""
        return _sent(
            skip_tipping=self.skip_tipping,
            enable_customer_cancellation=self.enable_customer_cancellation,
            allow_redisplay=self.allow_redisplay,
            amount_eligible=self.amount_eligible,
        )


@dataclass(frozen=True, slots=True)
class ConfirmPaymentIntent:
    """`confirm_payment_intent`: the order; it begins nothing of its own."""

    action: ClassVar[str] = "confirm_payment_intent"

    payment_intent: PaymentIntentId
    return_url: str | None = None

    def parameters(self) -> Sent:
        """What was sent besides the intent, flat."""
        return _sent(return_url=self.return_url)


@dataclass(frozen=True, slots=True)
class ProcessSetupIntent:
    """`process_setup_intent`; that the customer agrees is the register's affair."""

    action: ClassVar[str] = "process_setup_intent"

    setup_intent: SetupIntentId
    allow_redisplay: str
    enable_customer_cancellation: bool | None = None

    def parameters(self) -> Sent:
        """What was sent besides the intent, flat."""
        return _sent(
            allow_redisplay=self.allow_redisplay,
            enable_customer_cancellation=self.enable_customer_cancellation,
        )


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """`refund_payment`: one of `payment_intent` and `charge`; None is "not sent"."""

    action: ClassVar[str] = "refund_payment"

    payment_intent: PaymentIntentId | None = None
    charge: str | None = None
    amount: int | None = None
    """Minor units; None is all that is left."""
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    refund_application_fee: bool | None = None
    reverse_transfer: bool | None = None
    enable_customer_cancellation: bool | None = None

    def parameters(self) -> Sent:
        """What was sent, flat, but for amount and metadata: see `details_to_keep`."""
        return _sent(
            payment_intent=self.payment_intent,
            charge=self.charge,
            refund_application_fee=self.refund_application_fee,
            reverse_transfer=self.reverse_transfer,
            enable_customer_cancellation=self.enable_customer_cancellation,
        )


@dataclass(frozen=True, slots=True)
class CollectInputs:
    """`collect_inputs`: forms that the customer fills in at the reader."""

    action: ClassVar[str] = "collect_inputs"

    forms: tuple[Form, ...]
    metadata: dict[str, str]

    def parameters(self) -> Sent:
        """The types of the forms alone: their texts are kept apart."""
        return {"inputs": ",".join(form.kind for form in self.forms)}


@dataclass(frozen=True, slots=True)
class SetReaderDisplay:
    """`set_reader_display`: a cart on the reader's screen."""

    action: ClassVar[str] = "set_reader_display"

    cart: Cart

    def parameters(self) -> Sent:
        """How long the cart is: what is in it is kept apart."""
        return {"line_items": len(self.cart.line_items)}


Beginning = (
    ProcessPaymentIntent
    | CollectPaymentMethod
    | ProcessSetupIntent
    | RefundPayment
    | CollectInputs
    | SetReaderDisplay
)
"""What a reader begins to do."""

METADATA = "metadata"
"""Under which name a refund's is kept apart: the register's words may be anything."""

Wanted = Beginning | ConfirmPaymentIntent
"""What a register can ask of a reader."""


def details_to_keep(wanted: Wanted, reader_id: ReaderId) -> Details | None:
    """What is kept of it apart from the journal's entries, before it is answered."""
    match wanted:
        case CollectInputs(forms, metadata):
            return Details(inputs_object(forms, metadata=metadata))
        case SetReaderDisplay(cart):
            return Details(cart_object(cart), replaces=f"cart {reader_id}")
        case RefundPayment(metadata=metadata) if metadata:
            return Details({METADATA: dict(metadata)})
        case _:
            return None


def _sent(**parameters: str | int | bool | None) -> Sent:
    return {name: value for name, value in parameters.items() if value is not None}
