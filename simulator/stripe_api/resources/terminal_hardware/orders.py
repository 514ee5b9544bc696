"""Hardware orders: what they cost, and how they come along."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict, cast

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.lists import TimeRange, list_parameters, page, within
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation
from simulator.stripe_api.engine.parameters import (
    Choice,
    Fields,
    Integer,
    Items,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Kind, Object, Store
from simulator.stripe_api.resources.addresses import address
from simulator.stripe_api.resources.terminal_hardware.browsing import PREVIEW, item
from simulator.stripe_api.resources.terminal_hardware.catalog import (
    COUNTRIES,
    ORDERABLE_AT_ONCE,
    SHIPPING_METHODS,
    SKUS,
    ShippingMethod,
    shipping_price,
)
from simulator.stripe_api.resources.terminal_hardware.states import (
    TRANSITIONS,
    Status,
    Step,
)


class HardwareOrder(TypedDict):
    """Stripe's TerminalHardwareOrder; one that is only previewed has no id."""

    id: NotRequired[str]
    object: str
    amount: int
    created: NotRequired[int]
    currency: str
    hardware_order_items: list[Mapping[str, Any]]
    livemode: bool
    metadata: dict[str, str]
    payment_type: str
    po_number: str | None
    shipment_tracking: list[Mapping[str, str]]
    shipping: Mapping[str, Any]
    shipping_method: str
    status: Status
    tax: int
    total_tax_amounts: list[Mapping[str, Any]]
    updated: NotRequired[int | None]


ORDERS = Kind[HardwareOrder](
    name="terminal.hardware_order",
    prefix="thor",
    noun="terminal hardware order",
    shape=HardwareOrder,
    indexes=("status",),
)
_ADDRESS = Fields(
    {
        "city": Text(35),
        "country": Required(Text(2)),
        "line1": Required(Text(40)),
        "line2": Text(40),
        "postal_code": Required(Text(10)),
        "state": Text(29),
    }
)
_SHIPPING = Fields(
    {
        "address": Required(_ADDRESS),
        "company": Text(40),
        "email": Required(Text(800)),
        "name": Required(Text(36)),
        "phone": Required(Text(14)),
    }
)
_ITEM = Fields(
    {
        "quantity": Required(Integer(minimum=1, maximum=ORDERABLE_AT_ONCE)),
        "terminal_hardware_sku": Required(Text()),
    }
)
_ORDER = Fields(
    {
        "hardware_order_items": Required(Items(_ITEM)),
        "metadata": Metadata(),
        "payment_type": Required(Choice(("monthly_invoice",))),
        "po_number": Text(15),
        "shipping": Required(_SHIPPING),
        "shipping_method": Required(Text()),
    }
)
_LIST = list_parameters(created=TimeRange(), status=Choice(tuple(Status)))
_PATH = "/v1/terminal/hardware_orders"
_HELPERS = "/v1/test_helpers/terminal/hardware_orders"


def ordering(goods: Store) -> tuple[Operation, ...]:
    """The operations that order what is in `goods`."""
    one = f"{_PATH}/{{order}}"

    def operation(
        method: str, path: str, parameters: Fields, run: Any, *, is_list: bool = False
    ) -> Operation:
        return Operation(
            method, path, parameters, ORDERS, run, is_list=is_list, preview=PREVIEW
        )

    return (
        operation("POST", _PATH, _ORDER, partial(_create, goods)),
        operation("GET", _PATH, _LIST, _list, is_list=True),
        operation("GET", f"{_PATH}/preview", _ORDER, partial(_draft, goods)),
        operation("GET", one, Fields({}), _retrieve),
        operation("POST", f"{one}/cancel", Fields({}), partial(_go_on, Step.CANCEL)),
        *(
            operation(
                "POST", f"{_HELPERS}/{{order}}/{step}", Fields({}), partial(_help, step)
            )
            for step in Step
            if step is not Step.CANCEL
        ),
    )


def _create(goods: Store, call: Call) -> HardwareOrder:
    draft = _draft(goods, call)
    order: HardwareOrder = {
        **draft,
        "id": call.new_id(ORDERS),
        "created": call.now,
        "updated": None,
    }
    call.store.of(ORDERS).put(order)
    call.emit("terminal.hardware_order.created", order)
    return order


