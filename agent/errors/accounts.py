"""Further accounts of a machine: one that is not there, or not to be touched now."""

from __future__ import annotations

from agent.errors.access import AccessDenied
from agent.errors.base import AgentError


class AccountError(AgentError):
    """Something about one of the machine's accounts."""

    code = "account_error"
    status = 409
    type = "invalid_request_error"
    remedy = "See `cardlane accounts list`."


class AccountClosing(AccountError):
    """The account is being taken out of service and begins nothing new."""

    code = "account_closing"
    status = 503
    retryable = True
    remedy = "Ask again in some seconds; if it was to stay, put its file back."


class AccountUnavailable(AccountError):
    """No account at work has this key, and one is not at work that may have it."""

    code = "account_unavailable"
    status = 503
    retryable = True
    remedy = "Ask again in some seconds; `cardlane accounts list` says what is wrong."


class AccountUnsettled(AccountError):
    """The account cannot be taken out of service while money of its is on the way."""

    code = "account_unsettled"
    remedy = (
        "Leave it configured until its payments are settled and forwarded, then remove "
        "it again: `cardlane payments list` and `cardlane offline status` with "
        "--account tell of them."
    )


class StripeKeyNotRenewed(AccountError):
    """Another Stripe key lies where the key was, and it is not taken into use."""

    code = "stripe_key_not_renewed"
    remedy = (
        "Put a key of the same account and mode in its place and reload; for another "
        "account or mode use `cardlane accounts add`."
    )


class AccountsForbidden(AccessDenied):
    """Only keys of the agent's own account may see and change the others."""

    code = "accounts_forbidden"
    remedy = "Use a key made without --account, with the scope manage."
