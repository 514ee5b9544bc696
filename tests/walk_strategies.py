"""What may be drawn for a walk: tills, cards, patience, and all kinds of trouble."""

from __future__ import annotations

from hypothesis import strategies as st
from walk_customers import SMART

from simulator.faults import WireFaults
from simulator.stripe_api.at_the_reader.deeds import (
    CutPower,
    Deed,
    PressCancel,
    RemoveCard,
    SetAuthorizationTime,
    SetNetwork,
)
from simulator.stripe_api.engine.faults import (
    AnswerStatus,
    CutBody,
    Delay,
    Fault,
    LoseReply,
    ResetConnection,
    SlowBody,
)

LOCAL = st.sampled_from(["front", "back"])
TILLS = st.sampled_from(["front", "back", SMART])
CARDS = st.sampled_from(
    [
        ("visa_approved", "contact"),
        ("visa_approved", "swipe"),
        ("visa_contactless", "contactless"),
        ("visa_declined", "contact"),
        ("visa_insufficient_funds", "swipe"),
        ("visa_expired", "contact"),
        ("visa_refuses_after_approval", "contact"),
        ("visa_removed_early", "contact"),
        ("visa_removed_before_completion", "contact"),
        ("visa_worn_stripe", "swipe"),
        ("amex_approved", "contact"),
    ]
)
CAPTURES = st.sampled_from(["automatic", "manual"])
BEHAVIORS = st.sampled_from(
    [None, None, None, "prefer_online", "require_online", "force_offline"]
)
PATIENCE = st.none() | st.integers(0, 40)
"""How many turns of the loop a register waits for its answer; None is until it comes."""
PAUSES_S = st.sampled_from([0.0, 0.6, 5.0, 31.0])
"""The last is more than a card that was looked at waits."""
FAULTS: st.SearchStrategy[Fault] = st.one_of(
    st.sampled_from(
        [LoseReply(), ResetConnection(), CutBody(30), Delay(40.0), SlowBody(0.5)]
    ),
    st.builds(AnswerStatus, st.sampled_from([409, 429, 500, 503])),
)
PATHS = st.sampled_from(
    [
        "/v1/payment_intents/*/confirm",
        "/v1/payment_intents/*/cancel",
        "/v1/payment_intents/*",
        "/v1/setup_intents/*",
        "/v1/refunds",
        "/v1/terminal/readers/*",
        "/v1/terminal/readers",
    ]
)
WIRE_FAULTS = st.builds(
    WireFaults,
    cut_after_bytes=st.none() | st.integers(1, 900),
    corrupt=st.sampled_from([0.0, 0.003]),
    drop=st.sampled_from([0.0, 0.2, 1.0]),
)
DEEDS: st.SearchStrategy[Deed] = st.sampled_from(
    [
        PressCancel(),
        RemoveCard(),
        CutPower(),
        SetNetwork(is_up=False),
        SetNetwork(is_up=True),
        SetAuthorizationTime(0.0),
        SetAuthorizationTime(6.0),
    ]
)
