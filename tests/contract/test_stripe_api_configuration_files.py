"""Splash screens and Wi-Fi certificates of configurations, through the official client."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
import stripe

pytest_plugins = ("stripe_api_fixtures",)

SPLASHSCREEN = "terminal_reader_splashscreen"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
PRIVATE_KEY = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


def png(width: int, height: int) -> bytes:
    """The header of an image."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def gif(width: int, height: int) -> bytes:
    """The header of an image that moves."""
    return b"GIF89a" + struct.pack("<HH", width, height)


def upload(client: stripe.StripeClient, content: bytes, purpose: str) -> str:
    """The id of a file with this content."""
    sent: Any = {"file": io.BytesIO(content), "purpose": purpose}
    return client.v1.files.create(sent).id


def configure(
    client: stripe.StripeClient, **settings: Any
) -> stripe.terminal.Configuration:
    """A new configuration."""
    params: Any = settings
    return client.v1.terminal.configurations.create(params)


@pytest.mark.parametrize(
    ("setting", "content"),
    [
        ("bbpos_wisepos_e", png(720, 1280)),
        ("bbpos_wisepos_e", gif(720, 1280)),
        ("stripe_s700", png(1080, 1920)),
        ("stripe_s710", png(1080, 1920)),
        ("verifone_p400", png(320, 480)),
        ("bbpos_wisepad3", png(320, 240)),
        ("verifone_m425", png(1, 1)),
    ],
)
def test_image_that_fits_the_screen_is_taken(
    client: stripe.StripeClient, setting: str, content: bytes
) -> None:
    file = upload(client, content, SPLASHSCREEN)

    made = configure(client, **{setting: {"splashscreen": file}})

    assert made[setting].splashscreen == file


@pytest.mark.parametrize(
    ("setting", "content", "problem"),
    [
        ("bbpos_wisepos_e", png(1280, 720), "has 1280x720 pixels"),
        ("stripe_s700", png(720, 1280), "this screen shows 1080x1920"),
        ("verifone_p400", gif(320, 480), "JPG and PNG images only"),
        ("bbpos_wisepad3", gif(320, 240), "JPG and PNG images only"),
    ],
)
def test_image_that_does_not_fit_is_refused(
    client: stripe.StripeClient, setting: str, content: bytes, problem: str
) -> None:
    file = upload(client, content, SPLASHSCREEN)

    with pytest.raises(stripe.InvalidRequestError, match=problem) as caught:
        configure(client, **{setting: {"splashscreen": file}})

    assert caught.value.param == f"{setting}[splashscreen]"


def test_file_for_another_purpose_is_no_splash_screen(
    client: stripe.StripeClient,
) -> None:
    file = upload(client, png(720, 1280), "dispute_evidence")

    with pytest.raises(stripe.InvalidRequestError, match="'dispute_evidence'"):
        configure(client, bbpos_wisepos_e={"splashscreen": file})


def test_splash_screen_is_expanded_and_taken_away(client: stripe.StripeClient) -> None:
    file = upload(client, png(720, 1280), SPLASHSCREEN)
    made = configure(
        client,
        bbpos_wisepos_e={"splashscreen": file},
        expand=["bbpos_wisepos_e.splashscreen"],
    )

    cleared = client.v1.terminal.configurations.update(made.id, {"bbpos_wisepos_e": ""})

    assert made["bbpos_wisepos_e"].splashscreen.id == file
    assert "bbpos_wisepos_e" not in cleared


def test_wifi_certificates_must_be_certificates(client: stripe.StripeClient) -> None:
    certificate = upload(client, CERTIFICATE, "terminal_wifi_certificate")
    key = upload(client, PRIVATE_KEY, "terminal_wifi_private_key")

    def connected(**files: str) -> stripe.terminal.Configuration:
        network = {"ssid": "shop", **files}
        return configure(
            client, wifi={"type": "enterprise_eap_tls", "enterprise_eap_tls": network}
        )

    made = connected(client_certificate_file=certificate, private_key_file=key)
    with pytest.raises(stripe.InvalidRequestError, match="is needed here") as caught:
        connected(client_certificate_file=key, private_key_file=key)
    with pytest.raises(stripe.InvalidRequestError, match="No such file upload"):
        connected(client_certificate_file=certificate, private_key_file="file_none")

    assert made["wifi"].enterprise_eap_tls.private_key_file == key
    assert caught.value.param == "wifi[enterprise_eap_tls][client_certificate_file]"
