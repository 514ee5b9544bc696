"""Terminal configurations and what they mean at locations, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer

from simulator.stripe_api.resources.terminal_configurations.fields import effective

pytest_plugins = ("stripe_api_fixtures",)

IRELAND: Any = {"line1": "O'Connell St 1", "postal_code": "D01", "country": "IE"}


def new_configuration(
    client: stripe.StripeClient, **settings: Any
) -> stripe.terminal.Configuration:
    """A configuration with these settings."""
    params: Any = settings
    return client.v1.terminal.configurations.create(params)


def location_with(
    client: stripe.StripeClient, configuration: str
) -> stripe.terminal.Location:
    """A location whose readers have this configuration."""
    return client.v1.terminal.locations.create(
        {
            "display_name": "Shop",
            "address": IRELAND,
            "configuration_overrides": configuration,
        }
    )


def test_one_account_default_is_there_from_the_beginning(
    client: stripe.StripeClient,
) -> None:
    new_configuration(client, name="Other")

    defaults = client.v1.terminal.configurations.list({"is_account_default": True})

    assert len(defaults.data) == 1
    assert defaults.data[0].is_account_default is True


def test_settings_are_kept_as_sent(client: stripe.StripeClient) -> None:
    usd = {
        "fixed_amounts": [100, 200, 300],
        "percentages": [15, 20, 25],
        "smart_tip_threshold": 1000,
    }
    configuration = new_configuration(
        client,
        name="Cafe",
        tipping={"usd": usd},
        offline={"enabled": True},
        cellular={"enabled": False},
        reboot_window={"start_hour": 22, "end_hour": 4},
        reader_security={"admin_menu_passcode": "12345"},
        wifi={"type": "personal_psk", "personal_psk": {"ssid": "a", "password": "b"}},
    )

    kept = client.v1.terminal.configurations.retrieve(configuration.id).to_dict()

    assert kept["tipping"] == {"usd": usd}
    assert kept["offline"] == {"enabled": True}
    assert kept["reboot_window"] == {"start_hour": 22, "end_hour": 4}
    assert kept["reader_security"] == {"admin_menu_passcode": "12345"}
    assert kept["wifi"]["personal_psk"] == {"ssid": "a", "password": "b"}
    assert kept["is_account_default"] is False


def test_empty_section_is_unset(client: stripe.StripeClient) -> None:
    configuration = new_configuration(
        client,
        offline={"enabled": True},
        reader_security={"admin_menu_passcode": "12345"},
    )
    params: Any = {"offline": "", "reader_security": {"admin_menu_passcode": ""}}

    updated = client.v1.terminal.configurations.update(configuration.id, params)

    assert "offline" not in updated
    assert "reader_security" not in updated


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reboot_window": {"start_hour": 3, "end_hour": 3}}, "must differ"),
        ({"reboot_window": {"start_hour": 24, "end_hour": 3}}, "less than or equal"),
        ({"reader_security": {"admin_menu_passcode": "1234"}}, "five digits"),
        ({"tipping": {"xyz": {"percentages": [1]}}}, "unknown parameter: tipping"),
        ({"tipping": {"usd": {"percentages": [1, 2, 3, 4]}}}, "at most 3 elements"),
        ({"wifi": {"type": "personal_psk"}}, "wifi.personal_psk."),
        ({"wifi": {"type": "open"}}, "must be one of enterprise_eap_peap"),
        ({"offline": {"enabled": "no"}}, "Invalid boolean"),
        ({"stripe_s700": {"splashscreen": "file_1"}}, "No such file"),
    ],
)
def test_bad_settings_are_refused(
    client: stripe.StripeClient, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        new_configuration(client, **settings)


def test_locations_setting_wins_and_the_rest_is_inherited(
    server: StripeApiServer,
) -> None:
    client = server.client()
    default = client.v1.terminal.configurations.list().data[0]
    client.v1.terminal.configurations.update(
        default.id,
        {"offline": {"enabled": False}, "tipping": {"usd": {"percentages": [10]}}},
    )
    own = new_configuration(client, offline={"enabled": True})
    location = location_with(client, own.id)

    counting = effective(server.api.store(), location.configuration_overrides)
    elsewhere = effective(server.api.store(), None)

    assert counting["offline"] == {"enabled": True}
    assert counting["tipping"] == {"usd": {"percentages": [10]}}
    assert elsewhere["offline"] == {"enabled": False}


def test_deleting_returns_its_locations_to_the_default(
    client: stripe.StripeClient,
) -> None:
    configuration = new_configuration(client)
    location = location_with(client, configuration.id)

    client.v1.terminal.configurations.delete(configuration.id)

    assert "configuration_overrides" not in client.v1.terminal.locations.retrieve(
        location.id
    )
    gone = client.v1.terminal.configurations.retrieve(configuration.id)
    assert gone.to_dict()["deleted"] is True


def test_overrides_can_be_cleared(client: stripe.StripeClient) -> None:
    location = location_with(client, new_configuration(client).id)

    cleared = client.v1.terminal.locations.update(
        location.id, {"configuration_overrides": ""}
    )

    assert "configuration_overrides" not in cleared


def test_account_default_stays_what_and_where_it_is(
    client: stripe.StripeClient,
) -> None:
    default = client.v1.terminal.configurations.list().data[0]

    with pytest.raises(stripe.InvalidRequestError, match="cannot be assigned"):
        location_with(client, default.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot delete"):
        client.v1.terminal.configurations.delete(default.id)


def test_overrides_must_exist(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No such configuration"):
        location_with(client, "tmc_none")


def test_wifi_passwords_are_not_logged(server: StripeApiServer) -> None:
    wifi = {"type": "personal_psk", "personal_psk": {"ssid": "a", "password": "s3cret"}}
    new_configuration(server.client(), wifi=wifi)

    logged = server.request("GET", "/simulator/requests", key=None)

    assert b"s3cret" not in logged.body
