"""Every error the agent answers with. `code` is API: documented, never renamed.

AgentError
├── RequestInvalid                 the caller's request cannot be carried out as sent
│   ├── ParameterMissing / ParameterInvalid / ParameterUnknown
│   ├── ResourceMissing / EventsGone
│   ├── IntentInvalidState / ChargeNotRefundable / ChargeAlreadyRefunded
│   ├── RegistrationCodeInvalid / ReaderAlreadyRegistered / LocalReaderInLivemode
│   ├── ReceiptMissing / ReceiptNotReady / EscposNotInstalled
│   ├── IdempotencyMismatch / IdempotencyKeyInUse
│   └── BodyTooLarge / RouteUnknown / MethodNotAllowed
├── AccessDenied
│   └── LocalKeyMissing / LocalKeyInvalid / LocalKeyScope / HostNotAllowed / OriginNotAllowed
├── ReaderError
│   └── ReaderBusy / ReaderOffline / ReaderTimedOut / ReaderFault /
│       ReaderFeatureUnsupported
├── UpstreamError
│   └── StripeUnreachable / StripeKeyMissing / PaymentOutcomeUnknown
├── JournalError
│   └── JournalUnavailable / JournalNewerSchema / JournalBroken
├── SettingsInvalid
└── InternalError
"""

from __future__ import annotations

from typing import ClassVar


class AgentError(Exception):
    """One answer to a caller: stable code, HTTP status, message and remedy."""

    code: ClassVar[str] = "agent_error"
    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    """Stripe's error type, for the envelope of `/v1`."""
    retryable: ClassVar[bool] = False
    remedy: ClassVar[str] = "See the agent's log for this request id."

    def __init__(self, message: str, *, param: str | None = None) -> None:
        """`message` is one sentence for people and never holds a secret."""
        super().__init__(message)
        self.message = message
        self.param = param


class RequestInvalid(AgentError):
    """The request cannot be carried out as sent."""

    code = "request_invalid"
    status = 400
    type = "invalid_request_error"
    remedy = "Correct the request and send it again."


class ParameterMissing(RequestInvalid):
    """A required parameter is absent."""

    code = "parameter_missing"
    remedy = "Send the parameter named in `param`."


class ParameterInvalid(RequestInvalid):
    """A parameter's value is of the wrong form or out of range."""

    code = "parameter_invalid"
    remedy = "Correct the parameter named in `param`."


class ParameterUnknown(RequestInvalid):
    """A parameter the route does not take."""

    code = "parameter_unknown"
    remedy = "Leave out the parameter named in `param`."


class ResourceMissing(RequestInvalid):
    """No such object on this machine."""

    code = "resource_missing"
    status = 404
    remedy = "List the objects of this kind and use an id from there."


class EventsGone(RequestInvalid):
    """The stream cannot go on where the caller left it."""

    code = "events_gone"
    remedy = (
        "Events were missed: read the readers and payments anew, then go on from here."
    )


class IntentInvalidState(RequestInvalid):
    """The PaymentIntent is not in a state that allows this."""

    code = "intent_invalid_state"
    remedy = "Retrieve the PaymentIntent and act on its `status`."


class ChargeNotRefundable(RequestInvalid):
    """The charge is not one that is given back to a card at a reader."""

    code = "charge_not_refundable"
    remedy = "Refund it with `POST /v1/refunds`, if it was paid at all."


class ChargeAlreadyRefunded(RequestInvalid):
    """Nothing is left of the charge to give back."""

    code = "charge_already_refunded"
    remedy = "List the charge's refunds: the money is back already."


class ReceiptMissing(RequestInvalid):
    """The payment has ended without a charge, so there is nothing to print."""

    code = "receipt_missing"
    status = 404
    remedy = "Nothing was asked of the card's issuer; tell the customer so."


class ReceiptNotReady(RequestInvalid):
    """The payment has not ended yet."""

    code = "receipt_not_ready"
    status = 409
    retryable = True
    remedy = "Wait for the payment's end, then ask again."


class EscposNotInstalled(RequestInvalid):
    """The optional library that speaks to receipt printers is not there."""

    code = "escpos_not_installed"
    remedy = "Install Cardlane with its extra: `pip install cardlane[receipts]`."


class RegistrationCodeInvalid(RequestInvalid):
    """The registration code names no reader this agent can drive."""

    code = "registration_code_invalid"
    remedy = "Run `cardlane readers discover` and use a code from its list."


class ReaderAlreadyRegistered(RequestInvalid):
    """A reader with this serial number is registered already."""

    code = "reader_already_registered"
    remedy = "Use the registered reader, or delete it first."


