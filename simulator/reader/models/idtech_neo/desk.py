"""Where a NEO reader works off its host's commands, one after the other.

Owns how wrong ones are refused, what a command does to whatever the reader is busy
with, and in which order answers come. What it can be busy with is in other files.
"""

from __future__ import annotations

from drivers.errors import FrameError, RemoteError
from drivers.protocol.idtech_neo import (
    activate,
    commands,
    display,
    keypad,
    pass_through,
)
from drivers.protocol.idtech_neo.basic import PollMode
from drivers.protocol.idtech_neo.commands import Command, OtherCommand
from drivers.protocol.idtech_neo.events import WokeUp
from drivers.protocol.idtech_neo.frame import Frame
from drivers.protocol.idtech_neo.status import StatusCode
from simulator.cards.card import Card, Entry
from simulator.errors import ControlRefused
from simulator.reader.models.idtech_neo import basics
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.console import (
    NOT_ALLOWED,
    NOT_ALLOWED_NOW,
    OK,
    WRONG_PARAMETER,
    Console,
    Reply,
)
from simulator.reader.models.idtech_neo.display import (
    WANT_ANSWERS,
    Menu,
    ScreenCommand,
    Screens,
    show_text,
)
from simulator.reader.models.idtech_neo.order import order_of, unasked_order
from simulator.reader.models.idtech_neo.pass_through import (
    PassThrough,
    PassThroughCommand,
)
from simulator.reader.models.idtech_neo.quirks import (
    LATE_ANSWER_FIRST,
    NO_LATE_ANSWER,
    TAMPERED,
)
from simulator.reader.models.idtech_neo.repertoire import SLEEP, repertoire
from simulator.reader.models.idtech_neo.transaction import Transaction
from simulator.reader.models.idtech_neo.typing_jobs import (
    CardJob,
    KeyJob,
    KeypadJob,
    amount_job,
    number_job,
    pin_job,
)

EMPTY_BATTERY_PERCENT = 5
"""At this and below no transaction starts; the guide says nothing of it: unverified."""

_CardCommand = (
    activate.ActivateTransaction | activate.StartContact | activate.GetTransactionResult
)
_TOLD_THOUGH_TAMPERED = frozenset({(0x18, 0x01), (0x29, 0x00)})


