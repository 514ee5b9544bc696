"""What can be ordered and how it is shipped. The same for everyone, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from simulator.stripe_api.engine.store import Kind, Store

AVAILABLE = "available"
ORDERABLE_AT_ONCE = 100

_PRICES: Mapping[str, int] = {
    "bbpos_wisepad3": 59_00,
    "bbpos_wisepos_e": 249_00,
    "stripe_m2": 59_00,
    "stripe_s700": 349_00,
    "stripe_s710": 399_00,
}
"""By the type of reader, in minor units of each country's currency."""

_SHIPPING: Mapping[str, int] = {"express": 45_00, "priority": 25_00, "standard": 8_00}


@dataclass(frozen=True, slots=True)
class Country:
    """What an order costs in one country beyond its items."""

    currency: str
    tax_name: str
    tax_percentage: float


COUNTRIES: Mapping[str, Country] = {
    "CA": Country("cad", "HST", 13.0),
    "DE": Country("eur", "VAT", 19.0),
    "GB": Country("gbp", "VAT", 20.0),
    "US": Country("usd", "Sales Tax", 8.25),
}


class Product(TypedDict):
    """Stripe's TerminalHardwareProduct."""

    id: str
    object: str
    status: str
    type: str
    unavailable_after: int | None


class Sku(TypedDict):
    """Stripe's TerminalHardwareSKU: a product as sold in one country."""

    id: str
    object: str
    amount: int
    country: str
    currency: str
    orderable: int
    product: str
    status: str
    unavailable_after: int | None


class ShippingMethod(TypedDict):
    """Stripe's TerminalHardwareShippingMethod, without its estimate of the delivery."""

    id: str
    object: str
    country: str
    name: str
    status: str
    unavailable_after: int | None


PRODUCTS = Kind[Product](
    name="terminal.hardware_product", prefix="thpr", noun="terminal hardware product"
)
SKUS = Kind[Sku](
    name="terminal.hardware_sku",
    prefix="thsku",
    noun="terminal hardware SKU",
    indexes=("country", "product"),
)
SHIPPING_METHODS = Kind[ShippingMethod](
    name="terminal.hardware_shipping_method",
    prefix="thsm",
    noun="terminal hardware shipping method",
    indexes=("country",),
)


def catalog() -> Store:
    """All there is, with ids that are the same in every simulator."""
    store = Store()
    for type_ in _PRICES:
        store.of(PRODUCTS).put(
            {
                "id": f"thpr_{_word(type_)}",
                "object": PRODUCTS.name,
                "status": AVAILABLE,
                "type": type_,
                "unavailable_after": None,
            }
        )
    for code, country in COUNTRIES.items():
        for type_, price in _PRICES.items():
            store.of(SKUS).put(_sku(type_, price, code=code, country=country))
        for name in _SHIPPING:
            store.of(SHIPPING_METHODS).put(
                {
                    "id": f"thsm_{_word(name)}{code}",
                    "object": SHIPPING_METHODS.name,
                    "country": code,
                    "name": name,
                    "status": AVAILABLE,
                    "unavailable_after": None,
                }
            )
    return store


def shipping_price(method: ShippingMethod) -> int:
    """What a way of shipping costs, in minor units."""
    return _SHIPPING[method["name"]]


def _sku(type_: str, price: int, *, code: str, country: Country) -> Sku:
    return {
        "id": f"thsku_{_word(type_)}{code}",
        "object": SKUS.name,
        "amount": price,
        "country": code,
        "currency": country.currency,
        "orderable": ORDERABLE_AT_ONCE,
        "product": f"thpr_{_word(type_)}",
        "status": AVAILABLE,
        "unavailable_after": None,
    }


def _word(name: str) -> str:
    """The name as ids have it: letters and digits only."""
    return name.title().replace("_", "")
