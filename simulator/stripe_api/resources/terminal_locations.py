"""Terminal locations: where readers stand, and which address parts a country needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterMissing
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.metadata import Metadata, merged
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Clearable,
    Fields,
    Parameter,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.store import Kind, Object
from simulator.stripe_api.resources.addresses import PARTS, Address, address
from simulator.stripe_api.resources.terminal_configurations.fields import (
    CONFIGURATIONS,
)


class Location(TypedDict):
    """Stripe's terminal Location."""

    id: str
    object: str
    address: Address
    address_kana: NotRequired[Values]
    address_kanji: NotRequired[Values]
    configuration_overrides: NotRequired[str]
    display_name: str
    display_name_kana: NotRequired[str]
    display_name_kanji: NotRequired[str]
    livemode: bool
    metadata: dict[str, str]
    phone: NotRequired[str]


LOCATIONS = Kind[Location](
    name="terminal.location",
    prefix="tml",
    noun="location",
    indexes=("configuration_overrides",),
    shape=Location,
)

_STREET_CITY_STATE_CODE = ("line1", "city", "state", "postal_code")
_STREET_CITY_CODE = ("line1", "city", "postal_code")
_STREET_CODE = ("line1", "postal_code")

REQUIRED_PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("AU", "CA", "ES", "IT", "US"), _STREET_CITY_STATE_CODE),
    **dict.fromkeys(("IE", "SG"), _STREET_CODE),
    **dict.fromkeys(
        (
            *("AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "FI", "FR", "GB"),
            *("GI", "GR", "HR", "HU", "LI", "LT", "LU", "LV", "MT", "MY", "NL", "NO"),
            *("NZ", "PL", "PT", "RO", "SE", "SI", "SK"),
        ),
        _STREET_CITY_CODE,
    ),
    **dict.fromkeys(("JP", "HK", "AE", "MX", "TH"), ("line1",)),
}
"""Address parts by country of a location, apart from the country itself.

Countries that are not here have no Terminal.
"""

_JAPANESE_ADDRESS = Fields({part: Text() for part in (*PARTS, "town")})
_ADDRESS_PARTS: Mapping[str, Parameter] = {part: Text() for part in PARTS}
_OPTIONAL: Mapping[str, Parameter] = {
    "address_kana": _JAPANESE_ADDRESS,
    "address_kanji": _JAPANESE_ADDRESS,
    "configuration_overrides": Clearable(Text()),
    "display_name_kana": Clearable(Text(1000)),
    "display_name_kanji": Clearable(Text(1000)),
    "metadata": Metadata(),
    "phone": Clearable(Text()),
}
_CREATE = Fields(
    {
        **_OPTIONAL,
        "address": Required(Fields({**_ADDRESS_PARTS, "country": Required(Text())})),
        "display_name": Required(Text(1000)),
    }
)
_UPDATE = Fields(
    {**_OPTIONAL, "address": Fields(_ADDRESS_PARTS), "display_name": Text(1000)}
)
_COPIED = (
    "address_kana",
    "address_kanji",
    "configuration_overrides",
    "display_name_kana",
    "display_name_kanji",
    "phone",
)
_PATH = "/v1/terminal/locations"


def _create(call: Call) -> Location:
    location: Location = {
        "id": call.new_id(LOCATIONS),
        "object": "terminal.location",
        "address": _checked(address(call.params["address"])),
        "display_name": call.params["display_name"],
        "livemode": call.livemode,
        "metadata": merged({}, call.params.get("metadata", {})),
    }
    return _saved(call, location)


def _retrieve(call: Call) -> Object:
    return call.found_or_deleted(LOCATIONS, "location")


def _update(call: Call) -> Location:
    location = call.find(LOCATIONS, "location")
    changed = location.copy()
    if "address" in call.params:
        sent = call.params["address"]
        country = location["address"]["country"]
        if sent.get("country", country) != country:
            raise InvalidRequest(
                "You cannot change the country of a location.", param="address[country]"
            )
        changed["address"] = _checked(address({**location["address"], **sent}))
    if "display_name" in call.params:
        changed["display_name"] = call.params["display_name"]
    if "metadata" in call.params:
        changed["metadata"] = merged(location["metadata"], call.params["metadata"])
    return _saved(call, changed)


def _list(call: Call) -> Object:
    return page(call.store, LOCATIONS, params=call.params, url=_PATH)


def _saved(call: Call, location: Location) -> Location:
    """`location` with the optional fields that were sent, which it must own."""
    _check_configuration(call)
    fields: Values = {**location}
    for name in _COPIED:
        if call.params.get(name) is not None:
            fields[name] = call.params[name]
        elif name in call.params:
            fields.pop(name, None)
    saved: Location = fields  # type: ignore[assignment]
    call.store.of(LOCATIONS).put(saved)
    return saved


def _check_configuration(call: Call) -> None:
    if call.params.get("configuration_overrides") is None:
        return
    if call.referred(CONFIGURATIONS, "configuration_overrides")["is_account_default"]:
        raise InvalidRequest(
            "The account default configuration cannot be assigned to a location.",
            param="configuration_overrides",
        )


def _checked(sent: Address) -> Address:
    """The address with its country in capitals; raises where a part is missing."""
    country = (sent["country"] or "").upper()
    if country not in REQUIRED_PARTS:
        raise InvalidRequest(
            f"Terminal is not available in the country '{country[:10]}'.",
            param="address[country]",
            code="terminal_location_country_unsupported",
        )
    parts: Values = {**sent}
    for part in REQUIRED_PARTS[country]:
        if not parts[part]:
            raise ParameterMissing(f"address[{part}]")
    return {**sent, "country": country}


TERMINAL_LOCATIONS = Resource(
    kinds=(LOCATIONS,),
    operations=(
        Operation("POST", _PATH, _CREATE, LOCATIONS, _create),
        Operation("GET", _PATH, list_parameters(), LOCATIONS, _list, is_list=True),
        Operation("GET", f"{_PATH}/{{location}}", Fields({}), LOCATIONS, _retrieve),
        Operation("POST", f"{_PATH}/{{location}}", _UPDATE, LOCATIONS, _update),
    ),
)
