"""Texts, menus and named screens on a NEO reader with a display: 61-xx."""

from __future__ import annotations

from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
)
from drivers.protocol.idtech_neo.screens import (
    AddObject,
    CreateScreen,
    ObjectKind,
    ObjectTouched,
    RemoveObject,
    ShowScreen,
)
from drivers.protocol.idtech_neo.status import StatusCode
from simulator.errors import ControlRefused
from simulator.reader.models.idtech_neo.activity import Activity
from simulator.reader.models.idtech_neo.console import (
    OK,
    WRONG_PARAMETER,
    Console,
    Reply,
)
from simulator.reader.models.idtech_neo.typing_jobs import letter_of
from simulator.reader.screen import ReaderState
from simulator.reader.typed_digits import CANCEL

ScreenCommand = CreateScreen | ShowScreen | AddObject | RemoveObject

WANT_ANSWERS = frozenset(
    {DisplayMode.MENU, DisplayMode.TEXT_AND_KEY, DisplayMode.LANGUAGE_MENU}
)

_BUTTONS = frozenset(
    {ObjectKind.LARGE_BUTTON, ObjectKind.MEDIUM_BUTTON, ObjectKind.INVISIBLE_BUTTON}
)
_FIRST_SCREEN_ID = 1


class Menu(Activity):
    """A text that wants an answer: a line to be chosen, or any key."""

    def __init__(self, console: Console, text: DisplayText) -> None:
        super().__init__(console)
        self._text = text

    def begin(self) -> None:
        """Show it."""
        self.alarm.set_unless_zero(self._text.timeout_s or 0, self._time_out)
        is_menu = self._text.mode is not DisplayMode.TEXT_AND_KEY
        lines = tuple(map(words_of, self._text.lines))
        self.console.panel.show(
            ReaderState.WAITING_FOR_CUSTOMER, *lines, choices=lines if is_menu else ()
        )

    def touch(self, choice: str) -> None:
        """One of a menu's lines; raises ControlRefused for another text."""
        for line in self._text.lines:
            is_menu = self._text.mode is not DisplayMode.TEXT_AND_KEY
            if is_menu and words_of(line) == choice:
                self._answer(self._text.mode, line.number)
                return
        super().touch(choice)

    def press_key(self, key: str) -> None:
        """A digit chooses a line, `cancel` none; under a text any key will do."""
        numbers = {str(line.number) for line in self._text.lines}
        if key == CANCEL:
            self.cancel()
        elif self._text.mode is DisplayMode.TEXT_AND_KEY:
            self._answer(self._text.mode, ord(letter_of(key)[-1]))
        elif key in numbers:
            self._answer(self._text.mode, int(key))
        else:
            super().press_key(key)

    def cancel(self) -> None:
        """The host, or the cardholder, gives up."""
        self._answer(DisplayMode.CANCEL, 0)

    def _answer(self, mode: DisplayMode, choice: int) -> None:
        self._end(StatusCode.OK, AnswerDisplay(mode, choice).to_data())

    def _time_out(self) -> None:
        self._end(StatusCode.TIMED_OUT)

    def _end(self, status: StatusCode, data: bytes = b"") -> None:
        self.abandon()
        self.console.panel.welcome()
        self.console.line.answer(DisplayText.CODE[0], status, data)


class Screens:
    """Screens by name, which the host has made; kept without power."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._objects: dict[str, list[AddObject]] = {}
        self._shown: str | None = None

    def carry_out(self, command: ScreenCommand) -> Reply:
        """The answer to a command about screens."""
        match command:
            case CreateScreen(screen):
                self._objects[screen] = []
                return OK
            case AddObject() if command.screen in self._objects:
                self._objects[command.screen].append(command)
                return OK
            case RemoveObject(screen, name):
                return self._remove(screen, name)
            case ShowScreen(screen) if screen in self._objects:
                self._show(screen)
                return OK
            case _:
                return WRONG_PARAMETER

    def hide(self) -> None:
        """Something else is shown."""
        self._shown = None

    def touch(self, choice: str) -> None:
        """A button of the screen that is shown; raises ControlRefused for no button."""
        if self._shown is not None:
            for number, item in enumerate(self._objects[self._shown], start=1):
                if item.kind in _BUTTONS and _label(item) == choice:
                    self._tell_of_touch(self._shown, number, item)
                    return
        raise ControlRefused(f"there is nothing to touch that reads {choice!r}")

    def _tell_of_touch(self, screen: str, number: int, item: AddObject) -> None:
        screen_id = _FIRST_SCREEN_ID + list(self._objects).index(screen)
        touched = ObjectTouched(screen_id, number, screen, item.name)
        self._console.line.tell(touched)

    def _remove(self, screen: str, name: str) -> Reply:
        objects = self._objects.get(screen, [])
        kept = [item for item in objects if item.name != name]
        if len(kept) == len(objects):
            return WRONG_PARAMETER
        self._objects[screen] = kept
        return OK

    def _show(self, screen: str) -> None:
        self._shown = screen
        objects = self._objects[screen]
        buttons = [_label(item) for item in objects if item.kind in _BUTTONS]
        lines = [_label(item) for item in objects if item.kind is ObjectKind.TEXT]
        pictures = [_label(item) for item in objects if item.kind is ObjectKind.PICTURE]
        self._console.panel.show(
            ReaderState.WAITING_FOR_CUSTOMER if buttons else ReaderState.IDLE,
            *lines,
            choices=buttons,
            picture=" ".join(pictures),
        )


def show_text(console: Console, text: DisplayText) -> Reply:
    """A text that wants no answer; it stays until something else is shown."""
    console.panel.show(ReaderState.IDLE, *map(words_of, text.lines))
    return OK


def words_of(line: Line) -> str:
    """A line as it reads; of texts that the reader has stored only numbers are known."""
    return line.text if line.message_id is None else f"MESSAGE {line.message_id}"


def _label(item: AddObject) -> str:
    return item.name if item.text is None else item.text
