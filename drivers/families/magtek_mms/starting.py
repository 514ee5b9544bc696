"""Command 1001 for what the agent wants, or why this model cannot do it. Pure."""

from __future__ import annotations

from drivers.errors import FeatureUnsupported, LocalError
from drivers.families.magtek_mms.seconds import require_seconds
from drivers.profile import Capabilities
from drivers.protocol.currency import iso_amount
from drivers.protocol.magtek_mms.start import (
    Contactless,
    ManualEntry,
    Options,
    StartTransaction,
)
from drivers.protocol.magtek_mms.tips import (
    MOST_PERCENT,
    MOST_PRESET_AMOUNT,
    TIP_BUTTONS,
    TipButton,
    TipButtonKind,
    TipMode,
    TipOptions,
)
from drivers.protocol.sale import sale_objects
from drivers.reader import ChipFlow, InputOption, TipChoices, TransactionRequest

CARD_OPTIONS = frozenset({InputOption.INSERT, InputOption.SWIPE, InputOption.TAP})


def options_for(
    request: TransactionRequest, capabilities: Capabilities
) -> frozenset[InputOption]:
    """How a card may come: what is asked for and the model has.

    Raises FeatureUnsupported where that is nothing, or where the model cannot do what
    is asked besides, and LocalError for a contradiction.
    """
    if not request.options:
        raise LocalError("a card comes in some way")
    has = frozenset(map(InputOption, capabilities.input_options))
    is_manual = InputOption.MANUAL in request.options
    if is_manual and InputOption.MANUAL not in has:
        raise FeatureUnsupported("this reader takes no typed card numbers")
    if is_manual and request.options & CARD_OPTIONS:
        raise LocalError("a card number is typed, or a card presented, not either")
    if (request.tip is not None or request.tax) and not capabilities.takes_tips:
        raise FeatureUnsupported("this reader asks for no tips and shows no tax")
    if request.asks_signature and not capabilities.captures_signatures:
        raise FeatureUnsupported("this reader captures no signatures")
    options = request.options & has
    if not options:
        raise FeatureUnsupported("this reader takes cards in other ways")
    return options


def start_command(
    request: TransactionRequest, options: frozenset[InputOption]
) -> StartTransaction:
    """Command 1001; raises LocalError for values the protocol cannot say."""
    require_seconds(request.timeout_s)
    flags = Options.DYNAPRO_FORMAT
    if request.flow is ChipFlow.QUICK_CHIP:
        flags |= Options.QUICK_CHIP
    taps = InputOption.TAP in options
    return StartTransaction(
        timeout_s=request.timeout_s,
        swipe=InputOption.SWIPE in options,
        insert=InputOption.INSERT in options,
        contactless=Contactless.EMV if taps else Contactless.OFF,
        options=flags,
        emv_data=sale_objects(
            request.amount, request.currency, transaction_type=request.kind
        ),
        manual=ManualEntry() if InputOption.MANUAL in options else None,
        tips=_tip_options(request),
    )


def _tip_options(request: TransactionRequest) -> TipOptions | None:
    tax = iso_amount(request.tax, request.currency) if request.tax else None
    if request.tip is None:
        return None if tax is None else TipOptions(TipMode.OFF, (), tax=tax)
    buttons = _buttons(request.tip, request.currency)
    mode = TipMode.PERCENT if request.tip.percents else TipMode.AMOUNT
    return TipOptions(mode, buttons, tax=tax)


def _buttons(choices: TipChoices, currency: str) -> tuple[TipButton, ...]:
    values, most = (
        (choices.percents, MOST_PERCENT)
        if choices.percents
        else (
            tuple(iso_amount(amount, currency) for amount in choices.amounts),
            MOST_PRESET_AMOUNT,
        )
    )
    if not all(0 <= value <= most for value in values):
        raise LocalError(f"a button offers a tip of 0 to {most}")
    buttons = [TipButton(TipButtonKind.VALUE, value) for value in values]
    if choices.allows_none:
        buttons.append(TipButton(TipButtonKind.NO_TIP))
    if choices.allows_custom:
        buttons.append(TipButton(TipButtonKind.CUSTOM))
    if not 0 < len(buttons) <= TIP_BUTTONS:
        raise LocalError(f"{len(buttons)} tips to choose from; 1 to {TIP_BUTTONS} fit")
    return tuple(buttons)
