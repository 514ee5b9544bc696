"""Held money, and when somebody must be told that its authorization ends. Pure.

Times are Unix times in seconds; a lead is how long before the end a warning is due.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.payments.payment import Payment
from agent.payments.states import Phase


def is_held(payment: Payment) -> bool:
    """Whether its money awaits a capture, for all that is known."""
    is_done = payment.phase is Phase.SUCCEEDED
    return is_done and payment.intent_status == "requires_capture"


def lead_reached(
    expires_at: int | None, *, now_s: float, leads_s: Iterable[int]
) -> int | None:
    """The shortest lead that begins before now; None before the first of them."""
    if expires_at is None:
        return None
    return min((lead for lead in leads_s if now_s >= expires_at - lead), default=None)


def warning_due(
    payment: Payment, expires_at: int | None, *, now_s: float, leads_s: Iterable[int]
) -> int | None:
    """The lead of the warning to give now; None where there is nothing new to say.

    Whoever was told late is not told earlier afterwards, whatever the clock does.
    """
    lead = lead_reached(expires_at, now_s=now_s, leads_s=leads_s)
    warned = payment.warned_leads_s
    return None if lead is None or (warned and lead >= min(warned)) else lead


def next_look_s(
    expires_at: int | None, *, now_s: float, leads_s: Iterable[int]
) -> float | None:
    """Seconds until a lead is reached, or the end; None where nothing lies ahead."""
    if expires_at is None:
        return None
    ahead = [expires_at - lead - now_s for lead in (*leads_s, 0)]
    return min((wait for wait in ahead if wait > 0), default=None)
