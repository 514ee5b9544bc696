"""What SetupIntent operations take, by name and by API version."""

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
    Items,
    Parameter,
    Required,
    Since,
    Text,
    Until,
)
from simulator.stripe_api.resources.card_reads import PAYMENT_METHOD_DATA
from simulator.stripe_api.resources.payment_intents.parameters import RENAMED_TYPES
from simulator.stripe_api.resources.payment_method_types import (
    EXCLUDABLE_TYPES,
    PaymentMethodType,
)
from simulator.stripe_api.resources.references import NoneExist

_TYPES = Items(PaymentMethodType())

_CARD: Mapping[str, Parameter] = {
    "allowed_payment_method_types": Since(RENAMED_TYPES, _TYPES),
    "payment_method_types": Until(RENAMED_TYPES, _TYPES),
    "payment_method": Text(),
    "payment_method_data": PAYMENT_METHOD_DATA,
    "payment_method_options": Anything(),
}
_CONFIRMATION: Mapping[str, Parameter] = {
    "confirmation_token": Text(),
    "mandate_data": Clearable(Anything()),
    "return_url": Text(),
    "use_stripe_sdk": Boolean(),
}
_DESCRIPTION: Mapping[str, Parameter] = {
    "attach_to_self": Boolean(),
    "customer": Text(),
    "customer_account": NoneExist("account"),
    "description": Clearable(Text(1000)),
    "excluded_payment_method_types": Clearable(Items(Choice(EXCLUDABLE_TYPES))),
    "flow_directions": Items(Choice(("inbound", "outbound"))),
    "metadata": Metadata(),
    "payment_method_configuration": NoneExist("payment_method_configuration"),
}

CREATE = Fields(
    {
        **_CARD,
        **_CONFIRMATION,
        **_DESCRIPTION,
        "automatic_payment_methods": Fields(
            {
                "allow_redirects": Choice(("always", "never")),
                "enabled": Required(Boolean()),
            }
        ),
        "confirm": Boolean(),
        "on_behalf_of": NoneExist("account"),
        "single_use": Anything(),
        "usage": Choice(("off_session", "on_session")),
    }
)
UPDATE = Fields({**_CARD, **_DESCRIPTION})
CONFIRM = Fields({**_CARD, **_CONFIRMATION})
CANCEL = Fields(
    {"cancellation_reason": Choice(("abandoned", "duplicate", "requested_by_customer"))}
)
LIST = list_parameters(
    attach_to_self=Boolean(),
    created=TimeRange(),
    customer=Text(),
    customer_account=NoneExist("account"),
    payment_method=Text(),
)
RETRIEVE = Fields({"client_secret": Text()})
