"""Stripe's webhook signature, scheme v1. Pure."""

from __future__ import annotations

import hmac


def signature(body: bytes, *, secret: str, at: int) -> str:
    """The `Stripe-Signature` header of a body sent at this Unix time.

    Stripe: HMAC-SHA256 over the time, a full stop and the body, keyed with the whole
    `whsec_…` secret.
    """
    signed = b"%d.%s" % (at, body)
    digest = hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return f"t={at},v1={digest}"
