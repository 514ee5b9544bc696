"""Requests that cannot be carried out as they were sent."""

from __future__ import annotations

from agent.errors.base import AgentError


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


class SignatureMissing(RequestInvalid):
    """Nobody signed on the reader, or it was too long ago."""

    code = "signature_missing"
    status = 404
    remedy = "Have the customer sign on paper, where a signature is needed."


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


class ReaderOfOtherAccount(RequestInvalid):
    """The reader is registered in another account of this machine."""

    code = "reader_of_other_account"
    remedy = "Delete it there first: `cardlane readers move` does both."


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


class RequestTimedOut(RequestInvalid):
    """The caller was too slow in sending its request; nothing was done."""

    code = "request_timeout"
    status = 408
    retryable = True
    remedy = "Send the whole request at once."


class RateLimited(RequestInvalid):
    """The caller asks too often; nothing was done."""

    code = "rate_limit"
    status = 429
    retryable = True
    remedy = "Wait for `Retry-After` seconds; listen to events instead of polling."

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        """`retry_after_s` is when the next request will be taken."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LocationNotAllowed(RequestInvalid):
    """A connection token for a Location that is not this machine's."""

    code = "location_not_allowed"
    remedy = "Send one of terminal.token_locations, or add this one there."