class LocalReaderInLivemode(RequestInvalid):
    """Stripe takes live card data only from its own readers."""

    code = "local_reader_in_livemode"
    remedy = (
        "Use a Stripe smart reader for live payments, or a test-mode key with this one."
    )


class IdempotencyMismatch(RequestInvalid):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_mismatch"
    type = "idempotency_error"
    remedy = "Send a new Idempotency-Key for a new request."


class IdempotencyKeyInUse(RequestInvalid):
    """A request with this Idempotency-Key is still being carried out."""

    code = "idempotency_key_in_use"
    status = 409
    type = "idempotency_error"
    retryable = True
    remedy = "Wait for the first request, or repeat this one shortly."


class BodyTooLarge(RequestInvalid):
    """The body exceeds the agent's limit."""

    code = "body_too_large"
    status = 413
    remedy = "Send less than the limit named in the message."


class RouteUnknown(RequestInvalid):
    """No route of that path."""

    code = "route_unknown"
    status = 404
    remedy = "See docs/rest.md for the agent's routes."


class MethodNotAllowed(RequestInvalid):
    """The route exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    remedy = "See docs/rest.md for the route's methods."


class AccessDenied(AgentError):
    """The caller may not do this."""

    code = "access_denied"
    status = 403
    type = "invalid_request_error"
    remedy = "Ask the machine's operator for access."


class LocalKeyMissing(AccessDenied):
    """No local key was sent."""

    code = "local_key_missing"
    status = 401
    remedy = (
        "Send `Authorization: Bearer <key>`; make a key with `cardlane keys create`."
    )


class LocalKeyInvalid(AccessDenied):
    """The key is not one of this agent's, or was revoked."""

    code = "local_key_invalid"
    status = 401
    remedy = "Make a new key with `cardlane keys create`."


class LocalKeyScope(AccessDenied):
    """The key does not have the scope this route asks for."""

    code = "local_key_scope"
    remedy = "Make a key with the scope named in the message."


class HostNotAllowed(AccessDenied):
    """The Host header is not one of this machine's loopback names."""

    code = "host_not_allowed"
    remedy = "Call the agent by 127.0.0.1 or localhost."


class OriginNotAllowed(AccessDenied):
    """A web page of an origin that is not configured."""

    code = "origin_not_allowed"
    remedy = "Add the page's origin to `rest.origins` in the settings."


class ReaderError(AgentError):
    """The reader cannot do it now."""

    code = "terminal_reader_hardware_fault"
    status = 400
    type = "invalid_request_error"
    retryable = True
    remedy = "Check the reader and its cable, then try again."


class ReaderBusy(ReaderError):
    """Another action is being authorised on this reader."""

    code = "terminal_reader_busy"
    remedy = "Wait for the action under way to end, then try again."


class ReaderOffline(ReaderError):
    """The reader is not connected to this machine."""

    code = "terminal_reader_offline"
    remedy = "Check that the reader is powered on and plugged in."


class ReaderTimedOut(ReaderError):
    """The reader did not answer in time; it may have carried out the command."""

    code = "terminal_reader_timeout"
    remedy = "Retrieve the reader to see its action before you try again."


class ReaderFault(ReaderError):
    """The reader reports a fault, or its bytes make no sense."""

    code = "terminal_reader_hardware_fault"


class ReaderFeatureUnsupported(ReaderError):
    """The reader lacks what was asked of it."""

    code = "reader_feature_unsupported"
    retryable = False
    remedy = "Choose a model that has it."


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


class JournalError(AgentError):
    """The journal cannot be used, so no payment may start."""

    code = "journal_error"
    status = 503
    remedy = "Run `cardlane doctor` and `cardlane journal verify`."


class JournalUnavailable(JournalError):
    """The journal's file cannot be written: disk full, read-only or failing."""

    code = "journal_unavailable"
    remedy = "Free disk space or repair the disk; nothing was charged."


class JournalNewerSchema(JournalError):
    """The journal was written by a newer Cardlane."""

    code = "journal_newer_schema"
    remedy = "Install the version that wrote the journal, or a newer one."


class JournalBroken(JournalError):
    """An entry does not match its hash: the file was changed or is damaged."""

    code = "journal_broken"
    remedy = "Keep the file, restore a backup, and run `cardlane journal verify`."


class SettingsInvalid(AgentError):
    """The settings cannot be used."""

    code = "settings_invalid"
    status = 500
    remedy = "Correct the setting named in the message; docs/operations.md lists all."


class InternalError(AgentError):
    """A defect in the agent."""

    code = "internal_error"
    remedy = "Report it with the request id; the log has the details."
