"""When a chip cannot be read: try again, and the stripe at last. Pure.

Devices do this by themselves or leave it to the host, by a property of theirs; these
are the host's rules (manual, 6, command 1001, 14; EMV Book 4, 6.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.protocol.magtek_mms.notifications import (
    OutcomeExtension,
    Technology,
    TransactionComplete,
)
from drivers.reader import DisplayMessage, InputOption

MOST_CHIP_READS = 3


@dataclass(frozen=True, slots=True)
class Retry:
    """Start again, in these ways, and tell the cardholder so."""

    options: frozenset[InputOption]
    message: DisplayMessage
    is_to_stripe: bool


def retry_after(
    complete: TransactionComplete,
    *,
    options: frozenset[InputOption],
    chip_reads: int,
    is_at_stripe: bool,
) -> Retry | None:
    """What to do after this end; None where it is one.

    `options` are those of the first try, `chip_reads` the tries with a chip so far;
    `is_at_stripe` where the stripe was asked for already.
    """
    if complete.technology != Technology.CONTACT or is_at_stripe:
        return None
    match complete.extension:
        case OutcomeExtension.TECHNICAL_FALLBACK if chip_reads < MOST_CHIP_READS:
            ways = options & {InputOption.INSERT, InputOption.TAP}
            return Retry(ways, DisplayMessage.RETRY_CARD, is_to_stripe=False)
        case OutcomeExtension.TECHNICAL_FALLBACK | OutcomeExtension.STRIPE_FALLBACK:
            if InputOption.SWIPE not in options:
                return None
            ways = options & {InputOption.SWIPE, InputOption.TAP}
            return Retry(ways, DisplayMessage.SWIPE_CARD, is_to_stripe=True)
        case _:
            return None
