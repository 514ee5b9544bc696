"""Terminal locations, readers and connection tokens, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer

pytest_plugins = ("stripe_api_fixtures",)

BERLIN: Any = {
    "line1": "Unter den Linden 1",
    "city": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}


def new_location(client: stripe.StripeClient) -> stripe.terminal.Location:
    """A location in Berlin."""
    return client.v1.terminal.locations.create(
        {"display_name": "Shop", "address": BERLIN}
    )


@pytest.mark.parametrize(
    ("country", "parts"),
    [
        ("US", ["line1", "city", "state", "postal_code"]),
        ("GB", ["line1", "city", "postal_code"]),
        ("IE", ["line1", "postal_code"]),
    ],
)
def test_required_address_parts_depend_on_the_country(
    client: stripe.StripeClient, country: str, parts: list[str]
) -> None:
    address: Any = {"country": country}
    for part in parts:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.terminal.locations.create(
                {"display_name": "Shop", "address": address}
            )
        assert caught.value.param == f"address[{part}]"
        assert caught.value.code == "parameter_missing"
        address[part] = "1"

    location = client.v1.terminal.locations.create(
        {"display_name": "Shop", "address": address}
    )
    assert location.address.country == country


def test_country_without_terminal_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.terminal.locations.create(
            {"display_name": "Shop", "address": {"country": "AQ"}}
        )

    assert caught.value.code == "terminal_location_country_unsupported"


def test_location_is_updated_part_by_part(client: stripe.StripeClient) -> None:
    location = new_location(client)

    updated = client.v1.terminal.locations.update(
        location.id,
        {
            "address": {"line1": "Friedrichstr. 2"},
            "display_name": "Shop 2",
            "metadata": {"region": "east"},
            "phone": "+4930",
        },
    )
    cleared = client.v1.terminal.locations.update(location.id, {"phone": ""})

    assert (updated.address.line1, updated.address.city) == (
        "Friedrichstr. 2",
        "Berlin",
    )
    assert (updated.display_name, updated.phone) == ("Shop 2", "+4930")
    assert updated.metadata.to_dict() == {"region": "east"}
    assert "phone" not in cleared


def test_country_of_a_location_cannot_change(client: stripe.StripeClient) -> None:
    location = new_location(client)

    with pytest.raises(stripe.InvalidRequestError, match="cannot change the country"):
        client.v1.terminal.locations.update(location.id, {"address": {"country": "FR"}})


def test_readers_of_a_deleted_location_stand_nowhere(
    client: stripe.StripeClient,
) -> None:
    readers = client.v1.terminal.readers
    left, kept = (
        readers.create(
            {"registration_code": "simulated-wpe", "location": new_location(client).id}
        )
        for _ in range(2)
    )

    client.v1.terminal.locations.delete(str(left.location))

    assert readers.retrieve(left.id).to_dict()["location"] is None
    assert readers.retrieve(kept.id).to_dict()["location"] == kept.location
    assert readers.list({"location": str(left.location)}).data == []


def test_deleted_location_answers_as_deleted(client: stripe.StripeClient) -> None:
    location = new_location(client)
    client.v1.terminal.locations.delete(location.id)

    gone = client.v1.terminal.locations.retrieve(location.id)

    assert gone.to_dict() == {
        "id": location.id,
        "object": "terminal.location",
        "deleted": True,
    }
    assert client.v1.terminal.locations.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such location"):
        client.v1.terminal.locations.update(location.id, {"display_name": "Back"})


@pytest.mark.parametrize(
    ("code", "device_type"),
    [
        ("simulated-wpe", "simulated_wisepos_e"),
        ("simulated-s700", "simulated_stripe_s700"),
        ("simulated-s710", "simulated_stripe_s710"),
        ("simulated-v660p", "simulated_verifone_v660p"),
    ],
)
def test_simulated_reader_is_registered_by_its_code(
    client: stripe.StripeClient, code: str, device_type: str
) -> None:
    location = new_location(client)

    reader = client.v1.terminal.readers.create(
        {"registration_code": code, "location": location.id}
    )

    assert (reader.device_type, reader.label) == (device_type, code)
    assert (reader.status, reader.location) == ("online", location.id)
    assert reader.action is None


def test_last_seen_is_in_milliseconds(server: StripeApiServer) -> None:
    reader = server.client().v1.terminal.readers.create(
        {"registration_code": "simulated-wpe"}
    )

    assert reader.last_seen_at == int(server.clock.now().timestamp() * 1000)


def test_unknown_registration_code_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.terminal.readers.create({"registration_code": "quick-brown-fox"})

    assert caught.value.param == "registration_code"


def test_simulated_reader_is_for_test_mode_only(server: StripeApiServer) -> None:
    client = server.client("sk_live_simulator0123456789")

    with pytest.raises(stripe.InvalidRequestError, match="registration code"):
        client.v1.terminal.readers.create({"registration_code": "simulated-wpe"})


def test_readers_location_must_exist(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.terminal.readers.create(
            {"registration_code": "simulated-wpe", "location": "tml_none"}
        )

    assert (caught.value.code, caught.value.param) == ("resource_missing", "location")


def test_reader_is_relabeled(client: stripe.StripeClient) -> None:
    reader = client.v1.terminal.readers.create({"registration_code": "simulated-wpe"})

    named = client.v1.terminal.readers.update(
        reader.id, {"label": "Till 2", "metadata": {"lane": "4"}}
    )
    unnamed = client.v1.terminal.readers.update(reader.id, {"label": ""})

    assert (named.label, named.metadata.to_dict()) == ("Till 2", {"lane": "4"})
    assert unnamed.label == reader.serial_number


def test_reader_cannot_be_moved(client: stripe.StripeClient) -> None:
    reader = client.v1.terminal.readers.create({"registration_code": "simulated-wpe"})
    moved: Any = {"location": "tml_1"}

    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: location"):
        client.v1.terminal.readers.update(reader.id, moved)


def test_deleted_reader_answers_as_deleted(client: stripe.StripeClient) -> None:
    reader = client.v1.terminal.readers.create({"registration_code": "simulated-wpe"})

    deleted = client.v1.terminal.readers.delete(reader.id)

    assert deleted.to_dict() == {
        "id": reader.id,
        "object": "terminal.reader",
        "deleted": True,
        "device_type": "simulated_wisepos_e",
        "serial_number": reader.serial_number,
    }
    assert client.v1.terminal.readers.retrieve(reader.id) == deleted


def test_readers_are_listed_by_what_they_are(client: stripe.StripeClient) -> None:
    location = new_location(client)
    readers = client.v1.terminal.readers
    first = readers.create(
        {"registration_code": "simulated-wpe", "location": location.id}
    )
    second = readers.create({"registration_code": "simulated-s700"})

    def ids(params: Any) -> list[str]:
        return [reader.id for reader in readers.list(params).data]

    assert ids({}) == [second.id, first.id]
    assert ids({"location": location.id}) == [first.id]
    assert ids({"serial_number": second.serial_number}) == [second.id]
    assert ids({"device_type": "simulated_stripe_s700"}) == [second.id]
    assert ids({"status": "offline"}) == []


def test_connection_tokens_are_secrets_that_differ(
    client: stripe.StripeClient,
) -> None:
    location = new_location(client)

    scoped = client.v1.terminal.connection_tokens.create({"location": location.id})
    other = client.v1.terminal.connection_tokens.create()

    assert scoped.location == location.id
    assert scoped.secret.startswith("pst_test_")
    assert scoped.secret != other.secret
    assert "location" not in other


def test_connection_tokens_location_must_exist(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such location"):
        client.v1.terminal.connection_tokens.create({"location": "tml_none"})