class Desk:
    """What the reader is doing, and what it answers."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._repertoire = repertoire(console.description)
        self._known_commands = {command for command, _ in self._repertoire}
        self._activity: Activity | None = None
        self._result: Reply | None = None
        """Of a tap in auto-poll, until the host asks for it."""
        self._is_asleep = False
        self._left_in: Card | None = None
        """In the slot since before the present activity."""
        self._pass_through = PassThrough(console, self._has_chip)
        self.screens = Screens(console)
        self.battery_percent = 100

    @property
    def busy(self) -> Activity | None:
        """What the reader is busy with now."""
        activity = self._activity
        return None if activity is None or activity.is_over else activity

    @property
    def has_card_left_in(self) -> bool:
        """Whether a card is in the slot whose chip has no more to do."""
        return self.busy is None and self._has_chip()

    def remove_card(self) -> None:
        """Pull the inserted card; raises ControlRefused where there is none."""
        activity = self._activity
        if self._left_in is not None:
            self._left_in = None
        elif activity is not None and activity.is_over and activity.card_inside:
            activity.card_inside = None
        elif activity is None or activity.is_over:
            raise ControlRefused("no card is in the reader")
        else:
            activity.remove_card()

    def clear(self) -> None:
        """The power is gone, and with it all but settings."""
        if self._activity is not None:
            self._activity.abandon()
        self._activity = None
        self._result = None
        self._is_asleep = False
        self._left_in = None
        self._pass_through = PassThrough(self._console, self._has_chip)
        self.screens.hide()

    def poll(self) -> None:
        """A reader in auto-poll looks for a tap by itself."""
        order = unasked_order(self._console.settings)
        polls = self._console.settings.poll_mode is PollMode.AUTO
        if self.busy is None and order is not None and polls:
            self._replace(Transaction(self._console, order, self._keep_result))

    def take(self, frame: Frame) -> None:
        """Work off one command."""
        if self._is_asleep:
            self._is_asleep = False
            self._console.line.tell(WokeUp())
        refusal = self._refusal(frame)
        if refusal is not None:
            self._answer(frame, refusal)
            return
        try:
            command = commands.from_frame(frame)
        except FrameError:
            self._answer(frame, WRONG_PARAMETER)
        except RemoteError:
            self._answer(frame, Reply(StatusCode.MALFORMED_DATA))
        else:
            self._weigh(frame, command)

    def _refusal(self, frame: Frame) -> Reply | None:
        code = (frame.command, frame.code)
        is_hurt = code not in _TOLD_THOUGH_TAMPERED
        if is_hurt and self._console.quirks.strikes(TAMPERED):
            return Reply(StatusCode.TAMPERED)
        if frame.command not in self._known_commands:
            return Reply(StatusCode.UNKNOWN_COMMAND)
        if code not in self._repertoire:
            return Reply(StatusCode.UNKNOWN_SUB_COMMAND)
        return None

    def _weigh(self, frame: Frame, command: Command) -> None:
        """Who is to deal with it: what the reader is busy with, or the reader."""
        busy = self.busy
        if busy is not None and busy.takes(command):
            self._answer(frame, busy.take(command))
        elif isinstance(busy, KeypadJob):
            self._answer(frame, NOT_ALLOWED)
        elif isinstance(command, activate.CancelTransaction):
            self._cancel(frame)
        elif isinstance(command, display.AnswerDisplay | display.RefusePin):
            # The reader asked, and needs no more than to know that it was heard.
            self._answer(frame, OK)
        else:
            self._put_aside(command)
            self._obey(frame, command)

    def _put_aside(self, command: Command) -> None:
        """Any command cancels what is pending; a chip waits for its next one longer."""
        busy = self.busy
        if busy is None:
            return
        begins = isinstance(
            command,
            _CardCommand
            | keypad.GetCard
            | pass_through.SetPassThrough
            | pass_through.PollForToken,
        )
        if busy.is_pending or begins:
            self._stop(busy)

    def _cancel(self, frame: Frame) -> None:
        busy = self.busy
        comes_first = self._console.quirks.strikes(LATE_ANSWER_FIRST)
        if not comes_first:
            self._answer(frame, OK)
        if busy is not None:
            self._stop(busy)
        if comes_first:
            self._answer(frame, OK)

    def _stop(self, busy: Activity) -> None:
        if self._console.quirks.strikes(NO_LATE_ANSWER):
            busy.abandon()
            self._console.panel.welcome()
        else:
            busy.cancel()

    def _obey(self, frame: Frame, command: Command) -> None:
        done = self._carried_out(command)
        if not isinstance(done, Activity):
            self._answer(frame, done)
            return
        self._replace(done)
        if isinstance(done, KeypadJob):
            self._answer(frame, OK)
        done.begin()
        if isinstance(done, Transaction) and self._left_in is not None:
            self._take_what_is_there(done, self._left_in)

    def _replace(self, activity: Activity) -> None:
        """What was done before is over; a card may be left in the slot."""
        if self._activity is not None and self._activity.card_inside is not None:
            self._left_in = self._activity.card_inside
        self._activity = activity

    def _take_what_is_there(self, transaction: Transaction, card: Card) -> None:
        """A reader sees that there is a card, and not since when."""
        if transaction.takes_chips:
            self._left_in = None
            transaction.present_card(card, Entry.CONTACT)

    def _has_chip(self) -> bool:
        activity = self._activity
        is_inside = activity is not None and activity.card_inside is not None
        return self._left_in is not None or is_inside

    def _carried_out(self, command: Command) -> Reply | Activity:
        console = self._console
        if isinstance(command, basics.IdentityCommand):
            return basics.tell_identity(console, command)
        if isinstance(command, basics.SettingsCommand):
            return basics.keep_settings(console, command)
        if isinstance(command, basics.SignalCommand):
            return basics.make_signal(console, command)
        if isinstance(command, basics.KeyCommand):
            return basics.tell_keys(console, command)
        if isinstance(command, PassThroughCommand):
            return self._pass_through.carry_out(command)
        if isinstance(command, _CardCommand):
            return self._look_for_card(command)
        if isinstance(command, OtherCommand):
            return self._untyped(command.frame)
        return self._use_display(command)

    def _look_for_card(self, command: _CardCommand) -> Reply | Activity:
        polls = self._console.settings.poll_mode is PollMode.AUTO
        if isinstance(command, activate.GetTransactionResult):
            if not polls:
                return NOT_ALLOWED
            result, self._result = self._result, None
            return result or Reply(StatusCode.FAILED)
        is_empty = self.battery_percent <= EMPTY_BATTERY_PERCENT
        if polls or self._pass_through.is_on or is_empty:
            return NOT_ALLOWED
        order = order_of(
            command,
            description=self._console.description,
            settings=self._console.settings,
        )
        if order is None:
            return WRONG_PARAMETER
        return Transaction(self._console, order, self._console.line.answer)

    def _use_display(self, command: Command) -> Reply | Activity:
        console = self._console
        if isinstance(command, display.DisplayText):
            return self._show(command)
        if isinstance(command, ScreenCommand):
            return self.screens.carry_out(command)
        match command:
            case keypad.GetPin():
                return pin_job(console, command)
            case keypad.GetFunctionKey():
                return KeyJob(console)
            case keypad.GetNumber():
                return number_job(console, command)
            case keypad.GetAmount():
                return amount_job(console, command)
            case keypad.GetCard():
                return CardJob(console, command)
            case _:
                # A chip is asked that is not there, or a keypad job that is over.
                return NOT_ALLOWED_NOW

    def _show(self, text: display.DisplayText) -> Reply | Activity:
        if not self._console.description.has_display:
            return NOT_ALLOWED
        self.screens.hide()
        if text.mode in WANT_ANSWERS:
            return Menu(self._console, text)
        return show_text(self._console, text)

    def _untyped(self, frame: Frame) -> Reply:
        if (frame.command, frame.code) == SLEEP:
            self._is_asleep = True
            return OK
        return basics.answer_untyped(self._console, frame)

    def _keep_result(self, command: int, status: StatusCode, data: bytes) -> None:
        if status is not StatusCode.USER_INTERFACE_EVENT:
            self._result = Reply(status, data)

    def _answer(self, frame: Frame, reply: Reply | None) -> None:
        if reply is not None:
            self._console.line.answer(frame.command, reply.status, reply.data)
