"""Creating, reading, changing, confirming and canceling SetupIntents."""

from __future__ import annotations

from typing import cast

from simulator.emv.authorization import Issuer
from simulator.errors import CardDataUnreadable
from simulator.stripe_api.engine.lists import page, within
from simulator.stripe_api.engine.metadata import merged
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.engine.parameters import Values
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.card_reads import (
    CardRead,
    unreadable,
)
from simulator.stripe_api.resources.customers import CUSTOMERS
from simulator.stripe_api.resources.means import check_redirects
from simulator.stripe_api.resources.setup_intents.fields import (
    SETUP_INTENTS,
    SetupIntent,
    Unfilled,
    require,
    save,
)
from simulator.stripe_api.resources.setup_intents.online import (
    chosen,
    means_of_setup,
    set_up_online,
)
from simulator.stripe_api.resources.setup_intents.setting_up import set_up_card
from simulator.stripe_api.resources.setup_intents.states import (
    TRANSITIONS,
    Status,
    Step,
)

PATH = "/v1/setup_intents"

_UNFILLED: Unfilled = {
    "application": None,
    "customer_account": None,
    "flow_directions": None,
    "mandate": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method_configuration_details": None,
    "single_use_mandate": None,
}
_COPIED = ("customer", "description", "excluded_payment_method_types", "usage")


def create(call: Call, *, issuer: Issuer) -> SetupIntent:
    """Add an intent, and confirm it at once where that is asked for."""
    intent = _changed(call, _blank(call))
    is_confirmed = call.params.get("confirm", False)
    if not is_confirmed:
        intent = chosen(call, intent)
    save(call, intent)
    call.emit("setup_intent.created", intent)
    return _set_up(call, intent, issuer=issuer) if is_confirmed else intent


def retrieve(call: Call) -> SetupIntent:
    """The intent."""
    return call.find(SETUP_INTENTS, "intent")


def update(call: Call) -> SetupIntent:
    """Change an intent."""
    intent = call.find(SETUP_INTENTS, "intent")
    changed = _changed(call, intent)
    if not {"payment_method", "payment_method_data"}.isdisjoint(call.params):
        require(intent, Step.CHOOSE, action="update/updated")
    return save(call, chosen(call, changed))


def confirm(call: Call, *, issuer: Issuer) -> SetupIntent:
    """Set up the card; raises CardError where the issuer declines."""
    return _set_up(call, call.find(SETUP_INTENTS, "intent"), issuer=issuer)


def cancel(call: Call) -> SetupIntent:
    """End an intent without a card."""
    intent = call.find(SETUP_INTENTS, "intent")
    require(intent, Step.CANCEL, action="cancel/canceled")
    canceled = intent.copy()
    canceled["status"] = TRANSITIONS[intent["status"], Step.CANCEL]
    canceled["cancellation_reason"] = call.params.get("cancellation_reason")
    save(call, canceled)
    call.emit("setup_intent.canceled", canceled)
    return canceled


def list_all(call: Call) -> Object:
    """One page of intents."""
    created = call.params.get("created")
    # No account attaches a card to itself here.
    none = call.params.get("attach_to_self", False)
    return page(
        call.store,
        SETUP_INTENTS,
        params=call.params,
        url=PATH,
        equal=("customer", "payment_method"),
        where=lambda intent: not none and within(intent["created"], created),
    )


def _set_up(call: Call, intent: SetupIntent, *, issuer: Issuer) -> SetupIntent:
    require(intent, Step.SET_UP, action="confirm/confirmed")
    intent = _changed(call, intent)
    means = means_of_setup(call, intent)
    if not isinstance(means, CardRead):
        check_redirects(intent["automatic_payment_methods"], call.params)
        return set_up_online(call, intent, means)
    try:
        return set_up_card(
            call,
            intent,
            means,
            issuer=issuer,
            allow_redisplay=call.params["payment_method_data"].get(
                "allow_redisplay", "unspecified"
            ),
        )
    except CardDataUnreadable:
        raise unreadable() from None


def _changed(call: Call, intent: SetupIntent) -> SetupIntent:
    """A new intent with the parameters applied."""
    params = call.params
    fields: Values = {**intent}
    if "customer" in params:
        call.referred(CUSTOMERS, "customer")
    for name in _COPIED:
        if name in params:
            fields[name] = params[name]
    if "metadata" in params:
        fields["metadata"] = merged(intent["metadata"], params["metadata"])
    automatic = params.get("automatic_payment_methods")
    if automatic is not None and automatic["enabled"]:
        fields["automatic_payment_methods"] = {"allow_redirects": "always"} | automatic
    elif automatic is not None:
        fields["automatic_payment_methods"] = None
        fields["payment_method_types"] = ["card"]
    types = params.get("allowed_payment_method_types")
    types = params.get("payment_method_types") if types is None else types
    if types:
        fields["allowed_payment_method_types"] = types
        fields["payment_method_types"] = types
        fields["automatic_payment_methods"] = None
    return cast("SetupIntent", fields)


def _blank(call: Call) -> SetupIntent:
    """An intent before its parameters are applied."""
    intent_id = call.new_id(SETUP_INTENTS)
    return {
        **_UNFILLED,
        "id": intent_id,
        "object": "setup_intent",
        "allowed_payment_method_types": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{call.ids.text(25)}",
        "created": call.now,
        "customer": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": call.livemode,
        "metadata": {},
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card", "link"],
        "status": Status.REQUIRES_PAYMENT_METHOD,
        "usage": "off_session",
    }
