"""What ID TECH readers offer beyond cards: sounds, lights, tags and keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from neo_pipe import TIMINGS, VP3300, ScriptedReader, opened_reader, while_scripting
from neo_transactions import SALE, transaction_on
from virtual_time import in_virtual_time

from drivers.errors import LocalError, ReaderRefused
from drivers.families.idtech_neo.device import Device
from drivers.families.idtech_neo.features import features_of
from drivers.features import InputEnd, KeyState, NfcTag, Tone
from drivers.profile import Profile, profiles
from drivers.protocol.idtech_neo.activate import ActivateTransaction, CancelTransaction
from drivers.protocol.idtech_neo.basic import BeepLong, BeepShort, Glow, SetLight
from drivers.protocol.idtech_neo.keys import (
    GetKeys,
    GetKsn,
    GetKsnByIndex,
    KeyCounter,
    KeyIndex,
    KeySlot,
    SlotState,
    encode_counter,
    encode_keys,
)
from drivers.protocol.idtech_neo.pass_through import (
    PollForToken,
    SetPassThrough,
    Token,
    TokenKind,
    encode_token,
)
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.transport.pipe import connected_pipes

NEO_PROFILES = [p for p in profiles().values() if p.family == "idtech_neo"]
UID = bytes.fromhex("04A1B2C3")
KSN = bytes.fromhex("FFFF9876543210E00001")
NO_TOKEN = encode_token(Token(TokenKind.NONE))


@pytest.mark.parametrize("profile", NEO_PROFILES, ids=lambda profile: profile.name)
@in_virtual_time
async def test_reader_offers_what_its_profile_lists(profile: Profile) -> None:
    async with opened_reader(profile) as (reader, _):
        names = type(reader.features).__dataclass_fields__
        offered = {n for n in names if getattr(reader.features, n) is not None}

    assert reader.info.model == profile.name
    assert offered == profile.capabilities.features


@in_virtual_time
async def test_profile_cannot_list_what_no_reader_has() -> None:
    capabilities = replace(VP3300.capabilities, features=frozenset({"barcode"}))
    device = Device(connected_pipes()[0], TIMINGS)

    with pytest.raises(LocalError, match="barcode"):
        features_of(device, replace(VP3300, capabilities=capabilities))

    await device.aclose()


@in_virtual_time
async def test_tones_become_short_and_long_beeps() -> None:
    tones = [Tone(2000, ms) for ms in (100, 150, 210, 5000, 50)]
    async with opened_reader() as (reader, scripted):
        assert reader.features.buzzer is not None
        playing = asyncio.create_task(reader.features.buzzer.play(tones))

        assert (await scripted.answer_next(BeepShort)).count == 2
        assert (await scripted.answer_next(BeepLong)).length == 0
        assert (await scripted.answer_next(BeepLong)).length == 3
        assert (await scripted.answer_next(BeepShort)).count == 1
        await playing


@in_virtual_time
async def test_one_light_keeps_what_the_other_does() -> None:
    async with opened_reader() as (reader, scripted):
        lights = reader.features.lights
        assert lights is not None

        for number, is_on, red, green in (
            (1, True, Glow.OFF, Glow.ON),
            (0, True, Glow.ON, Glow.ON),
            (1, False, Glow.ON, Glow.OFF),
        ):
            command = await while_scripting(
                lights.set_light(number, is_on=is_on), scripted.answer_next(SetLight)
            )
            assert command == SetLight(red=red, green=green)


@in_virtual_time
async def test_light_there_is_not_is_the_callers_fault() -> None:
    async with opened_reader() as (reader, _):
        assert reader.features.lights is not None
        with pytest.raises(LocalError):
            await reader.features.lights.set_light(2, is_on=True)


async def poll(scripted: ScriptedReader, *answers: bytes | StatusCode) -> None:
    """Answer polls in turn, within a pass-through that begins and ends."""
    assert (await scripted.answer_next(SetPassThrough)).is_on
    for answer in answers:
        if isinstance(answer, bytes):
            await scripted.answer_next(PollForToken, answer)
        else:
            await scripted.answer_next(PollForToken, status=answer)
    assert not (await scripted.answer_next(SetPassThrough)).is_on


@pytest.mark.parametrize(
    ("kind", "name"),
    [(TokenKind.MIFARE_ULTRALIGHT, "mifare_ultralight"), (0x55, "unknown")],
)
@in_virtual_time
async def test_tag_is_read_by_its_number(kind: int, name: str) -> None:
    async with opened_reader() as (reader, scripted):
        assert reader.features.nfc_tag is not None
        reading = asyncio.create_task(reader.features.nfc_tag.read_tag(timeout_s=10))
        await poll(
            scripted,
            NO_TOKEN,
            StatusCode.TIMED_OUT,
            encode_token(Token(kind, UID)),
        )

        assert await reading == NfcTag(UID, name)


@in_virtual_time
async def test_tag_that_never_comes_is_a_timeout() -> None:
    async with opened_reader() as (reader, scripted):
        assert reader.features.nfc_tag is not None
        reading = asyncio.create_task(reader.features.nfc_tag.read_tag(timeout_s=2))
        await poll(scripted, StatusCode.TIMED_OUT, StatusCode.TIMED_OUT)

        assert await reading is InputEnd.TIMED_OUT


@in_virtual_time
async def test_reading_a_tag_can_be_canceled() -> None:
    async with opened_reader() as (reader, scripted):
        assert reader.features.nfc_tag is not None
        reading = asyncio.create_task(reader.features.nfc_tag.read_tag(timeout_s=60))
        await scripted.answer_next(SetPassThrough)
        await scripted.expect(PollForToken)
        canceling = asyncio.create_task(reader.cancel())
        await asyncio.sleep(0)
        await scripted.answer(PollForToken, NO_TOKEN)
        await scripted.answer_next(CancelTransaction)
        await canceling
        await scripted.answer_next(SetPassThrough)

        assert await reading is InputEnd.CANCELED_BY_HOST


@in_virtual_time
async def test_refused_poll_still_ends_the_pass_through() -> None:
    async with opened_reader() as (reader, scripted):
        assert reader.features.nfc_tag is not None
        reading = asyncio.create_task(reader.features.nfc_tag.read_tag(timeout_s=2))
        await poll(scripted, StatusCode.COMMAND_NOT_ALLOWED)

        with pytest.raises(ReaderRefused, match="0B"):
            await reading


@in_virtual_time
async def test_keys_are_listed_by_purpose_without_being_shown() -> None:
    slots = (KeySlot(KeyIndex.DATA), KeySlot(KeyIndex.PIN, 3), KeySlot(0x77))
    async with opened_reader() as (reader, scripted):
        assert reader.features.keys is not None
        listing = asyncio.create_task(reader.features.keys.key_states())
        await scripted.answer_next(GetKeys, encode_keys(slots))
        valid = encode_counter(KeyCounter(SlotState.VALID, KSN))
        assert (await scripted.answer_next(GetKsn, valid)).key == slots[0]
        worn_out = encode_counter(KeyCounter(SlotState.EXHAUSTED))
        await scripted.answer_next(GetKsn, worn_out)
        await scripted.answer_next(GetKsn, status=StatusCode.INCORRECT_PARAMETER)

        assert await listing == (
            KeyState("data", KSN, is_usable=True),
            KeyState("pin_3", None, is_usable=False),
            KeyState("77", None, is_usable=False),
        )


@in_virtual_time
async def test_older_readers_are_asked_for_each_key() -> None:
    async with opened_reader() as (reader, scripted):
        assert reader.features.keys is not None
        listing = asyncio.create_task(reader.features.keys.key_states())
        await scripted.answer_next(GetKeys, status=StatusCode.UNKNOWN_SUB_COMMAND)
        for index in (KeyIndex.DATA, KeyIndex.PIN, KeyIndex.MAC):
            await scripted.answer_next(GetKsn, status=StatusCode.UNKNOWN_SUB_COMMAND)
            asked = await scripted.answer_next(GetKsnByIndex, KSN)
            assert asked.index == index

        assert await listing == (
            KeyState("data", KSN, is_usable=True),
            KeyState("pin", KSN, is_usable=True),
            KeyState("mac", KSN, is_usable=True),
        )


@in_virtual_time
async def test_no_feature_disturbs_a_running_transaction() -> None:
    async with (
        opened_reader() as (reader, scripted),
        transaction_on(reader, scripted, SALE),
    ):
        await scripted.expect(ActivateTransaction)
        features = reader.features
        assert features.buzzer is not None
        assert features.lights is not None
        assert features.keys is not None
        assert features.nfc_tag is not None

        for call in (
            features.buzzer.play([Tone(2000, 100)]),
            features.lights.set_light(0, is_on=True),
            features.keys.key_states(),
            features.nfc_tag.read_tag(timeout_s=1),
        ):
            with pytest.raises(ReaderRefused, match="busy with a transaction"):
                await call
