"""From a card that was read to the verdict: the issuer is asked, the cardholder signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from drivers.errors import RemoteError
from drivers.features import Signature
from drivers.protocol.magtek_mms.card_data import (
    Arpc,
    decode_arpc,
    encode_arqc,
    encode_batch,
)
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.control import ResumeTransaction
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Outcome,
    OutcomeExtension,
    Technology,
)
from drivers.protocol.magtek_mms.status import StatusDetail
from drivers.protocol.magtek_mms.strings import StringId
from simulator.emv.kernel import Completion
from simulator.errors import ControlRefused
from simulator.reader.model import Stroke
from simulator.reader.models.magtek_mms.activity import (
    Activity,
    Answer,
    Console,
    Leaving,
    done,
    refuse,
)
from simulator.reader.models.magtek_mms.card_read import CardRead
from simulator.reader.models.magtek_mms.signature_step import SignatureStep
from simulator.reader.models.magtek_mms.terms import Terms
from simulator.reader.models.magtek_mms.waiting import IssuerWait
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import CANCEL

UNABLE_TO_GO_ONLINE = "Z3"
SIGNATURE_S = 60
"""For the cardholder to sign where the transaction itself has no timeout."""

Ended = Callable[[Outcome, OutcomeExtension, StringId], None]


class Authorisation(Activity):
    """Ends with an outcome, what is left to do, and a text for the cardholder."""

    def __init__(
        self,
        console: Console,
        read: CardRead,
        terms: Terms,
        *,
        ended: Ended,
        pulled: Callable[[], None],
    ) -> None:
        super().__init__(console)
        self._read = read
        self._terms = terms
        self._ended = ended
        self._pulled = pulled
        self._signature: SignatureStep | None = None
        self._wait = IssuerWait(
            terms.patience, self.alarm, repeat=self._tell, give_up=self._decline
        )

    def begin(self) -> None:
        """Tell the host of the card, and wait for its issuer except in Quick Chip."""
        self._tell()
        if self._terms.is_quick_chip:
            # The chip is told at once that its issuer cannot be reached (manual, 6).
            self._complete(UNABLE_TO_GO_ONLINE, b"")
            return
        self.console.say(
            ReaderState.AUTHORISING, StringId.AUTHORISING, above=self._terms.above
        )
        self._wait.begin()

    def abandon(self) -> None:
        """Stop without a word."""
        super().abandon()
        if self._signature is not None:
            self._signature.abandon()

    def take(self, command: Command) -> Answer | None:
        """The issuer's answer, once."""
        if not isinstance(command, ResumeTransaction):
            return None
        try:
            answer = decode_arpc(command.arpc_blob)
        except RemoteError:
            return refuse(StatusDetail.REQUEST_MALFORMED)
        code = answer.response_code
        is_for_us = answer.serial_number == self._read.arqc.serial_number
        if not is_for_us or len(code) != 2 or not code.isalnum():
            return refuse(StatusDetail.PARAMETER_INVALID)
        if self._signature is not None:
            return refuse(StatusDetail.WRONG_TRANSACTION_STATE)
        return done(lambda: self._answered(answer))

    def remove_card(self) -> None:
        """The card goes; raises ControlRefused unless it is inside and wanted."""
        is_inside = self._terms.technology is Technology.CONTACT
        if not is_inside or self._signature is not None:
            raise ControlRefused("no card is in the reader")
        self.alarm.stop()
        self._pulled()

    def press_key(self, key: str) -> None:
        """Only while the cardholder signs a key does something."""
        if self._signature is not None:
            self._signature.press_key(key)
        elif key == CANCEL:
            raise ControlRefused("the reader is authorising: too late to cancel")
        else:
            super().press_key(key)

    def sign(self, strokes: Sequence[Stroke]) -> None:
        """Sign, where it is asked for."""
        if self._signature is None:
            super().sign(strokes)
        else:
            self._signature.sign(strokes)

    def _tell(self) -> None:
        arqc = replace(self._read.arqc, mac=self.console.mac())
        blob = encode_arqc(arqc)
        self.console.notify(CardData(self._terms.technology, DataKind.ARQC, blob))

    def _answered(self, answer: Arpc) -> None:
        if self._terms.leaves_before_completion:
            self.remove_card()
            return
        code = answer.response_code.decode("ascii")
        self._complete(code, answer.authentication_data, scripts=answer.scripts)

    def _decline(self) -> None:
        self._complete(UNABLE_TO_GO_ONLINE, b"")

    def _complete(
        self, code: str, authentication_data: bytes, *, scripts: bytes = b""
    ) -> None:
        self.alarm.stop()
        completion = self._read.complete(code, authentication_data, scripts=scripts)
        is_good = completion.approved or self._terms.is_quick_chip
        if not (is_good and self._terms.wants_signature):
            self._finish(completion)
        elif self._terms.signs_by_itself:
            self._ask_signature(completion)
        else:
            self._finish(completion, OutcomeExtension.SIGNATURE_WANTED)

    def _ask_signature(self, completion: Completion) -> None:
        def signed(signature: Signature) -> None:
            self._finish(completion, OutcomeExtension.SIGNATURE_CAPTURED, signature)

        def unsigned() -> None:
            self._finish(completion, OutcomeExtension.SIGNATURE_FAILED)

        self._signature = SignatureStep(
            self.console,
            timeout_s=self._terms.timeout_s or SIGNATURE_S,
            signed=signed,
            leaving=Leaving(canceled=unsigned, timed_out=unsigned),
        )
        self._signature.begin()

    def _finish(
        self,
        completion: Completion,
        extension: OutcomeExtension = OutcomeExtension.NONE,
        signature: Signature | None = None,
    ) -> None:
        batch = replace(self._read.batch(completion, signature), mac=self.console.mac())
        record = encode_batch(batch)
        self.console.notify(CardData(self._terms.technology, DataKind.BATCH, record))
        if self._terms.is_quick_chip:
            outcome, text = Outcome.DEFERRED, StringId.CARD_READ_OK_REMOVE
        elif completion.approved:
            outcome, text = Outcome.APPROVED, StringId.APPROVED
        else:
            outcome, text = Outcome.DECLINED, StringId.DECLINED
        self._ended(outcome, extension, text)


def record_typed(console: Console, read: CardRead) -> None:
    """Tell the host of a typed card; its issuer's answer is not waited for."""
    technology = Technology.MANUAL
    console.notify(CardUpdate(technology, CardChange.SWIPED))
    arqc = encode_arqc(replace(read.arqc, mac=console.mac()))
    console.notify(CardData(technology, DataKind.ARQC, arqc))
    completion = read.complete(UNABLE_TO_GO_ONLINE, b"")
    batch = replace(read.batch(completion, None), mac=console.mac())
    console.notify(CardData(technology, DataKind.BATCH, encode_batch(batch)))
