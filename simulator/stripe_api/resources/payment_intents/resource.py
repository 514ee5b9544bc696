"""The PaymentIntent's operations."""

from __future__ import annotations

from functools import partial

from simulator.emv.authorization import Issuer
from simulator.stripe_api.engine.operations import Operation, Resource
from simulator.stripe_api.engine.search import FieldType
from simulator.stripe_api.engine.search_pages import search_operation
from simulator.stripe_api.resources.payment_intents import lifecycle, parameters
from simulator.stripe_api.resources.payment_intents.capture import capture
from simulator.stripe_api.resources.payment_intents.confirm import confirm
from simulator.stripe_api.resources.payment_intents.expiry import watch_holds
from simulator.stripe_api.resources.payment_intents.fields import PAYMENT_INTENTS
from simulator.stripe_api.resources.payment_intents.increment import increment
from simulator.stripe_api.resources.payment_intents.lifecycle import PATH

_SEARCHED = {
    "amount": FieldType.NUMBER,
    "created": FieldType.NUMBER,
    "currency": FieldType.TOKEN,
    "customer": FieldType.TOKEN,
    "metadata": FieldType.METADATA,
    "status": FieldType.TOKEN,
}


def payment_intents(issuer: Issuer) -> Resource:
    """PaymentIntents that are authorized by this issuer."""
    kind = PAYMENT_INTENTS
    one = f"{PATH}/{{intent}}"
    create = partial(lifecycle.create, issuer=issuer)
    confirmed = partial(confirm, issuer=issuer)
    return Resource(
        kinds=(kind,),
        operations=(
            Operation("POST", PATH, parameters.CREATE, kind, create),
            Operation(
                "GET", PATH, parameters.LIST, kind, lifecycle.list_all, is_list=True
            ),
            Operation("GET", one, parameters.RETRIEVE, kind, lifecycle.retrieve),
            Operation("POST", one, parameters.UPDATE, kind, lifecycle.update),
            Operation("POST", f"{one}/confirm", parameters.CONFIRM, kind, confirmed),
            Operation("POST", f"{one}/capture", parameters.CAPTURE, kind, capture),
            Operation(
                "POST", f"{one}/cancel", parameters.CANCEL, kind, lifecycle.cancel
            ),
            Operation(
                "POST",
                f"{one}/increment_authorization",
                parameters.INCREMENT,
                kind,
                increment,
            ),
            search_operation(PATH, kind, _SEARCHED),
        ),
        opening=watch_holds,
    )
