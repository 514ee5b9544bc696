"""Hardware orders and the catalog they are made from."""

from __future__ import annotations

from simulator.stripe_api.engine.operations import Resource
from simulator.stripe_api.resources.terminal_hardware.browsing import browsing
from simulator.stripe_api.resources.terminal_hardware.catalog import (
    PRODUCTS,
    SHIPPING_METHODS,
    SKUS,
    catalog,
)
from simulator.stripe_api.resources.terminal_hardware.orders import ORDERS, ordering


def terminal_hardware() -> Resource:
    """The preview, with a catalog of its own."""
    goods = catalog()
    return Resource(
        kinds=(PRODUCTS, SKUS, SHIPPING_METHODS, ORDERS),
        operations=(*browsing(goods), *ordering(goods)),
    )
