"""Which API key a request carries, and whether it is good. Never stores a key twice."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Set
from dataclasses import dataclass

from simulator.stripe_api.engine.errors import AuthenticationFailed

_SECRET_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The accepted keys; an empty set accepts every well-formed secret key."""

    accepted: Set[str] = frozenset()

    def livemode(self, authorization: str | None) -> bool:
        """Whether the request is in live mode; raises AuthenticationFailed."""
        if not authorization:
            raise AuthenticationFailed(
                "You did not provide an API key. You need to provide your API key in "
                "the Authorization header, using Bearer auth (e.g. 'Authorization: "
                "Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication"
                " for details, or we can help at https://support.stripe.com/."
            )
        key = _key(authorization)
        if not _SECRET_KEY.fullmatch(key) or (
            self.accepted and key not in self.accepted
        ):
            raise AuthenticationFailed(f"Invalid API Key provided: {_masked(key)}")
        return key[3:7] == "live"


def _key(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "bearer":
        return credentials
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return decoded.partition(":")[0]
    return ""


def _masked(key: str) -> str:
    """As Stripe shows it: the key's kind and its last four characters."""
    if len(key) < 12:
        return "*" * len(key)
    return f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"
