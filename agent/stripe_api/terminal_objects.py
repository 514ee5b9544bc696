"""Terminal's Locations and Configurations, as JSON: what they say is for others."""

from __future__ import annotations

from urllib.parse import quote

from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import AnswerLost, StripeRefused
from agent.stripe_api.objects import JsonObject

_LOCATIONS = "/v1/terminal/locations"
_CONFIGURATIONS = "/v1/terminal/configurations"
_NOT_FOUND = 404


async def account_default(client: StripeClient) -> JsonObject:
    """The account's default Configuration, of which there is always one.

    Raises StripeRefused (the key may lack the permission) or StripeUnreachable.
    """
    answer = await client.request(
        "GET", _CONFIGURATIONS, params={"is_account_default": True, "limit": 1}
    )
    listed = answer.get("data")
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        raise AnswerLost("Stripe lists no default Configuration of the account")
    found: JsonObject = listed[0]
    return found


async def location(client: StripeClient, location_id: str) -> JsonObject | None:
    """The Location; None where there is none, or none any more. Raises as above."""
    return await _found(client, f"{_LOCATIONS}/{quote(location_id, safe='')}")


async def configuration(
    client: StripeClient, configuration_id: str
) -> JsonObject | None:
    """The Configuration; None where there is none. Raises as above."""
    return await _found(client, f"{_CONFIGURATIONS}/{quote(configuration_id, safe='')}")


async def _found(client: StripeClient, path: str) -> JsonObject | None:
    try:
        found: JsonObject = await client.request("GET", path)
    except StripeRefused as refused:
        if refused.error.status != _NOT_FOUND:
            raise
        return None
    return None if found.get("deleted") is True else found
