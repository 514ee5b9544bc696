"""Doctor's checks of the way to Stripe: its name, the clock, and what the key may do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from agent.cli.findings import Finding, failed, good, warning
from agent.settings import StripeKey, StripeSettings

TIMEOUT_S = 10.0
TOLERATED = timedelta(seconds=10)
DANGEROUS = timedelta(minutes=2)
"""Beyond that, certificates and signatures of five minutes' validity begin to fail."""
PERMISSIONS = {
    "PaymentIntents": "/v1/payment_intents",
    "Charges": "/v1/charges",
    "Refunds": "/v1/refunds",
    "SetupIntents": "/v1/setup_intents",
    "PaymentMethods": "/v1/payment_methods",
    "Terminal Readers": "/v1/terminal/readers",
    "Terminal Locations": "/v1/terminal/locations",
    "Terminal Configurations": "/v1/terminal/configurations",
}
"""What a restricted key is asked for, by the name in Stripe's dashboard."""

Resolve = Callable[[str, int], object]


def check_name(
    settings: StripeSettings, *, resolve: Resolve = socket.getaddrinfo
) -> Finding:
    """Stripe's name must have an address."""
    check, parts = "DNS", urlsplit(settings.api_base)
    host, port = parts.hostname or "", parts.port or 443
    try:
        resolve(host, port)
    except OSError as error:
        return failed(
            check,
            f"{host} has no address: {error}.",
            remedy="Check /etc/resolv.conf and the network's DNS server.",
        )
    return good(check, f"{host} has an address.")


def check_clock(settings: StripeSettings, *, now: Callable[[], datetime]) -> Finding:
    """This machine's clock must agree with Stripe's."""
    check = "clock"
    remedy = "Set it, and keep it: timedatectl set-ntp true."
    try:
        _, date = _ask(settings, "/", key=None)
        told = parsedate_to_datetime(date or "")
    except (OSError, HTTPException, ValueError):
        return warning(
            check,
            "It could not be compared: Stripe does not tell the time.",
            remedy="Check this machine's network, then its clock.",
        )
    apart = abs(now() - told)
    text = f"It is {apart.total_seconds():.0f} s from Stripe's."
    if apart > DANGEROUS:
        return failed(check, text, remedy=remedy)
    if apart > TOLERATED:
        return warning(check, text, remedy=remedy)
    return good(check, text)


def check_permissions(settings: StripeSettings, key: StripeKey) -> Finding:
    """The key must be allowed to read what the agent needs; writing cannot be tried."""
    check = "key's permissions"
    try:
        refused = [
            name
            for name, path in PERMISSIONS.items()
            if _ask(settings, f"{path}?limit=1", key=key)[0] == 403
        ]
    except (OSError, HTTPException) as error:
        return warning(
            check,
            f"They could not be tried: {error}.",
            remedy="Check this machine's network, then run this again.",
        )
    if refused:
        return failed(
            check,
            f"The key may not read {', '.join(refused)}.",
            remedy="Give it write permission for these in Stripe's dashboard.",
        )
    return good(check, "It may read all that the agent needs.")


def _ask(
    settings: StripeSettings, target: str, *, key: StripeKey | None
) -> tuple[int, str | None]:
    """Status and Date header of a question."""
    parts = urlsplit(settings.api_base)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    headers = {"Stripe-Version": settings.api_version}
    if key is not None:
        headers["Authorization"] = f"Bearer {key.reveal()}"
    try:
        connection.request("GET", parts.path + target, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.getheader("Date")
    finally:
        connection.close()
