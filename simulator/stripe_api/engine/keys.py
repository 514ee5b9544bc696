"""Which API key a request carries, whether it is good, and what it may do."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from simulator.stripe_api.engine.errors import (
    AccountInvalid,
    AuthenticationFailed,
    PermissionDenied,
)

ACCOUNT_ID = "acct_1CardlaneSimulator"
"""The one account, which every key belongs to; no other is connected to it."""

RESTRICTED_KEY = re.compile(r"rk_(?:test|live)_[A-Za-z0-9_]{1,255}", re.ASCII)

_PERMISSION_NAMES: Mapping[str, str] = {
    "account": "connected_account",
    "balance_transaction": "balance",
    "file_link": "file",
    "refund": "charge",
    "setup_attempt": "setup_intent",
    "test_helpers.test_clock": "billing_clock",
    "webhook_endpoint": "webhook",
}
"""Where Stripe does not name the permission after the kind of object."""

_SECRET_KEY = re.compile(r"(?:sk|rk)_(?:test|live)_[A-Za-z0-9_]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that was accepted; never the key itself."""

    masked: str
    livemode: bool
    permissions: Set[str] | None = None
    """None where it may do everything."""

    def require(self, permission: str) -> None:
        """Raise PermissionDenied for what the key may not do.

        Who may write may read.
        """
        if self.permissions is None or permission in self.permissions:
            return
        writing = permission.removesuffix("_read") + "_write"
        if permission.endswith("_read") and writing in self.permissions:
            return
        raise PermissionDenied(
            f"The provided key '{self.masked}' does not have the required permissions "
            f"for this endpoint on account '{ACCOUNT_ID}'. Having the '{permission}' "
            "permission would allow this request to continue."
        )

    def check_account(self, account: str | None) -> None:
        """Raise AccountInvalid for any account but the key's own, as Connect names it."""
        if account in (None, ACCOUNT_ID):
            return
        raise AccountInvalid(
            f"The provided key '{self.masked}' does not have access to account "
            f"'{account}' (or that account does not exist). Application access may "
            "have been revoked."
        )


class KeyRing:
    """The accepted keys."""

    def __init__(self, accepted: Set[str] = frozenset()) -> None:
        """An empty set accepts every well-formed secret key."""
        self._accepted = accepted
        self._restricted: dict[str, Set[str]] = {}

    def restrict(self, key: str, permissions: Set[str]) -> None:
        """Accept `key`, which matches RESTRICTED_KEY, for `permissions` only."""
        self._restricted[key] = permissions

    def restricted(self) -> Mapping[str, Set[str]]:
        """The permissions of the restricted keys, by the keys as Stripe shows them."""
        return {_masked(key): rights for key, rights in self._restricted.items()}

    def lift_restrictions(self) -> None:
        """Let restricted keys be keys like any others."""
        self._restricted.clear()

    def identify(self, authorization: str | None) -> ApiKey:
        """The key of a request; raises AuthenticationFailed."""
        if not authorization:
            raise AuthenticationFailed(
                "You did not provide an API key. You need to provide your API key in "
                "the Authorization header, using Bearer auth (e.g. 'Authorization: "
                "Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication"
                " for details, or we can help at https://support.stripe.com/."
            )
        key = _key(authorization)
        masked = _masked(key)
        permissions = self._restricted.get(key)
        is_listed = permissions is not None or key in self._accepted
        if not _SECRET_KEY.fullmatch(key) or (self._accepted and not is_listed):
            raise AuthenticationFailed(f"Invalid API Key provided: {masked}")
        return ApiKey(masked, key[3:7] == "live", permissions)


def needed_permission(method: str, kind_name: str) -> str:
    """What a restricted key must hold to do this with objects of that kind.

    Such as `rak_payment_intent_write`.
    """
    access = "read" if method == "GET" else "write"
    name = _PERMISSION_NAMES.get(kind_name) or kind_name.replace(".", "_")
    return f"rak_{name}_{access}"


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
