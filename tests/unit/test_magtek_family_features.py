"""What MagTek readers offer beyond cards: who offers what, and the simple features."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from mms_pipe import opened_reader
from mms_transactions import SALE
from virtual_time import in_virtual_time

from drivers.errors import FrameError, LocalError, ReaderRefused
from drivers.families.magtek_mms.identity import profile_with_name
from drivers.features import (
    FEATURES,
    Battery,
    Features,
    ImageKind,
    KeyState,
    PinRequest,
    Tone,
)
from drivers.profile import profile_named, profiles
from drivers.protocol.magtek_mms import properties
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.images import WHITE, ShowBitmap, ShowImage, ShowQrCode
from drivers.protocol.magtek_mms.interface import PlayTones, ShowMessage
from drivers.protocol.magtek_mms.start import StartTransaction
from drivers.protocol.magtek_mms.status import DONE, STARTED, StatusDetail, refused
from drivers.protocol.magtek_mms.strings import StringId

MMS_MODELS = [name for name, each in profiles().items() if each.family == "magtek_mms"]
PED = "magtek_dynaflex_ii_ped"
BEEP = Tone(1000, 200)
BMP = b"BM" + bytes(60)

Call = Callable[[Features], Awaitable[object]]


def every_call(features: Features) -> list[Coroutine[Any, Any, object]]:
    """One call of each feature of a reader that has all that MMS has."""
    assert features.buzzer is not None
    assert features.signature is not None
    assert features.barcode is not None
    assert features.nfc_tag is not None
    assert features.pin is not None
    assert features.screen is not None
    assert features.battery is not None
    assert features.keys is not None
    assert features.firmware is not None
    return [
        features.buzzer.play([BEEP]),
        features.signature.request_signature(timeout_s=10),
        features.barcode.read_barcode(timeout_s=10),
        features.nfc_tag.read_tag(timeout_s=10),
        features.pin.request_pin(PinRequest(timeout_s=10)),
        features.screen.clear(),
        features.battery.battery(),
        features.keys.key_states(),
        features.firmware.load(b"image", image_type=1, progress=lambda _: None),
        features.firmware.activate(b"image", image_type=1),
    ]


@pytest.mark.parametrize("model", MMS_MODELS)
@in_virtual_time
async def test_reader_offers_exactly_what_its_profile_lists(model: str) -> None:
    async with opened_reader(model=model) as (reader, _):
        offered = {
            name for name in FEATURES if getattr(reader.features, name) is not None
        }

        assert offered == profile_named(model).capabilities.features


@in_virtual_time
async def test_features_wait_for_nobody_while_a_transaction_runs() -> None:
    async with opened_reader(model=PED) as (reader, device):
        answering = asyncio.create_task(device.answer_next(StartTransaction, STARTED))
        async with reader.transaction(SALE):
            await answering

            for call in every_call(reader.features):
                with pytest.raises(ReaderRefused, match="80020308"):
                    await call

            await device.pipe.aclose()


@in_virtual_time
async def test_feature_in_use_refuses_another_and_a_transaction() -> None:
    async with opened_reader(model=PED) as (reader, device):
        buzzer, screen = reader.features.buzzer, reader.features.screen
        assert buzzer is not None
        assert screen is not None
        playing = asyncio.create_task(buzzer.play([BEEP]))
        asked = await device.next_request()

        with pytest.raises(ReaderRefused):
            await screen.clear()
        with pytest.raises(LocalError):
            async with reader.transaction(SALE):
                pytest.fail("a transaction began")

        await device.answer(asked, STARTED)
        await playing


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (
            lambda features: features.buzzer.play([BEEP, Tone(0, 50), BEEP]),
            PlayTones((BEEP, Tone(0, 50), BEEP)),
        ),
        (
            lambda features: features.screen.show_image(ImageKind.STORED, 3, seconds=0),
            ShowImage(3),
        ),
        (
            lambda features: features.screen.show_image(
                ImageKind.QR_CODE, "https://example.com/ö", seconds=0
            ),
            ShowQrCode("https://example.com/ö".encode(), 0),
        ),
        (
            lambda features: features.screen.show_image(
                ImageKind.BITMAP, BMP, seconds=0
            ),
            ShowBitmap(BMP, 0, background_color=WHITE),
        ),
        (lambda features: features.screen.clear(), ShowMessage(0, StringId.WELCOME)),
    ],
)
@in_virtual_time
async def test_device_is_told_what_to_show_and_play(
    call: Callable[[Features], Coroutine[Any, Any, None]], command: Command
) -> None:
    async with opened_reader(model=PED) as (reader, device):
        doing = asyncio.create_task(call(reader.features))

        assert await device.answer_next(type(command), STARTED) == command

        await doing


@in_virtual_time
async def test_refusal_of_the_device_is_reported() -> None:
    async with opened_reader(model=PED) as (reader, device):
        assert reader.features.buzzer is not None
        playing = asyncio.create_task(reader.features.buzzer.play([BEEP]))
        await device.answer_next(PlayTones, refused(StatusDetail.FEATURE_UNAVAILABLE))

        with pytest.raises(ReaderRefused, match="PlayTones: 80010113"):
            await playing


@pytest.mark.parametrize(
    "call",
    [
        lambda features: features.buzzer.play([]),
        lambda features: features.buzzer.play([BEEP] * 11),
        lambda features: features.buzzer.play([Tone(4001, 1)]),
        lambda features: features.buzzer.play([Tone(1000, 0)]),
        lambda features: features.screen.show_image(ImageKind.STORED, 5, seconds=0),
        lambda features: features.screen.show_image(ImageKind.STORED, "1", seconds=0),
        lambda features: features.screen.show_image(ImageKind.QR_CODE, "", seconds=0),
        lambda features: features.screen.show_image(ImageKind.BITMAP, b"P", seconds=0),
        lambda features: features.screen.show_image(ImageKind.STORED, 1, seconds=256),
        lambda features: features.signature.request_signature(timeout_s=0),
        lambda features: features.barcode.read_barcode(timeout_s=256),
        lambda features: features.nfc_tag.read_tag(timeout_s=0),
        lambda features: features.pin.request_pin(PinRequest(0)),
        lambda features: features.pin.request_pin(PinRequest(9, least_digits=3)),
        lambda features: features.pin.request_pin(PinRequest(9, most_digits=13)),
    ],
)
@in_virtual_time
async def test_impossible_wish_is_the_callers_fault_and_never_sent(call: Call) -> None:
    async with opened_reader(model=PED) as (reader, _):
        with pytest.raises(LocalError):
            await call(reader.features)


@pytest.mark.parametrize(
    ("percent", "charger", "battery"),
    [
        (b"\x64", b"\x04", Battery(100, is_charging=False)),
        (b"\x30", b"\x01", Battery(48, is_charging=True)),
        (b"\x30", b"\x08", Battery(48, is_charging=False)),
        (b"\x30", b"\x77", Battery(48, is_charging=None)),
        (b"\x30", None, Battery(48, is_charging=None)),
    ],
)
@in_virtual_time
async def test_battery_is_told(
    percent: bytes, charger: bytes | None, battery: Battery
) -> None:
    async with opened_reader(model=PED) as (reader, device):
        assert reader.features.battery is not None
        asking = asyncio.create_task(reader.features.battery.battery())

        assert await device.answer_property(percent) == properties.BATTERY_PERCENT
        assert await device.answer_property(charger) == properties.CHARGER_STATUS

        assert await asking == battery


@in_virtual_time
async def test_battery_beyond_full_is_no_answer() -> None:
    async with opened_reader(model=PED) as (reader, device):
        assert reader.features.battery is not None
        asking = asyncio.create_task(reader.features.battery.battery())
        await device.answer_property(b"\x65")
        await device.answer_property(None)

        with pytest.raises(FrameError):
            await asking


@in_virtual_time
async def test_keys_are_told_by_purpose_and_never_shown() -> None:
    async with opened_reader(model=PED) as (reader, device):
        assert reader.features.keys is not None
        asking = asyncio.create_task(reader.features.keys.key_states())

        await device.answer_property(bytes.fromhex("00000081"))
        await device.answer_property(bytes.fromhex("200701"))
        await device.answer_property(bytes.fromhex("200004"))
        await device.answer_property(bytes.fromhex("200102"))
        await device.answer_property(None)
        await device.answer_property(bytes.fromhex("000007"))

        assert await asking == (
            KeyState("pin", ksn=None, is_usable=True),
            KeyState("data", ksn=None, is_usable=True),
            KeyState("mac", ksn=None, is_usable=False),
            KeyState("pin_aes", ksn=None, is_usable=False),
        )


@pytest.mark.parametrize(
    ("told", "model"),
    [
        (b"DynaFlex Pro\x00", "magtek_dynaflex"),
        (b"DynaFlex II\x00\x00", "magtek_dynaflex_ii"),
        (b"DYNAFLEX II PED", "magtek_dynaflex_ii_ped"),
        (b"DynaFlex II Go", "magtek_dynaflex_ii_go"),
        (b"DynaProx", "magtek_dynaprox"),
        (b"Something else", "magtek_dynaflex"),
        (None, "magtek_dynaflex"),
    ],
)
@in_virtual_time
async def test_devices_own_name_decides_which_model_it_is(
    told: bytes | None, model: str
) -> None:
    async with opened_reader(model="magtek_dynaflex", model_name=told) as (reader, _):
        assert reader.info.model == model
        has_pad = reader.features.pin is not None
        assert has_pad == (model == PED)


def test_model_of_another_family_is_never_guessed() -> None:
    guessed = profile_named("magtek_dynaprox")

    assert profile_with_name("VP3350", guessed=guessed) == guessed
    assert profile_with_name("DynaProx", guessed=guessed) is guessed


@in_virtual_time
async def test_reader_is_idle_again_after_each_feature() -> None:
    async with opened_reader(model=PED) as (reader, device):
        assert reader.features.screen is not None
        for _ in range(2):
            clearing = asyncio.create_task(reader.features.screen.clear())
            await device.answer_next(ShowMessage, DONE)
            await clearing
