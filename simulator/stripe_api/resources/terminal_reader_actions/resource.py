"""The operations that order a smart reader to act."""

from __future__ import annotations

from functools import partial

from simulator.stripe_api.engine.operations import Operation, Resource
from simulator.stripe_api.engine.parameters import Fields
from simulator.stripe_api.resources.terminal_reader_actions import (
    collect_inputs,
    collect_payment_method,
    confirm_payment_intent,
    process_payment_intent,
    process_setup_intent,
    refund_payment,
    set_reader_display,
)
from simulator.stripe_api.resources.terminal_reader_actions.cancel_action import cancel
from simulator.stripe_api.resources.terminal_reader_actions.commands import (
    Order,
    command,
)
from simulator.stripe_api.resources.terminal_reader_actions.resuming import resume
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_readers import READERS
from simulator.stripe_api.smart_readers.state import SMART_READERS

_ORDERS: tuple[tuple[str, Fields, Order], ...] = (
    ("cancel_action", Fields({}), cancel),
    (collect_inputs.TYPE, collect_inputs.PARAMETERS, collect_inputs.ask),
    (
        collect_payment_method.TYPE,
        collect_payment_method.PARAMETERS,
        collect_payment_method.collect,
    ),
    (
        confirm_payment_intent.TYPE,
        confirm_payment_intent.PARAMETERS,
        confirm_payment_intent.confirm,
    ),
    (
        process_payment_intent.TYPE,
        process_payment_intent.PARAMETERS,
        process_payment_intent.process,
    ),
    (
        process_setup_intent.TYPE,
        process_setup_intent.PARAMETERS,
        process_setup_intent.process,
    ),
    (refund_payment.TYPE, refund_payment.PARAMETERS, refund_payment.refund),
    (
        set_reader_display.TYPE,
        set_reader_display.PARAMETERS,
        set_reader_display.display,
    ),
)


def terminal_reader_actions(shop: Shop) -> Resource:
    """The orders for the readers of this shop."""
    return Resource(
        kinds=(READERS, SMART_READERS),
        operations=tuple(
            Operation(
                "POST",
                f"/v1/terminal/readers/{{reader}}/{name}",
                parameters,
                READERS,
                command(shop, order),
            )
            for name, parameters, order in _ORDERS
        ),
        opening=partial(resume, shop),
    )
