"""What PaymentIntent operations take, by name and by API version."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.stripe_api.engine.lists import TimeRange, list_parameters
from simulator.stripe_api.engine.metadata import Metadata
from simulator.stripe_api.engine.parameters import (
    Anything,
    Boolean,
    Choice,
    Clearable,
    Fields,
    Integer,
    Items,
    Parameter,
    Required,
    Since,
    Text,
    Until,
)
from simulator.stripe_api.resources.addresses import SHIPPING
from simulator.stripe_api.resources.card_reads import PAYMENT_METHOD_DATA
from simulator.stripe_api.resources.money import Currency
from simulator.stripe_api.resources.payment_method_types import (
    EXCLUDABLE_TYPES,
    OPTION_NAMES,
    PaymentMethodType,
)
from simulator.stripe_api.resources.references import NoneExist

RENAMED_TYPES = "2026-09-30"
"""From this version on `payment_method_types` is called `allowed_payment_method_types`."""

_CARD_PRESENT_OPTIONS = Fields(
    {
        "capture_method": Clearable(Choice(("manual", "manual_preferred"))),
        "request_extended_authorization": Boolean(),
        "request_incremental_authorization_support": Boolean(),
        "routing": Fields(
            {"requested_priority": Choice(("domestic", "international"))}
        ),
    }
)
_OPTIONS = Fields(
    {
        **{name: Clearable(Anything()) for name in OPTION_NAMES},
        "card_present": Clearable(_CARD_PRESENT_OPTIONS),
    }
)

_TYPES = Items(PaymentMethodType())
_CAPTURE_METHOD = Choice(("automatic", "automatic_async", "manual"))

# Shared by create, update and confirm.
_WAY_OF_PAYMENT: Mapping[str, Parameter] = {
    "allowed_payment_method_types": Since(RENAMED_TYPES, _TYPES),
    "payment_method_types": Until(RENAMED_TYPES, _TYPES),
    "excluded_payment_method_types": Clearable(Items(Choice(EXCLUDABLE_TYPES))),
    "amount_details": Clearable(Anything()),
    "capture_method": _CAPTURE_METHOD,
    "hooks": Anything(),
    "payment_details": Clearable(Anything()),
    "payment_method": Text(),
    "payment_method_data": PAYMENT_METHOD_DATA,
    "payment_method_options": _OPTIONS,
    "receipt_email": Clearable(Text(800)),
    "setup_future_usage": Clearable(Choice(("off_session", "on_session"))),
    "shipping": Clearable(SHIPPING),
}

# Shared by create and confirm; none of it matters to a card that is present.
_CONFIRMATION: Mapping[str, Parameter] = {
    "confirmation_token": Text(),
    "error_on_requires_action": Boolean(),
    "mandate": NoneExist("mandate"),
    "mandate_data": Clearable(Anything()),
    "off_session": Anything(),
    "radar_options": Anything(),
    "return_url": Text(),
    "use_stripe_sdk": Boolean(),
}

# Shared by create and update.
_DESCRIPTION: Mapping[str, Parameter] = {
    "application_fee_amount": Clearable(Integer(minimum=0)),
    "customer": Clearable(Text()),
    "customer_account": Clearable(NoneExist("account")),
    "description": Clearable(Text(1000)),
    "metadata": Metadata(),
    "payment_method_configuration": NoneExist("payment_method_configuration"),
    "statement_descriptor": Clearable(Text(22)),
    "statement_descriptor_suffix": Clearable(Text(22)),
    "transfer_data": NoneExist("destination"),
    "transfer_group": Clearable(Text()),
}

CREATE = Fields(
    {
        **_WAY_OF_PAYMENT,
        **_CONFIRMATION,
        **_DESCRIPTION,
        "amount": Required(Integer(minimum=1)),
        "automatic_payment_methods": Fields(
            {
                "allow_redirects": Choice(("always", "never")),
                "enabled": Required(Boolean()),
            }
        ),
        "confirm": Boolean(),
        "confirmation_method": Choice(("automatic", "manual")),
        "currency": Required(Currency()),
        "on_behalf_of": NoneExist("account"),
    }
)
UPDATE = Fields(
    {
        **_WAY_OF_PAYMENT,
        **_DESCRIPTION,
        "amount": Integer(minimum=1),
        "currency": Currency(),
    }
)
CONFIRM = Fields(
    {**_WAY_OF_PAYMENT, **_CONFIRMATION, "amount_to_confirm": Integer(minimum=1)}
)
CAPTURE = Fields(
    {
        "amount_details": Clearable(Anything()),
        "amount_to_capture": Integer(minimum=1),
        "application_fee_amount": Integer(minimum=0),
        "final_capture": Boolean(),
        "hooks": Anything(),
        "metadata": Metadata(),
        "payment_details": Clearable(Anything()),
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Text(22),
        "transfer_data": NoneExist("destination"),
    }
)
INCREMENT = Fields(
    {
        "amount": Required(Integer(minimum=1)),
        "amount_details": Clearable(Anything()),
        "application_fee_amount": Integer(minimum=0),
        "description": Text(1000),
        "hooks": Anything(),
        "metadata": Metadata(),
        "payment_details": Clearable(Anything()),
        "statement_descriptor": Text(22),
        "transfer_data": NoneExist("destination"),
    }
)
CANCEL = Fields(
    {
        "cancellation_reason": Choice(
            ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
        )
    }
)
LIST = list_parameters(created=TimeRange(), customer=Text(), customer_account=Text())
RETRIEVE = Fields({"client_secret": Text()})
