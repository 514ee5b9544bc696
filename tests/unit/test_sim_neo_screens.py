"""The simulated NEO readers with a display: texts, menus and screens of their hosts."""

from __future__ import annotations

import pytest
from neo_host import NeoHost, activate

from drivers.protocol.idtech_neo.activate import CancelTransaction
from drivers.protocol.idtech_neo.display import (
    AnswerDisplay,
    DisplayMode,
    DisplayText,
    Line,
)
from drivers.protocol.idtech_neo.events import from_frame
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

THANKS = DisplayText(DisplayMode.TEXT, (Line(1, "THANK YOU"), Line(2, "GOODBYE")))
MENU = DisplayText(
    DisplayMode.MENU,
    (Line(1, "TIP?"), Line(2, "15%"), Line(3, "NO TIP")),
    timeout_s=20,
)
WAIT_FOR_KEY = DisplayText(DisplayMode.TEXT_AND_KEY, (Line(1, "AGREE?"),), timeout_s=20)


@pytest.fixture
def host() -> NeoHost:
    return NeoHost("idtech_vp6800")


def choice(host: NeoHost) -> AnswerDisplay:
    assert host.told == ["61 00"]
    return AnswerDisplay.from_data(host.last.data)


def test_a_text_stays_until_something_else_is_shown(host: NeoHost) -> None:
    assert host.ask(THANKS).code == StatusCode.OK
    host.clock.advance(600)
    assert host.shows == "THANK YOU / GOODBYE"
    assert host.state == "idle"

    host.ask(DisplayText(DisplayMode.CLEAR))

    assert host.shows == ""


def test_a_stored_text_is_shown_by_its_number(host: NeoHost) -> None:
    host.ask(DisplayText(DisplayMode.TEXT, (Line(1, message_id=7),)))

    assert host.shows == "MESSAGE 7"


def test_a_reader_without_a_display_shows_nothing() -> None:
    host = NeoHost("idtech_vp3300")

    assert host.ask(THANKS).code == StatusCode.COMMAND_NOT_ALLOWED


def test_a_text_ends_a_transaction(host: NeoHost) -> None:
    host.send(activate())

    host.send(THANKS)

    assert host.told == ["02 0A", "61 00"]
    assert host.shows == "THANK YOU / GOODBYE"


def test_a_line_of_a_menu_is_touched(host: NeoHost) -> None:
    host.send(MENU)
    assert host.told == []
    assert host.state == "waiting_for_customer"
    assert host.reader.screen.choices == ("TIP?", "15%", "NO TIP")

    host.reader.touch("15%")

    assert choice(host) == AnswerDisplay(DisplayMode.MENU, 2)
    assert host.shows == "WELCOME"


def test_a_line_of_a_menu_is_chosen_by_its_digit(host: NeoHost) -> None:
    host.send(MENU)

    host.press("3")

    assert choice(host) == AnswerDisplay(DisplayMode.MENU, 3)


def test_what_is_not_on_a_menu_cannot_be_chosen(host: NeoHost) -> None:
    host.send(MENU)

    with pytest.raises(ControlRefused, match="'20%'"):
        host.reader.touch("20%")
    with pytest.raises(ControlRefused, match="'9' does nothing"):
        host.press("9")

    assert host.told == []


def test_a_text_may_wait_for_any_key(host: NeoHost) -> None:
    host.send(WAIT_FOR_KEY)
    assert host.reader.screen.choices == ()
    with pytest.raises(ControlRefused, match="nothing to touch"):
        host.reader.touch("AGREE?")

    host.press("enter")

    assert choice(host) == AnswerDisplay(DisplayMode.TEXT_AND_KEY, ord("E"))


@pytest.mark.parametrize("text", [MENU, WAIT_FOR_KEY])
def test_the_customer_may_choose_nothing(host: NeoHost, text: DisplayText) -> None:
    host.send(text)

    host.press("cancel")

    assert choice(host).mode is DisplayMode.CANCEL


def test_nobody_chooses(host: NeoHost) -> None:
    host.send(MENU)

    host.clock.advance(20)

    assert host.told == ["61 08"]
    assert host.state == "idle"


def test_the_host_may_take_a_menu_back(host: NeoHost) -> None:
    host.send(MENU)

    host.send(CancelTransaction())

    assert host.told == ["05 00", "61 00"]
    assert AnswerDisplay.from_data(host.last.data).mode is DisplayMode.CANCEL


def test_a_screen_is_made_shown_and_touched(host: NeoHost) -> None:
    host.ask(CreateScreen("offer"))
    host.ask(AddObject("offer", "head", ObjectKind.TEXT, text="JOIN US?"))
    host.ask(AddObject("offer", "yes", ObjectKind.LARGE_BUTTON, text="YES"))
    host.ask(AddObject("offer", "no", ObjectKind.MEDIUM_BUTTON))
    host.ask(AddObject("offer", "logo", ObjectKind.PICTURE, text="logo.jpg"))
    assert host.shows == "WELCOME"
    host.ask(ShowScreen("offer"))
    assert host.shows == "JOIN US?"
    assert host.reader.screen.choices == ("YES", "no")
    assert host.reader.screen.picture == "logo.jpg"

    host.reader.touch("YES")

    assert from_frame(host.last) == ObjectTouched(1, 2, "offer", "yes")


def test_an_object_can_be_taken_off_a_screen(host: NeoHost) -> None:
    host.ask(CreateScreen("offer"))
    host.ask(AddObject("offer", "yes", ObjectKind.LARGE_BUTTON, text="YES"))
    assert host.ask(RemoveObject("offer", "yes")).code == StatusCode.OK
    host.ask(ShowScreen("offer"))

    assert host.state == "idle"
    with pytest.raises(ControlRefused, match="nothing to touch"):
        host.reader.touch("YES")
    assert host.ask(RemoveObject("offer", "yes")).code == StatusCode.INCORRECT_PARAMETER


@pytest.mark.parametrize(
    "command",
    [
        ShowScreen("none"),
        AddObject("none", "head", ObjectKind.TEXT),
        RemoveObject("none", "head"),
    ],
)
def test_there_is_no_such_screen(
    host: NeoHost, command: ShowScreen | AddObject | RemoveObject
) -> None:
    assert host.ask(command).code == StatusCode.INCORRECT_PARAMETER


def test_a_screen_that_is_covered_is_not_touched(host: NeoHost) -> None:
    host.ask(CreateScreen("offer"))
    host.ask(AddObject("offer", "yes", ObjectKind.LARGE_BUTTON, text="YES"))
    host.ask(ShowScreen("offer"))
    host.ask(THANKS)

    with pytest.raises(ControlRefused, match="nothing to touch"):
        host.reader.touch("YES")


def test_a_screen_outlives_the_power(host: NeoHost) -> None:
    host.ask(CreateScreen("offer"))
    host.reader.unplug()
    host.reader.plug()
    host.open()

    assert host.ask(ShowScreen("offer")).code == StatusCode.OK