def _draft(goods: Store, call: Call) -> HardwareOrder:
    """The order with all that it costs; raises InvalidRequest."""
    params = call.params
    code, method = _delivery(goods, params)
    country = COUNTRIES[code]
    items = [
        _ordered(goods, each, code, position)
        for position, each in enumerate(params["hardware_order_items"])
    ]
    net = sum(each["amount"] for each in items)
    # Hundredths of a percent, so that halves go up and not to the even.
    tax = (net * round(country.tax_percentage * 100) + 5000) // 10_000
    rate = {
        "display_name": country.tax_name,
        "jurisdiction": code,
        "percentage": country.tax_percentage,
    }
    shipping = {
        **_addressee(params["shipping"]),
        "amount": shipping_price(method),
        "currency": country.currency,
    }
    return {
        "object": ORDERS.name,
        "amount": net + shipping_price(method) + tax,
        "currency": country.currency,
        "hardware_order_items": items,
        "livemode": call.livemode,
        "metadata": merged({}, params.get("metadata", {})),
        "payment_type": params["payment_type"],
        "po_number": params.get("po_number"),
        "shipment_tracking": [],
        "shipping": shipping,
        "shipping_method": method["name"],
        "status": Status.PENDING,
        "tax": tax,
        "total_tax_amounts": [{"amount": tax, "inclusive": False, "rate": rate}],
    }


def _delivery(goods: Store, params: Values) -> tuple[str, ShippingMethod]:
    """Where the order goes and how; raises InvalidRequest where that cannot be."""
    if not params["hardware_order_items"]:
        raise ParameterInvalid("Invalid array", param="hardware_order_items")
    code = params["shipping"]["address"]["country"].upper()
    if code not in COUNTRIES:
        raise InvalidRequest(
            f"Terminal hardware is not shipped to {code}.",
            param="shipping[address][country]",
        )
    name = "shipping_method"
    method = item(goods, SHIPPING_METHODS, params[name], param=name, status=400)
    _check_country(method["country"], code, param=name)
    return code, method


def _ordered(
    goods: Store, sent: Values, country: str, position: int
) -> Mapping[str, Any]:
    """One line of an order."""
    param = f"hardware_order_items[{position}][terminal_hardware_sku]"
    sku = item(goods, SKUS, sent["terminal_hardware_sku"], param=param, status=400)
    _check_country(sku["country"], country, param=param)
    shown = {
        name: value
        for name, value in sku.items()
        if name in ("id", "amount", "country", "currency", "product")
    }
    return {
        "amount": sku["amount"] * sent["quantity"],
        "currency": sku["currency"],
        "quantity": sent["quantity"],
        "terminal_hardware_sku": shown,
    }


def _check_country(available_in: str, shipped_to: str, *, param: str) -> None:
    if available_in != shipped_to:
        raise InvalidRequest(
            f"This is available in {available_in} only, and the order is shipped to "
            f"{shipped_to}.",
            param=param,
        )


def _addressee(sent: Values) -> Mapping[str, Any]:
    return {
        "address": address({**sent["address"]}),
        "company": sent.get("company"),
        "email": sent["email"],
        "name": sent["name"],
        "phone": sent["phone"],
    }


def _retrieve(call: Call) -> HardwareOrder:
    return call.find(ORDERS, "order")


def _list(call: Call) -> Object:
    created = call.params.get("created")
    return page(
        call.store,
        ORDERS,
        params=call.params,
        url=_PATH,
        equal=("status",),
        where=lambda order: within(order["created"], created),
    )


def _help(step: Step, call: Call) -> HardwareOrder:
    if call.livemode:
        raise InvalidRequest("Test helpers are only available in test mode.")
    return _go_on(step, call)


def _go_on(step: Step, call: Call) -> HardwareOrder:
    order = call.find(ORDERS, "order")
    status = TRANSITIONS.get((order["status"], step))
    if status is None:
        raise InvalidRequest(
            f"You cannot {step.replace('_', ' ')} an order with a status of "
            f"{order['status']}."
        )
    after = cast("HardwareOrder", {**order, "status": status, "updated": call.now})
    if status is Status.SHIPPED:
        after["shipment_tracking"] = [
            {"carrier": "ups", "tracking_number": f"1Z{call.ids.digits(16)}"}
        ]
    call.store.of(ORDERS).put(after)
    call.emit(f"terminal.hardware_order.{status}", after)
    return after
