"""Stripe out of reach, and answers of its that never came."""

from __future__ import annotations

from agent.errors.base import AgentError


class UpstreamError(AgentError):
    """Stripe could not be asked."""

    code = "upstream_error"
    status = 502
    retryable = True
    remedy = "Check this machine's network and Stripe's status."


class StripeUnreachable(UpstreamError):
    """No answer from Stripe's API."""

    code = "stripe_unreachable"
    status = 503


class StripeKeyMissing(UpstreamError):
    """The agent has no Stripe key."""

    code = "stripe_key_missing"
    status = 503
    retryable = False
    remedy = "Provide the key as a systemd credential or in `stripe.api_key_file`."


class PaymentOutcomeUnknown(UpstreamError):
    """Stripe may or may not have charged; the agent is finding out."""

    code = "payment_outcome_unknown"
    status = 409
    type = "invalid_request_error"
    remedy = (
        "Do not take this payment again. The agent settles it with Stripe by itself; "
        "retrieve the reader or the PaymentIntent for the outcome."
    )
