"""Reading the catalog: products, SKUs and ways of shipping."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simulator.stripe_api.engine.errors import ResourceMissing
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.operations import Call, Operation
from simulator.stripe_api.engine.parameters import Choice, Fields, Required, Text
from simulator.stripe_api.engine.store import Kind, Object, Store, T
from simulator.stripe_api.resources.terminal_hardware.catalog import (
    AVAILABLE,
    PRODUCTS,
    SHIPPING_METHODS,
    SKUS,
    ShippingMethod,
)

PREVIEW = "terminal_hardware_orders_beta=v5"

_PATH = "/v1/terminal/hardware_"
_STATUS = Choice(("available", "unavailable"))
_PROVIDER = Choice(("stripe",))
_ARRIVES_AFTER: Mapping[str, tuple[int, int]] = {
    "express": (1, 2),
    "priority": (2, 3),
    "standard": (4, 7),
}
"""Days until an order comes, at the earliest and at the latest."""

_LISTS: tuple[tuple[str, Kind[Any], Fields], ...] = (
    ("products", PRODUCTS, list_parameters(status=_STATUS, type=Text())),
    (
        "shipping_methods",
        SHIPPING_METHODS,
        list_parameters(
            country=Required(Text()),
            name=Choice(("express", "priority", "standard")),
            provider=_PROVIDER,
            status=_STATUS,
        ),
    ),
    (
        "skus",
        SKUS,
        list_parameters(
            country=Required(Text()),
            product=Text(),
            provider=_PROVIDER,
            status=_STATUS,
        ),
    ),
)


def browsing(goods: Store) -> tuple[Operation, ...]:
    """The operations that read `goods`."""
    return tuple(
        operation
        for name, kind, parameters in _LISTS
        for operation in (
            Operation(
                "GET",
                _PATH + name,
                parameters,
                kind,
                partial(_list, goods, kind, _PATH + name),
                is_list=True,
                preview=PREVIEW,
            ),
            Operation(
                "GET",
                f"{_PATH}{name}/{{id}}",
                Fields({}),
                kind,
                partial(_retrieve, goods, kind),
                preview=PREVIEW,
            ),
        )
    )


def item(goods: Store, kind: Kind[T], object_id: str, *, param: str, status: int) -> T:
    """One thing of the catalog; raises ResourceMissing."""
    found = goods.of(kind).get(object_id)
    if found is None:
        raise ResourceMissing(kind.noun, object_id[:60], param=param, status=status)
    return found


def _retrieve(goods: Store, kind: Kind[Any], call: Call) -> Object:
    found = item(goods, kind, call.names["id"], param="id", status=404)
    return _shown(call, found)


def _list(goods: Store, kind: Kind[Any], url: str, call: Call) -> Object:
    params = {"status": AVAILABLE, **call.params}
    if "country" in params:
        params["country"] = params["country"].upper()
    found = page(
        goods,
        kind,
        params=params,
        url=url,
        equal=[
            name
            for name in ("country", "product", "name", "status", "type")
            if name in params
        ],
    )
    return {**found, "data": [_shown(call, each) for each in found["data"]]}


def _shown(call: Call, found: Object) -> Object:
    if found["object"] != SHIPPING_METHODS.name:
        return found
    return {**found, "estimated_delivery_window": _window(call, found)}


def _window(call: Call, method: ShippingMethod | Object) -> Mapping[str, str]:
    """When an order of today would come."""
    today = datetime.fromtimestamp(call.now, UTC).date()
    earliest, latest = _ARRIVES_AFTER[method["name"]]
    return {
        "maximum_date": (today + timedelta(days=latest)).isoformat(),
        "minimum_date": (today + timedelta(days=earliest)).isoformat(),
    }
