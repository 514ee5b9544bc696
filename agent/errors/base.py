"""What every error of the agent has, and those that belong nowhere else."""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """One answer to a caller: stable code, HTTP status, message and remedy."""

    code: ClassVar[str] = "agent_error"
    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    """Stripe's error type, for the envelope of `/v1`."""
    retryable: ClassVar[bool] = False
    remedy: str = "See the agent's log for this request id."

    def __init__(
        self, message: str, *, param: str | None = None, remedy: str | None = None
    ) -> None:
        """`message` is one sentence for people and never holds a secret.

        `remedy` replaces that of the class where more is known.
        """
        super().__init__(message)
        self.message = message
        self.param = param
        if remedy is not None:
            self.remedy = remedy


class SettingsInvalid(AgentError):
    """The settings cannot be used."""

    code = "settings_invalid"
    status = 500
    remedy = "Correct the setting named in the message; docs/operations.md lists all."


class InternalError(AgentError):
    """A defect in the agent."""

    code = "internal_error"
    remedy = "Report it with the request id; the log has the details."
