"""Doctor's checks of what the agent talks to: Stripe, and its own port."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from agent.cli.findings import Finding, failed, good, warning
from agent.cli.tls_client import remedy_of
from agent.settings import StripeKey, StripeSettings
from agent.stripe_api.objects import JsonObject, object_at, text_at

TIMEOUT_S = 10.0


def check_stripe(settings: StripeSettings, key: StripeKey) -> Finding:
    """Stripe must answer, and take the key."""
    check = "Stripe"
    headers = {
        "Authorization": f"Bearer {key.reveal()}",
        "Stripe-Version": settings.api_version,
    }
    url = f"{settings.api_base}/v1/payment_intents?limit=1"
    try:
        status, content = _get(url, headers=headers)
    except (OSError, HTTPException) as error:
        return failed(
            check,
            f"{settings.api_base} does not answer: {error}.",
            remedy="Check this machine's network, its clock and Stripe's status.",
        )
    match status:
        case 200:
            return good(check, f"{settings.api_base} answers and takes the key.")
        case 401:
            return failed(
                check,
                "Stripe does not know the key.",
                remedy="Make a new restricted key in Stripe's dashboard.",
            )
        case 403:
            return failed(
                check,
                "The key may not read PaymentIntents.",
                remedy="Give it write permission for PaymentIntents and Terminal.",
            )
        case _:
            told = text_at(content, "error", "message") or "no reason given"
            return failed(
                check,
                f"Stripe answered {status}: {told}",
                remedy="Look at Stripe's status, then try again.",
            )


def check_agent(url: str, *, tls: ssl.SSLContext | None = None) -> Finding:
    """The agent must run and be ready for payments."""
    check = "agent"
    try:
        status, content = _get(f"{url}/agent/health/ready", headers={}, tls=tls)
    except (OSError, HTTPException) as error:
        return failed(
            check,
            f"No agent answers at {url}: {error}.",
            remedy=(None if tls is None else remedy_of(error))
            or "Start it with `cardlane run` or `systemctl start cardlane`.",
        )
    causes = content.get("causes")
    told = [object_at(cause) for cause in causes] if isinstance(causes, list) else []
    if status == 200 and not told:
        return good(check, f"It is ready at {url}.")
    message = " ".join(text_at(cause, "message") or "" for cause in told)
    remedy = " ".join(text_at(cause, "remedy") or "" for cause in told)
    if status == 200:
        return warning(check, message, remedy=remedy)
    return failed(
        check,
        message or f"{url} answered {status}: it is not a Cardlane agent.",
        remedy=remedy or "Another program has the port: set another in rest.port.",
    )


def _get(
    url: str, *, headers: dict[str, str], tls: ssl.SSLContext | None = None
) -> tuple[int, JsonObject]:
    """Status and object; an answer that is no JSON object counts as an empty one."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        HTTPSConnection(host, port, timeout=TIMEOUT_S, context=tls)
        if parts.scheme == "https"
        else HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET", target, headers=headers)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    try:
        return response.status, object_at(json.loads(body))
    except ValueError:
        return response.status, {}
