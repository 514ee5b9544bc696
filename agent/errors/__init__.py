"""Every error the agent answers with. `code` is API: documented, never renamed.

AgentError
├── RequestInvalid                 the caller's request cannot be carried out as sent
│   ├── ParameterMissing / ParameterInvalid / ParameterUnknown
│   ├── ResourceMissing / EventsGone
│   ├── IntentInvalidState / ChargeNotRefundable / ChargeAlreadyRefunded
│   ├── RegistrationCodeInvalid / ReaderAlreadyRegistered / ReaderOfOtherAccount
│   ├── LocalReaderInLivemode
│   ├── ReceiptMissing / ReceiptNotReady / SignatureMissing / EscposNotInstalled
│   ├── IdempotencyMismatch / IdempotencyKeyInUse / LocationNotAllowed
│   └── BodyTooLarge / RequestTimedOut / RateLimited / RouteUnknown / MethodNotAllowed
├── AccessDenied
│   ├── LocalKeyMissing / LocalKeyInvalid / LocalKeyScope / AccountsForbidden
│   └── HostNotAllowed / OriginNotAllowed
├── ReaderError
│   └── ReaderBusy / ReaderOffline / ReaderTimedOut / ReaderFault /
│       ReaderFeatureUnsupported / CollectInputsUnsupported / ReaderLeased / LeaseStale
├── UpstreamError
│   └── StripeUnreachable / StripeKeyMissing / PaymentOutcomeUnknown
├── JournalError
│   └── JournalUnavailable / JournalNewerSchema / JournalBroken
├── AccountError
│   └── AccountClosing / AccountUnavailable / AccountUnsettled /
│       StripeKeyNotRenewed
├── SettingsInvalid
└── InternalError
"""

from __future__ import annotations

from agent.errors.access import (
    AccessDenied,
    HostNotAllowed,
    LocalKeyInvalid,
    LocalKeyMissing,
    LocalKeyScope,
    OriginNotAllowed,
)
from agent.errors.accounts import (
    AccountClosing,
    AccountError,
    AccountsForbidden,
    AccountUnavailable,
    AccountUnsettled,
    StripeKeyNotRenewed,
)
from agent.errors.base import (
    AgentError,
    InternalError,
    SettingsInvalid,
)
from agent.errors.journal import (
    JournalBroken,
    JournalError,
    JournalNewerSchema,
    JournalUnavailable,
)
from agent.errors.readers import (
    CollectInputsUnsupported,
    LeaseStale,
    ReaderBusy,
    ReaderError,
    ReaderFault,
    ReaderFeatureUnsupported,
    ReaderLeased,
    ReaderOffline,
    ReaderTimedOut,
)
from agent.errors.requests import (
    BodyTooLarge,
    ChargeAlreadyRefunded,
    ChargeNotRefundable,
    EscposNotInstalled,
    EventsGone,
    IdempotencyKeyInUse,
    IdempotencyMismatch,
    IntentInvalidState,
    LocalReaderInLivemode,
    LocationNotAllowed,
    MethodNotAllowed,
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
    RateLimited,
    ReaderAlreadyRegistered,
    ReaderOfOtherAccount,
    ReceiptMissing,
    ReceiptNotReady,
    RegistrationCodeInvalid,
    RequestInvalid,
    RequestTimedOut,
    ResourceMissing,
    RouteUnknown,
    SignatureMissing,
)
from agent.errors.upstream import (
    PaymentOutcomeUnknown,
    StripeKeyMissing,
    StripeUnreachable,
    UpstreamError,
)

__all__ = [
    "AccessDenied",
    "AccountClosing",
    "AccountError",
    "AccountUnavailable",
    "AccountUnsettled",
    "AccountsForbidden",
    "AgentError",
    "BodyTooLarge",
    "ChargeAlreadyRefunded",
    "ChargeNotRefundable",
    "CollectInputsUnsupported",
    "EscposNotInstalled",
    "EventsGone",
    "HostNotAllowed",
    "IdempotencyKeyInUse",
    "IdempotencyMismatch",
    "IntentInvalidState",
    "InternalError",
    "JournalBroken",
    "JournalError",
    "JournalNewerSchema",
    "JournalUnavailable",
    "LeaseStale",
    "LocalKeyInvalid",
    "LocalKeyMissing",
    "LocalKeyScope",
    "LocalReaderInLivemode",
    "LocationNotAllowed",
    "MethodNotAllowed",
    "OriginNotAllowed",
    "ParameterInvalid",
    "ParameterMissing",
    "ParameterUnknown",
    "PaymentOutcomeUnknown",
    "RateLimited",
    "ReaderAlreadyRegistered",
    "ReaderBusy",
    "ReaderError",
    "ReaderFault",
    "ReaderFeatureUnsupported",
    "ReaderLeased",
    "ReaderOfOtherAccount",
    "ReaderOffline",
    "ReaderTimedOut",
    "ReceiptMissing",
    "ReceiptNotReady",
    "RegistrationCodeInvalid",
    "RequestInvalid",
    "RequestTimedOut",
    "ResourceMissing",
    "RouteUnknown",
    "SettingsInvalid",
    "SignatureMissing",
    "StripeKeyMissing",
    "StripeKeyNotRenewed",
    "StripeUnreachable",
    "UpstreamError",
]
