"""The SetupIntent's operations."""

from __future__ import annotations

from functools import partial

from simulator.emv.authorization import Issuer
from simulator.stripe_api.engine.operations import Operation, Resource
from simulator.stripe_api.resources.setup_intents import lifecycle, parameters
from simulator.stripe_api.resources.setup_intents.fields import SETUP_INTENTS
from simulator.stripe_api.resources.setup_intents.lifecycle import PATH


def setup_intents(issuer: Issuer) -> Resource:
    """SetupIntents whose cards are checked by this issuer."""
    kind = SETUP_INTENTS
    one = f"{PATH}/{{intent}}"
    create = partial(lifecycle.create, issuer=issuer)
    confirm = partial(lifecycle.confirm, issuer=issuer)
    return Resource(
        kinds=(kind,),
        operations=(
            Operation("POST", PATH, parameters.CREATE, kind, create),
            Operation(
                "GET", PATH, parameters.LIST, kind, lifecycle.list_all, is_list=True
            ),
            Operation("GET", one, parameters.RETRIEVE, kind, lifecycle.retrieve),
            Operation("POST", one, parameters.UPDATE, kind, lifecycle.update),
            Operation("POST", f"{one}/confirm", parameters.CONFIRM, kind, confirm),
            Operation(
                "POST", f"{one}/cancel", parameters.CANCEL, kind, lifecycle.cancel
            ),
        ),
    )
