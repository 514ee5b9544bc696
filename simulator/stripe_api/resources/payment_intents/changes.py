"""What sent parameters make of a PaymentIntent's fields, new or existing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.metadata import merged
from simulator.stripe_api.engine.parameters import Values
from simulator.stripe_api.resources.addresses import shipping
from simulator.stripe_api.resources.payment_intents.fields import PaymentIntent

_COPIED = (
    "amount",
    "application_fee_amount",
    "capture_method",
    "confirmation_method",
    "currency",
    "customer",
    "description",
    "excluded_payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
_OPTION_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "card": {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    },
    "card_present": {
        "request_extended_authorization": False,
        "request_incremental_authorization_support": False,
    },
    "link": {"persistent_token": None},
}


def changed(intent: PaymentIntent, params: Values) -> PaymentIntent:
    """A new intent with the parameters applied; raises InvalidRequest."""
    fields: Values = {**intent}
    for name in _COPIED:
        if name in params:
            fields[name] = params[name]
    if "metadata" in params:
        fields["metadata"] = merged(intent["metadata"], params["metadata"])
    if "shipping" in params:
        fields["shipping"] = params["shipping"] and shipping(params["shipping"])
    fields.update(_way_of_payment(params))
    fields["payment_method_options"] = _options(
        fields["payment_method_types"],
        before=intent["payment_method_options"],
        sent=params.get("payment_method_options", {}),
    )
    return cast("PaymentIntent", fields)


def _way_of_payment(params: Values) -> Values:
    types = params.get("allowed_payment_method_types")
    if types is None:
        types = params.get("payment_method_types")
    automatic = params.get("automatic_payment_methods")
    if types is not None:
        if automatic is not None and automatic["enabled"]:
            raise ParameterInvalid(
                "You may only specify one of these parameters: "
                "automatic_payment_methods, payment_method_types.",
                code="parameters_exclusive",
            )
        if not types:
            raise InvalidRequest(
                "At least one payment method type is required.",
                param="payment_method_types",
            )
        return {
            "allowed_payment_method_types": types,
            "automatic_payment_methods": None,
            "payment_method_types": types,
        }
    if automatic is None:
        return {}
    if not automatic["enabled"]:
        return {"automatic_payment_methods": None, "payment_method_types": ["card"]}
    return {
        "automatic_payment_methods": {
            "allow_redirects": automatic.get("allow_redirects", "always"),
            "enabled": True,
        }
    }


def _options(
    types: list[str], *, before: Mapping[str, Any], sent: Values
) -> Mapping[str, Any]:
    """The options of each payment method type that has any."""
    options = {}
    for name in types:
        default = _OPTION_DEFAULTS.get(name)
        if name in sent and sent[name] is None:
            merged_options = default
        elif name in sent and isinstance(sent[name], dict):
            merged_options = {**(default or {}), **before.get(name, {}), **sent[name]}
        else:
            merged_options = before.get(name, default)
        if merged_options is not None:
            options[name] = {
                key: value
                for key, value in merged_options.items()
                if key != "capture_method" or value is not None
            }
    return options
