"""Why a payment cannot be taken offline, or not be forwarded.

OfflineError
├── OfflineUnavailable              nothing can be stored, whatever the payment
│   ├── NotConnectedToInternet / ForcedWithFeatureDisabled
│   ├── OfflineKeyMissing / OfflineStoreFull / OfflineStoreTooOld
│   └── ConfigurationTooOld
├── OfflineRefused                  this payment cannot be stored
│   ├── AmountTooLarge / StoredAmountTooLarge / CurrencyNotOffline
│   └── ParameterNotOffline
├── CardRefused                     this card cannot be taken offline
│   ├── SwipeNotOffline / InteracNotOffline / EftposNotOffline / OnlinePinNotOffline
│   └── CardExpired / PublishedCardInLivemode / CardNotIdentified
├── ForwardingRefused               what keeps a stored payment here
│   └── RecordDamaged / OtherOfflineKey / OtherMode / IntentPaidOtherwise
└── NotForwardedYet                 the intent is not at Stripe yet
"""

from __future__ import annotations

from agent.errors import AgentError


class OfflineError(AgentError):
    """The root of the tree."""

    code = "offline_error"
    status = 400
    type = "invalid_request_error"
    remedy = "See docs/offline.md."


class OfflineUnavailable(OfflineError):
    """Nothing can be stored now."""

    code = "offline_unavailable"
    status = 503


class NotConnectedToInternet(OfflineUnavailable):
    """Stripe cannot be reached, and the payment must be online."""

    code = "not_connected_to_internet_and_require_online_set"
    retryable = True
    remedy = "Restore the network, or ask for the payment without `require_online`."


class ForcedWithFeatureDisabled(OfflineUnavailable):
    """The payment must be offline, and the reader's Configuration does not allow it."""

    code = "force_offline_with_feature_disabled"
    status = 400
    remedy = "Set `offline[enabled]` in the Configuration that counts at this reader."


class OfflineKeyMissing(OfflineUnavailable):
    """There is no key to seal with."""

    code = "offline_encryption_keys_unavailable"
    remedy = "Make a key with `cardlane offline key` and set `offline.key_file`."


class OfflineStoreFull(OfflineUnavailable):
    """As many payments are stored as the settings allow."""

    code = "offline_payments_database_too_large"
    retryable = True
    remedy = "Restore the network so that they are forwarded, or raise the limit."


class OfflineStoreTooOld(OfflineUnavailable):
    """A stored payment has waited for longer than the settings allow."""

    code = "offline_payments_too_old"
    retryable = True
    remedy = (
        "Restore the network so that it is forwarded; see `cardlane offline status`."
    )


class ConfigurationTooOld(OfflineUnavailable):
    """Stripe has not said for too long whether this Location may go offline."""

    code = "location_connection_not_available_offline"
    retryable = True
    remedy = "Connect the machine to the network once, so that it can ask Stripe."


class OfflineRefused(OfflineError):
    """This payment cannot be stored."""

    code = "offline_refused"


class AmountTooLarge(OfflineRefused):
    """More than one stored payment may be."""

    code = "amount_exceeds_max_offline_amount"
    remedy = "Take the payment in another way, or wait for the network."


class StoredAmountTooLarge(OfflineRefused):
    """With this payment, more of its currency would be stored than is allowed."""

    code = "offline_stored_amount_too_large"
    retryable = True
    remedy = "Restore the network so that stored payments are forwarded."


class CurrencyNotOffline(OfflineRefused):
    """No limit is set for the currency, so it is not taken offline."""

    code = "invalid_offline_currency"
    remedy = "Name the currency in `offline.max_payment` and `offline.max_stored`."


class ParameterNotOffline(OfflineRefused):
    """The parameter needs Stripe."""

    code = "offline_parameter_unsupported"
    remedy = "Leave out the parameter named in `param`, or wait for the network."


class CardRefused(OfflineError):
    """This card cannot be taken offline."""

    code = "offline_card_refused"


class SwipeNotOffline(CardRefused):
    """A stripe proves nothing without its issuer."""

    code = "card_swipe_not_available"
    remedy = "Insert or tap the card."


class InteracNotOffline(CardRefused):
    """Interac is always online."""

    code = "interac_not_supported_offline"
    remedy = "Take another card, or wait for the network."


class EftposNotOffline(CardRefused):
    """eftpos is always online."""

    code = "eftpos_not_supported_offline"
    remedy = "Take another card, or wait for the network."


class OnlinePinNotOffline(CardRefused):
    """Only the issuer can check the PIN."""

    code = "online_pin_not_supported_offline"
    remedy = "Take another card, or wait for the network."


class CardExpired(CardRefused):
    """The card's date has passed."""

    code = "offline_and_card_expired"
    remedy = "Take another card."


class PublishedCardInLivemode(CardRefused):
    """A published test number, where money is real."""

    code = "test_card_in_livemode"
    remedy = "Take a real card."


class CardNotIdentified(CardRefused):
    """The reader tells too little of the card to rule out what may not be offline."""

    code = "offline_card_not_identified"
    remedy = "Use a reader that tells of cards, or wait for the network."


class ForwardingRefused(OfflineError):
    """What keeps a stored payment on this machine."""

    code = "offline_forwarding_failed"
    status = 409
    remedy = "See `cardlane offline status`; `cardlane offline forward` tries again."


class RecordDamaged(ForwardingRefused):
    """What was stored is not what is there: changed, moved or missing."""

    code = "offline_record_damaged"
    remedy = "Keep the journal's file and a backup; see docs/offline.md."


class OtherOfflineKey(ForwardingRefused):
    """It was sealed under another key than the agent has."""

    code = "encryption_key_failure"
    remedy = "Give the agent the key again that was in use when it was stored."


class OtherMode(ForwardingRefused):
    """It was stored in the other of test and live mode."""

    code = "offline_mode_mismatch"
    remedy = "Start the agent once with a Stripe key of the mode it was stored in."


class IntentPaidOtherwise(ForwardingRefused):
    """The PaymentIntent has been paid or canceled by somebody else."""

    code = "offline_intent_already_settled"
    remedy = "Look at the PaymentIntent; the stored card was not charged."


class NotForwardedYet(OfflineError):
    """The PaymentIntent was made here, and Stripe does not know it yet."""

    code = "offline_payment_intent_not_forwarded"
    status = 409
    retryable = True
    remedy = "Wait until it is forwarded; see `GET /agent/offline`."
