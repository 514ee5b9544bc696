"""Readers, forms, files, customers, webhooks through every official client."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from stripe_api_server import StripeApiServer
from stripe_clients import ApiClient, Refused, new_intent

from simulator.stripe_api.webhooks.signature import signature

pytest_plugins = ("stripe_api_fixtures", "stripe_clients_fixtures")

BERLIN = {
    "line1": "Unter den Linden 1",
    "city": "Berlin",
    "postal_code": "10117",
    "country": "DE",
}


def new_reader(api: ApiClient) -> Any:
    """A smart reader in a shop."""
    shop = api.call("terminal.locations.create", display_name="Shop", address=BERLIN)
    return api.call(
        "terminal.readers.create",
        registration_code="simulated-wpe",
        location=shop["id"],
    )


def present(api: ApiClient, reader: Any, **params: Any) -> Any:
    """A customer presents a card."""
    operation = "test_helpers.terminal.readers.present_payment_method"
    return api.call(operation, reader["id"], **params)


def test_locations_and_readers_are_kept(api: ApiClient) -> None:
    location = api.call(
        "terminal.locations.create",
        display_name="Shop",
        address={
            "line1": "Unter den Linden 1",
            "city": "Berlin",
            "postal_code": "10117",
            "country": "DE",
        },
    )
    reader = api.call(
        "terminal.readers.create",
        registration_code="simulated-wpe",
        location=location["id"],
    )
    renamed = api.call("terminal.readers.update", reader["id"], label="Till 2")
    listed = api.all("terminal.readers.list", location=location["id"])
    gone = api.call("terminal.readers.delete", reader["id"])

    assert reader["device_type"] == "simulated_wisepos_e"
    assert renamed["label"] == "Till 2"
    assert [each["id"] for each in listed] == [reader["id"]]
    assert gone["deleted"] is True
    assert api.all("terminal.readers.list") == []


def test_payment_is_taken_at_a_smart_reader(api: ApiClient) -> None:
    reader, intent = new_reader(api), new_intent(api)

    asked = api.call(
        "terminal.readers.process_payment_intent",
        reader["id"],
        payment_intent=intent["id"],
    )
    done = present(api, reader)

    paid = api.call("payment_intents.retrieve", intent["id"], expand=["latest_charge"])
    assert asked["action"]["status"] == "in_progress"
    assert done["action"]["status"] == "succeeded"
    assert paid["status"] == "succeeded"
    details = paid["latest_charge"]["payment_method_details"]["card_present"]
    assert details["reader"] == reader["id"]


def test_decline_at_a_smart_reader_fails_the_action(
    api: ApiClient, server: StripeApiServer
) -> None:
    server.issuer.decline_code = "insufficient_funds"
    reader, intent = new_reader(api), new_intent(api)
    api.call(
        "terminal.readers.process_payment_intent",
        reader["id"],
        payment_intent=intent["id"],
    )

    done = present(api, reader)

    assert done["action"]["status"] == "failed"
    assert done["action"]["failure_code"] == "card_declined"
    assert api.call("payment_intents.retrieve", intent["id"])["status"] == (
        "requires_payment_method"
    )


def test_card_is_saved_at_a_smart_reader(api: ApiClient) -> None:
    reader, customer = new_reader(api), api.call("customers.create", name="Jo")
    intent = api.call(
        "setup_intents.create",
        customer=customer["id"],
        **{api.types_parameter: ["card_present"]},
    )
    api.call(
        "terminal.readers.process_setup_intent",
        reader["id"],
        setup_intent=intent["id"],
        allow_redisplay="always",
    )

    done = present(api, reader)

    generated = done["action"]["process_setup_intent"]["generated_card"]
    saved = api.all("payment_methods.list", customer=customer["id"])
    attempts = api.all("setup_attempts.list", setup_intent=intent["id"])
    assert [each["id"] for each in saved] == [generated]
    assert [each["status"] for each in attempts] == ["succeeded"]


def test_form_is_filled_in_at_a_smart_reader(api: ApiClient) -> None:
    reader = new_reader(api)

    asked = api.call(
        "terminal.readers.collect_inputs",
        reader["id"],
        inputs=[
            {"type": "email", "custom_text": {"title": "Your mail"}, "required": True},
            {
                "type": "selection",
                "custom_text": {"title": "Sugar?"},
                "selection": {
                    "choices": [
                        {"id": "yes", "text": "Yes", "style": "primary"},
                        {"id": "no", "text": "No", "style": "secondary"},
                    ]
                },
            },
        ],
    )
    done = api.call(
        "test_helpers.terminal.readers.succeed_input_collection", reader["id"]
    )

    assert [each["type"] for each in asked["action"]["collect_inputs"]["inputs"]] == [
        "email",
        "selection",
    ]
    assert done["action"]["status"] == "succeeded"


def test_reader_is_busy_with_one_thing_at_a_time(api: ApiClient) -> None:
    reader = new_reader(api)
    api.call(
        "terminal.readers.set_reader_display",
        reader["id"],
        type="cart",
        cart={
            "currency": "usd",
            "line_items": [{"description": "Tea", "amount": 300, "quantity": 2}],
            "total": 600,
        },
    )

    cleared = api.call("terminal.readers.cancel_action", reader["id"])
    with pytest.raises(Refused) as caught:
        present(api, reader)

    assert cleared["action"] is None
    assert caught.value.type in {"InvalidRequestError", "invalid_request_error"}


def test_configuration_is_set_part_by_part(api: ApiClient) -> None:
    made = api.call(
        "terminal.configurations.create",
        name="Tips",
        tipping={"eur": {"percentages": [5, 10, 15], "fixed_amounts": [1, 2, 3]}},
    )

    changed = api.call(
        "terminal.configurations.update",
        made["id"],
        reboot_window={"start_hour": 22, "end_hour": 4},
    )

    assert changed["tipping"]["eur"]["percentages"] == [5, 10, 15]
    assert changed["reboot_window"] == {"start_hour": 22, "end_hour": 4}
    assert api.all("terminal.configurations.list", is_account_default=True)


def test_customers_are_kept_found_and_forgotten(api: ApiClient) -> None:
    jo = api.call("customers.create", name="Jo", email="jo@example.com")
    api.call("customers.create", name="Al", metadata={"club": "gold"})

    listed = api.all("customers.list", email="jo@example.com")
    found = api.call("customers.search", query="metadata['club']:'gold'")
    api.call("customers.delete", jo["id"])
    gone = api.call("customers.retrieve", jo["id"])

    assert [each["id"] for each in listed] == [jo["id"]]
    assert [each["name"] for each in found["data"]] == ["Al"]
    assert gone["deleted"] is True


def test_file_is_uploaded_and_shown_on_readers(
    library: ApiClient, tmp_path: Path
) -> None:
    png = tmp_path / "screen.png"
    size = (720).to_bytes(4, "big") + (1280).to_bytes(4, "big")
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + size)

    file = library.call(
        "files.create", purpose="terminal_reader_splashscreen", file={"path": str(png)}
    )
    shown = library.call(
        "terminal.configurations.create",
        bbpos_wisepos_e={"splashscreen": file["id"]},
    )

    assert (file["type"], file["filename"]) == ("png", "screen.png")
    assert shown["bbpos_wisepos_e"]["splashscreen"] == file["id"]


def test_signed_webhook_is_believed_and_a_forged_one_is_not(
    library: ApiClient, server: StripeApiServer
) -> None:
    new_intent(library)
    event = server.request("GET", "/v1/events").body.decode()
    body = event[event.index("[") + 1 : event.rindex("]")]
    at = int(time.time())  # noqa: TID251 - the client compares with its own clock
    signed = signature(body.encode(), secret="whsec_shop", at=at)  # noqa: S106 - not one

    heard = library.ask("construct_event", body, signed, "whsec_shop").body
    with pytest.raises(Refused) as caught:
        library.ask("construct_event", body, signed, "whsec_other")

    assert heard["type"] == "payment_intent.created"
    assert caught.value.type == "SignatureVerificationError"
