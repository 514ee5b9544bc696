"""What a register asks of one of Stripe's readers, in Stripe's own words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.ids import PaymentId, PaymentIntentId, SetupIntentId
from agent.stripe_api.refunds_in_person import PAYMENT

Form = Mapping[str, object]

_NOTED = frozenset(
    {"skip_tipping", "enable_customer_cancellation", "allow_redisplay", "return_url"}
)
"""What may be written down; other words are the register's or the customer's."""


@dataclass(frozen=True, slots=True)
class ForwardedAction:
    """An action as it goes to Stripe, which alone judges its parameters."""

    action: str
    """Stripe's action type, such as `process_payment_intent`."""
    form: Form = field(repr=False)

    @property
    def payment_intent(self) -> PaymentIntentId | None:
        """The PaymentIntent that it names."""
        named = self._named("payment_intent")
        return None if named is None else PaymentIntentId(named)

    @property
    def setup_intent(self) -> SetupIntentId | None:
        """The SetupIntent that it names."""
        named = self._named("setup_intent")
        return None if named is None else SetupIntentId(named)

    @property
    def charge(self) -> str | None:
        """The charge that it names."""
        return self._named("charge")

    @property
    def amount(self) -> int | None:
        """The amount that it names, minor units."""
        sent = self.form.get("amount")
        return (
            int(sent) if isinstance(sent, int | str) and str(sent).isdecimal() else None
        )

    def form_of(self, payment_id: PaymentId) -> Form:
        """What goes to Stripe; a refund names the payment that made it."""
        metadata = self.form.get("metadata") or {}
        if self.action != "refund_payment" or not isinstance(metadata, Mapping):
            return self.form
        return {**self.form, "metadata": {**metadata, PAYMENT: payment_id}}

    def parameters(self) -> dict[str, str | int | bool]:
        """What the journal keeps of the rest, flat."""
        found: dict[str, str | int | bool] = {}
        for name, value in self.form.items():
            if name.endswith("_config") and isinstance(value, Mapping):
                found |= {
                    key: item
                    for key, item in value.items()
                    if key in _NOTED and isinstance(item, str | int)
                }
        return found

    def _named(self, name: str) -> str | None:
        value = self.form.get(name)
        return value if isinstance(value, str) and value else None
