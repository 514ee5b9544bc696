"""The simulated MagTek models are those that the firmware profiles describe."""

from __future__ import annotations

import pytest
from mms_host import MmsHost, refusal, start

from drivers.profile import Profile, profile_named, profiles
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.files import STORED_IMAGE_FILES, GetFile
from drivers.protocol.magtek_mms.images import ShowImage
from drivers.protocol.magtek_mms.interface import (
    ReadBarcode,
    RequestSignature,
    ShowMessage,
)
from drivers.protocol.magtek_mms.message import parameters_of
from drivers.protocol.magtek_mms.pin import PinEntry, PinSequence, RequestPin
from drivers.protocol.magtek_mms.properties import GetProperty, property_value
from drivers.protocol.magtek_mms.start import ManualEntry, StartTransaction
from drivers.protocol.magtek_mms.status import StatusDetail
from simulator.cards.card import Entry
from simulator.errors import ControlRefused
from simulator.reader.models import MODELS
from simulator.reader.models.magtek_mms.description import (
    DESCRIPTIONS,
    DYNAPROX,
    Description,
)
from simulator.reader.models.magtek_mms.firmware import BOOT_LOADER_PRODUCT_ID

OPTIONS = {
    Entry.CONTACT: "insert",
    Entry.CONTACTLESS: "tap",
    Entry.SWIPE: "swipe",
}
EVERYWHERE = {"buzzer", "nfc_tag", "keys", "firmware"}


def features(description: Description) -> set[str]:
    """In the words of drivers.features."""
    optional = {
        "screen": description.has_display,
        "signature": description.has_touch,
        "pin": description.takes_pins,
        "barcode": description.has_scanner,
        "battery": description.has_battery,
    }
    return EVERYWHERE | {name for name, is_there in optional.items() if is_there}


def described() -> list[tuple[Description, Profile]]:
    return [(each, profile_named(each.name)) for each in DESCRIPTIONS]


def names() -> list[str]:
    return [each.name for each in DESCRIPTIONS]


@pytest.fixture(params=DESCRIPTIONS, ids=names())
def description(request: pytest.FixtureRequest) -> Description:
    assert isinstance(request.param, Description)
    return request.param


def test_every_profile_of_the_family_can_be_simulated() -> None:
    family = {name for name, it in profiles().items() if it.family == "magtek_mms"}

    assert family == set(names())
    assert family <= MODELS.keys()


def test_description_and_profile_agree(description: Description) -> None:
    capabilities = profile_named(description.name).capabilities
    options = {OPTIONS[entry] for entry in description.entries}
    if description.has_touch:
        options.add("manual")

    assert profile_named(description.name).model == description.product
    assert capabilities.input_options == options
    assert capabilities.has_display is description.has_display
    assert capabilities.takes_tips is description.has_touch
    assert capabilities.captures_signatures is description.has_touch


def test_the_simulated_reader_has_every_feature_of_its_profile() -> None:
    for description, profile in described():
        promised = profile.capabilities.features

        assert promised <= features(description)
        # DynaProx is sold bare and with options; its profile promises the least.
        assert description is DYNAPROX or promised == features(description)


def test_boot_loaders_are_those_of_the_profile() -> None:
    for _, profile in described():
        assert BOOT_LOADER_PRODUCT_ID in [id_.product_id for id_ in profile.boot_loader]


def test_a_reader_names_itself_as_its_profile_does(description: Description) -> None:
    host = MmsHost(description.name)

    answer = host.ask(GetProperty(properties.MODEL_NAME))

    name = property_value(parameters_of(answer.command, answer.payload))
    assert name.decode() == profile_named(description.name).model
    assert host.reader.model.name == description.name


def test_what_a_model_lacks_it_refuses(description: Description) -> None:
    host = MmsHost(description.name)
    commands: dict[Command, bool] = {
        ShowMessage(0, 0x03): description.has_display,
        ShowImage(1): description.has_display,
        RequestSignature(30): description.has_touch,
        RequestPin(30, PinEntry(PinSequence.ENTER)): description.takes_pins,
        ReadBarcode(is_enabled=True, timeout_s=5): description.has_scanner,
    }

    for command, is_there in commands.items():
        if is_there:
            continue
        expected = (
            StatusDetail.NO_SCANNER
            if isinstance(command, ReadBarcode)
            else StatusDetail.FEATURE_UNAVAILABLE
        )
        assert refusal(host.ask(command)) is expected
    if not description.has_touch:
        assert refusal(host.ask(typed())) is StatusDetail.FEATURE_UNAVAILABLE


def typed() -> StartTransaction:
    order = start(swipe=False, insert=False)
    return StartTransaction(
        order.timeout_s,
        swipe=False,
        insert=False,
        contactless=order.contactless,
        options=order.options,
        emv_data=order.emv_data,
        manual=ManualEntry(),
    )


def test_a_device_without_display_shows_nothing_and_asks_the_host_to(
    description: Description,
) -> None:
    host = MmsHost(description.name)

    host.ask(start(amount=1234))

    asked = [word for word in host.told if "DisplayRequest" in word]
    assert bool(asked) is not description.has_display
    assert bool(host.reader.screen.lines) is description.has_display
    assert bool(host.reader.model.texts) is description.has_display
    assert host.state == "waiting_for_card"


@pytest.mark.parametrize("name", ["magtek_dynaprox", "magtek_dynaflex_ii_go"])
def test_hands_find_only_what_is_there(name: str) -> None:
    host = MmsHost(name)

    with pytest.raises(ControlRefused, match="no touch screen"):
        host.reader.touch("15%")
    with pytest.raises(ControlRefused, match="no touch screen"):
        host.reader.sign([[(1, 1)]])
    with pytest.raises(ControlRefused, match="has no key '7'"):
        host.reader.press_key("7")


def test_a_reader_without_scanner_or_battery_says_so() -> None:
    host = MmsHost("magtek_dynaprox")

    with pytest.raises(ControlRefused, match="no barcode scanner"):
        host.reader.show_barcode(b"4006381333931")
    with pytest.raises(ControlRefused, match="no battery"):
        host.reader.set_battery(50)


def test_what_is_not_there_is_no_file(description: Description) -> None:
    host = MmsHost(description.name)

    response = host.ask(GetFile(STORED_IMAGE_FILES[0]))

    assert refusal(response) is StatusDetail.PARAMETER_INVALID
