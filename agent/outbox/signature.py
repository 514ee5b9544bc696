"""The `Stripe-Signature` of a webhook, scheme v1. Pure.

Stripe: HMAC-SHA256 over the Unix time, a full stop and the body, keyed with the whole
`whsec_…` secret.
"""

from __future__ import annotations

import hmac
from hashlib import sha256


def signature(body: bytes, *, secret: str, at: int) -> str:
    """The header's value for a body sent at this Unix time."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.new(secret.encode(), signed, sha256).hexdigest()}"
