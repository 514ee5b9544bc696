"""The course of one card read: what happens, one step after another."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import assert_never

from drivers.errors import FrameError, ReaderRefused, ReaderTimeout
from drivers.families.idtech_neo import outcomes, translation
from drivers.families.idtech_neo.conversation import CardSeen, Unheard
from drivers.families.idtech_neo.device import Device
from drivers.families.idtech_neo.framing import AnsweredLater
from drivers.families.idtech_neo.outcomes import CardRead, ChipStarted, Retry, TryAgain
from drivers.families.idtech_neo.tips import ask_for_tip
from drivers.features import InputEnd
from drivers.profile import Profile
from drivers.protocol import emv
from drivers.protocol.idtech_neo.card_answer import CardAnswer, Interface
from drivers.protocol.idtech_neo.events import Booted, Event
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.sale import sale_objects
from drivers.protocol.tlv import Tlv, find_value
from drivers.reader import (
    CardPresented,
    CardRequested,
    ChipFlow,
    CustomerActing,
    CustomerStep,
    DisplayMessage,
    InputOption,
    IssuerAnswer,
    MessageShown,
    OnlineRequested,
    ReadMethod,
    TipChosen,
    TransactionEvent,
    TransactionFinished,
    TransactionRequest,
    Verdict,
)

APPROVED = frozenset({"00", "Y3"})
GIVEN_UP = IssuerAnswer("Z3")
"""Unable to go online: what lets a chip go that is not to wait any longer."""
MOST_TRIES = 10
"""How often a card may fail before the reader is not asked again."""
CONTACT_BY_60_10 = "contact_by_60_10"
"""The quirk of readers whose 02-40 takes no chip: 60-10 does, and no taps meanwhile."""


class Phase(StrEnum):
    """How far it is."""

    READING = "reading"
    AWAITING_ISSUER = "awaiting_issuer"
    COMPLETING = "completing"
    FINISHED = "finished"


class Course:
    """What one transaction does with the reader; tells of it as it goes on."""

    def __init__(
        self,
        device: Device,
        request: TransactionRequest,
        profile: Profile,
        *,
        tell: Callable[[TransactionEvent], None],
    ) -> None:
        self.phase = Phase.READING
        self.is_canceled = False
        """Whether the host wants it to stop; then a failure is no failure."""
        self.has_asked_issuer = False
        self.issuer: asyncio.Future[IssuerAnswer] = (
            asyncio.get_running_loop().create_future()
        )
        self._device = device
        self._request = request
        self._capabilities = profile.capabilities
        self._has_contact_quirk = CONTACT_BY_60_10 in profile.quirks
        self._tell = tell

    async def run(self) -> TransactionFinished:
        """From tip to verdict.

        Raises DriverError where the reader or its wire does not keep to the protocol.
        """
        try:
            extra = await self._ask_for_tip()
            if isinstance(extra, TransactionFinished):
                return extra
            if InputOption.MANUAL in self._request.options:
                return await self._take_typed_card()
            request = self._request
            objects = sale_objects(
                request.amount + extra, request.currency, transaction_type=request.kind
            )
            return await self._take_card(objects)
        finally:
            self.phase = Phase.FINISHED

    async def _ask_for_tip(self) -> int | TransactionFinished:
        """What comes on top of the amount: a tip and tax."""
        choices, tax = self._request.tip, self._request.tax
        tip: int | InputEnd = 0
        if choices is not None:
            self._tell(CustomerActing(CustomerStep.SELECTING_TIP))
            tip = await ask_for_tip(self._device, self._request, choices)
        if isinstance(tip, InputEnd):
            return TransactionFinished(_INPUT_ENDS[tip], "tip")
        if choices is not None or tax:
            self._tell(TipChosen(tip, tax))
        return tip + tax

    async def _take_card(self, objects: tuple[Tlv, ...]) -> TransactionFinished:
        """Let the cardholder try, in the ways that are left, until the time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._request.timeout_s
        options, after_chip = self._offered(self._request.options), False
        end = TransactionFinished(Verdict.TIMED_OUT, "time")
        for _ in range(MOST_TRIES):
            left_s = math.ceil(deadline - loop.time())
            if not options or left_s <= 0 or self.is_canceled:
                break
            outcome = await self._wait_for_card(options, objects, timeout_s=left_s)
            match outcome:
                case CardRead(answer):
                    method = outcomes.read_method_of(answer, after_chip=after_chip)
                    return await self._authorise(answer, method)
                case TransactionFinished():
                    return self._wanted(outcome)
                case TryAgain(message, retry, end):
                    self._tell(MessageShown(message))
                    options = self._offered(_options_after(retry, options))
                    after_chip = after_chip or retry is Retry.STRIPE
                case _:
                    assert_never(outcome)
        return self._wanted(end)

    async def _wait_for_card(
        self,
        options: frozenset[InputOption],
        objects: tuple[Tlv, ...],
        *,
        timeout_s: int,
    ) -> CardRead | TryAgain | TransactionFinished:
        """One try; a chip goes through all of it in here."""
        self._tell(CardRequested(options))
        is_contact_start = self._has_contact_quirk and InputOption.INSERT in options
        start = (
            translation.contact_start if is_contact_start else translation.activation
        )
        command: AnsweredLater = start(options, objects, timeout_s=timeout_s)
        guard_s = self._device.timings.guard_s
        heard = await self._talk(command, timeout_s=timeout_s + guard_s)
        if isinstance(heard, Frame) and heard.code == StatusCode.COMMAND_NOT_ALLOWED:
            await self._device.recall()
            heard = await self._talk(command, timeout_s=timeout_s + guard_s)
        if isinstance(heard, TransactionFinished):
            return heard
        outcome = outcomes.outcome_of_card(heard)
        if not isinstance(outcome, CardRead | ChipStarted):
            return outcome
        amount = find_value(objects, emv.AMOUNT_AUTHORISED) or b""
        if not outcomes.is_for_amount(outcome.answer, amount):
            # The end of a transaction that was given up before, told very late.
            raise FrameError("card data of another transaction")
        interface = outcome.answer.attribution.interface
        self._tell(CardPresented(translation.PRESENTED[interface]))
        if isinstance(outcome, ChipStarted):
            return await self._run_chip(outcome.answer)
        if interface is Interface.CONTACT:
            # A reader that is set to do so asks the chip for its cryptogram at once.
            return await self._authorise_chip(outcome.answer)
        return outcome

    async def _run_chip(self, started: CardAnswer) -> TryAgain | TransactionFinished:
        """From the card's application to its cryptogram, and on to its verdict."""
        command = translation.authentication()
        heard = await self._talk(command, timeout_s=self._device.timings.chip_s)
        if isinstance(heard, TransactionFinished):
            return heard
        outcome = outcomes.outcome_of_chip(heard)
        if not isinstance(outcome, CardRead):
            return outcome
        return await self._authorise_chip(outcomes.joined(started, outcome.answer))

    async def _authorise_chip(self, answer: CardAnswer) -> TransactionFinished:
        """For a card in the slot: its issuer decides, and it has the last word."""
        self._ask_issuer(answer, ReadMethod.CONTACT_EMV)
        if self._request.flow is ChipFlow.QUICK_CHIP:
            await self._complete_chip(GIVEN_UP)
            return TransactionFinished(Verdict.DEFERRED, "quick_chip")
        return await self._complete_chip(await self._issuer_answer())

    async def _complete_chip(self, issuer: IssuerAnswer) -> TransactionFinished:
        self.phase = Phase.COMPLETING
        command = translation.host_response(issuer)
        heard = await self._talk(command, timeout_s=self._device.timings.chip_s)
        if isinstance(heard, TransactionFinished):
            return heard
        is_approved = issuer.response_code in APPROVED
        return outcomes.outcome_of_completion(heard, is_approved=is_approved)

    async def _take_typed_card(self) -> TransactionFinished:
        self._tell(CardRequested(self._request.options))
        self._tell(CustomerActing(CustomerStep.ENTERING_CARD_NUMBER))
        timeout_s = self._request.timeout_s
        command = translation.card_entry(timeout_s)
        guard_s = self._device.timings.guard_s
        heard = await self._talk(command, timeout_s=timeout_s + guard_s)
        if isinstance(heard, TransactionFinished):
            return heard
        outcome = outcomes.outcome_of_typing(heard)
        if isinstance(outcome, TransactionFinished):
            return self._wanted(outcome)
        self._tell(CardPresented(InputOption.MANUAL))
        return await self._authorise(outcome.answer, ReadMethod.MANUAL_ENTRY)

    async def _authorise(
        self, answer: CardAnswer, method: ReadMethod
    ) -> TransactionFinished:
        """For a card that is done with the reader: its issuer decides alone."""
        self._ask_issuer(answer, method)
        issuer = await self._issuer_answer()
        if self._capabilities.has_display:
            is_approved = issuer.response_code in APPROVED
            shown = DisplayMessage.APPROVED if is_approved else DisplayMessage.DECLINED
            # A reader that does not show it has still read the card.
            with suppress(ReaderRefused, ReaderTimeout):
                await self._device.order(translation.text_of(shown))
        return TransactionFinished(Verdict.DEFERRED, "host")

    def _ask_issuer(self, answer: CardAnswer, method: ReadMethod) -> None:
        card = outcomes.encrypted_card(answer, method)
        self.phase = Phase.AWAITING_ISSUER
        self.has_asked_issuer = True
        self._tell(OnlineRequested(card))

    async def _issuer_answer(self) -> IssuerAnswer:
        """The issuer's answer, or none when the reader will have given up."""
        done, _ = await asyncio.wait([self.issuer], timeout=translation.ISSUER_S)
        return self.issuer.result() if done else GIVEN_UP

    async def _talk(
        self, command: AnsweredLater, *, timeout_s: float
    ) -> Frame | TransactionFinished:
        """Send `command` and hear what follows, until its answer or another end.

        It is sent again, once, where the reader says that it came damaged.
        """
        heard = await self._talk_once(command, timeout_s=timeout_s)
        if isinstance(heard, Frame) and heard.code == StatusCode.CRC_ERROR:
            return await self._talk_once(command, timeout_s=timeout_s)
        return heard

    async def _talk_once(
        self, command: AnsweredLater, *, timeout_s: float
    ) -> Frame | TransactionFinished:
        async with self._device.conversation(command) as conversation:
            while True:
                heard = await conversation.next(timeout_s=timeout_s)
                match heard:
                    case Frame():
                        self._device.check_tamper(heard)
                        return heard
                    case Unheard():
                        return TransactionFinished(Verdict.CANCELED_BY_HOST, "silent")
                    case Booted():
                        return TransactionFinished(Verdict.FAILED, "restarted")
                    case CardSeen():
                        self._tell(MessageShown(DisplayMessage.PROCESSING))
                    case _:
                        await self._react(heard)

    async def _react(self, event: Event) -> None:
        told, reply = translation.event_of(event), translation.reply_to(event)
        if told is not None:
            self._tell(told)
        if reply is not None:
            await self._device.reply(reply)

    def _wanted(self, end: TransactionFinished) -> TransactionFinished:
        """The end, unless it was asked for: a canceled read has not failed."""
        if not self.is_canceled:
            return end
        return TransactionFinished(Verdict.CANCELED_BY_HOST, end.reason)

    def _offered(self, options: frozenset[InputOption]) -> frozenset[InputOption]:
        """Those of `options` that the reader takes at the same time."""
        if self._has_contact_quirk and InputOption.INSERT in options:
            return options - {InputOption.TAP}
        return options


_INPUT_ENDS: dict[InputEnd, Verdict] = {
    InputEnd.CANCELED_BY_CUSTOMER: Verdict.CANCELED_BY_CUSTOMER,
    InputEnd.CANCELED_BY_HOST: Verdict.CANCELED_BY_HOST,
    InputEnd.TIMED_OUT: Verdict.TIMED_OUT,
}


def _options_after(
    retry: Retry, options: frozenset[InputOption]
) -> frozenset[InputOption]:
    match retry:
        case Retry.SAME:
            return options
        case Retry.CHIP:
            return options & {InputOption.INSERT}
        case Retry.STRIPE:
            return options & {InputOption.SWIPE}
        case _:
            assert_never(retry)
