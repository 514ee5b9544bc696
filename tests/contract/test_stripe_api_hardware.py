"""Hardware orders and their catalog, behind the preview's version header."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from smart_reader_shop import SmartReaderShop

from simulator.stripe_api.engine.events import EVENTS

pytest_plugins = ("smart_reader_fixtures",)

PREVIEW = "2026-10-28.endive; terminal_hardware_orders_beta=v5"
PATH = "/v1/terminal/hardware_"
ORDER: Any = {
    "hardware_order_items": [
        {"terminal_hardware_sku": "thsku_StripeS700US", "quantity": 2}
    ],
    "payment_type": "monthly_invoice",
    "po_number": "PO-7",
    "shipping": {
        "address": {"country": "US", "line1": "1 Main Street", "postal_code": "94111"},
        "email": "jo@example.com",
        "name": "Jo Rosen",
        "phone": "15555555555",
    },
    "shipping_method": "thsm_StandardUS",
}


def ask(till: stripe.StripeClient, method: str, path: str, **params: Any) -> Any:
    """A request for the preview, which the SDK has no methods for."""
    answer = till.raw_request(method, path, stripe_version=PREVIEW, **params)
    return till.deserialize(answer, api_mode="V1").to_dict()


def ordered(till: stripe.StripeClient) -> Any:
    """A new order."""
    return ask(till, "post", f"{PATH}orders", **ORDER)


def helped(till: stripe.StripeClient, order: Any, *steps: str) -> Any:
    """The order after these steps."""
    for step in steps:
        path = f"/v1/test_helpers/terminal/hardware_orders/{order['id']}/{step}"
        order = ask(till, "post", path)
    return order


def test_preview_is_unknown_unless_it_is_asked_for(till: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized") as caught:
        till.raw_request("get", f"{PATH}products")

    assert caught.value.http_status == 404


def test_malformed_preview_is_refused(till: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version"):
        till.raw_request("get", "/v1/account", stripe_version="2026-10-28.endive; x")


def test_products_are_listed(till: stripe.StripeClient) -> None:
    products = ask(till, "get", f"{PATH}products", type="stripe_s700")["data"]

    assert products == [
        {
            "id": "thpr_StripeS700",
            "object": "terminal.hardware_product",
            "status": "available",
            "type": "stripe_s700",
            "unavailable_after": None,
        }
    ]
    assert ask(till, "get", f"{PATH}products/thpr_StripeS700") == products[0]


def test_skus_are_of_one_country(till: stripe.StripeClient) -> None:
    skus = ask(till, "get", f"{PATH}skus", country="ca", product="thpr_StripeS700")

    assert [(sku["id"], sku["currency"]) for sku in skus["data"]] == [
        ("thsku_StripeS700CA", "cad")
    ]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        ask(till, "get", f"{PATH}skus")
    assert caught.value.param == "country"


def test_nothing_is_unavailable(till: stripe.StripeClient) -> None:
    skus = ask(till, "get", f"{PATH}skus", country="US", status="unavailable")

    assert skus["data"] == []


def test_shipping_methods_say_when_an_order_would_come(
    till: stripe.StripeClient,
) -> None:
    methods = ask(
        till, "get", f"{PATH}shipping_methods", country="US", name="standard"
    )["data"]

    assert methods[0]["id"] == "thsm_StandardUS"
    assert methods[0]["estimated_delivery_window"] == {
        "maximum_date": "2026-01-08",
        "minimum_date": "2026-01-05",
    }
    one = ask(till, "get", f"{PATH}shipping_methods/thsm_StandardUS")
    assert one == methods[0]


def test_unknown_sku_is_missing(till: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such") as caught:
        ask(till, "get", f"{PATH}skus/thsku_none")

    assert caught.value.http_status == 404


def test_order_costs_its_items_shipping_and_tax(till: stripe.StripeClient) -> None:
    order = ordered(till)

    assert (order["status"], order["currency"]) == ("pending", "usd")
    assert order["hardware_order_items"][0]["amount"] == 698_00
    assert order["shipping"]["amount"] == 8_00
    assert order["tax"] == 57_59  # 8.25 % of 698.00
    assert order["amount"] == 698_00 + 8_00 + 57_59
    assert order["shipping_method"] == "standard"


def test_draft_costs_the_same_and_is_not_kept(till: stripe.StripeClient) -> None:
    draft = ask(till, "get", f"{PATH}orders/preview", **ORDER)

    assert "id" not in draft
    assert draft["amount"] == ordered(till)["amount"]
    assert len(ask(till, "get", f"{PATH}orders")["data"]) == 1


def test_order_comes_along(till: stripe.StripeClient, shop: SmartReaderShop) -> None:
    order = ordered(till)

    done = helped(till, order, "mark_ready_to_ship", "ship", "deliver")

    assert done["status"] == "delivered"
    assert done["shipment_tracking"][0]["tracking_number"].startswith("1Z")
    assert ask(till, "get", f"{PATH}orders/{order['id']}") == done
    # Not through the SDK, whose list of event types has no previews.
    events = shop.api.store().of(EVENTS).newest_first()
    assert [event["type"] for event in events] == [
        f"terminal.hardware_order.{step}"
        for step in ("delivered", "shipped", "ready_to_ship", "created")
    ]


def test_shipped_order_may_be_undeliverable(till: stripe.StripeClient) -> None:
    done = helped(
        till, ordered(till), "mark_ready_to_ship", "ship", "mark_undeliverable"
    )

    assert done["status"] == "undeliverable"


def test_pending_order_can_be_canceled_and_no_other(till: stripe.StripeClient) -> None:
    pending, ready = ordered(till), helped(till, ordered(till), "mark_ready_to_ship")

    canceled = ask(till, "post", f"{PATH}orders/{pending['id']}/cancel")

    assert canceled["status"] == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="ready_to_ship"):
        ask(till, "post", f"{PATH}orders/{ready['id']}/cancel")


def test_orders_can_be_listed_by_status(till: stripe.StripeClient) -> None:
    ordered(till)
    ready = helped(till, ordered(till), "mark_ready_to_ship")

    found = ask(till, "get", f"{PATH}orders", status="ready_to_ship")["data"]

    assert [order["id"] for order in found] == [ready["id"]]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"shipping_method": "thsm_StandardCA"}, "shipping_method"),
        ({"shipping_method": "thsm_none"}, "shipping_method"),
        ({"payment_type": "cash"}, "payment_type"),
        (
            {
                "hardware_order_items": [
                    {"terminal_hardware_sku": "thsku_StripeS700CA", "quantity": 1}
                ]
            },
            "hardware_order_items[0][terminal_hardware_sku]",
        ),
        (
            {
                "shipping": {
                    **ORDER["shipping"],
                    "address": {**ORDER["shipping"]["address"], "country": "AQ"},
                }
            },
            "shipping[address][country]",
        ),
    ],
)
def test_impossible_order_is_refused(
    till: stripe.StripeClient, changes: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        ask(till, "post", f"{PATH}orders", **{**ORDER, **changes})

    assert caught.value.param == param


def test_order_without_items_is_refused(shop: SmartReaderShop) -> None:
    refusal = shop.post_json(
        "/v1/terminal/hardware_orders",
        {**ORDER, "hardware_order_items": []},
        version=PREVIEW,
    )

    assert refusal["error"]["param"] == "hardware_order_items"


def test_helpers_are_for_test_mode(shop: SmartReaderShop) -> None:
    live = shop.client("sk_live_simulator0123456789")
    order = ordered(live)

    with pytest.raises(stripe.InvalidRequestError, match="test mode"):
        helped(live, order, "mark_ready_to_ship")


def test_onboarding_link_leads_to_the_terms(till: stripe.StripeClient) -> None:
    link = till.v1.terminal.onboarding_links.create(
        {
            "link_type": "apple_terms_and_conditions",
            "link_options": {
                "apple_terms_and_conditions": {
                    "merchant_display_name": "Shop",
                    "allow_relinking": True,
                }
            },
        }
    )

    apple: Any = link.link_options.apple_terms_and_conditions
    assert (apple.merchant_display_name, apple.allow_relinking) == ("Shop", True)
    assert link.redirect_url.startswith("https://")


def test_onboarding_link_needs_its_options(shop: SmartReaderShop) -> None:
    refusal = shop.post_json(
        "/v1/terminal/onboarding_links",
        {"link_type": "apple_terms_and_conditions", "link_options": {}},
    )

    assert refusal["error"]["param"] == "link_options[apple_terms_and_conditions]"
