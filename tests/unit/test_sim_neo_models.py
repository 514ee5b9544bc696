"""The simulated NEO models beside their firmware profiles, and as rules see them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from neo_host import CARDS, NeoHost

from drivers.families.idtech_neo.reader import model_of
from drivers.profile import Port, Profile, profile_named, profiles
from simulator.cards.card import Entry
from simulator.reader.actions import PresentCard
from simulator.reader.models import MODELS
from simulator.reader.models.idtech_neo.description import DESCRIPTIONS, Description
from simulator.reader.readers import Readers
from simulator.reader.rules import Condition, Rule, Rules

ENTRIES = {
    "insert": Entry.CONTACT,
    "swipe": Entry.SWIPE,
    "tap": Entry.CONTACTLESS,
}
ONLY_WITH_A_DISPLAY = {"pin", "keypad", "menu"}


@pytest.fixture(params=DESCRIPTIONS, ids=lambda each: str(each.name))
def description(request: pytest.FixtureRequest) -> Description:
    assert isinstance(request.param, Description)
    return request.param


@pytest.fixture
def profile(description: Description) -> Profile:
    return profile_named(description.name)


def test_every_profile_of_the_family_can_be_simulated() -> None:
    family = {each.name for each in profiles().values() if each.family == "idtech_neo"}

    assert {each.name for each in DESCRIPTIONS} == family
    assert family <= set(MODELS)


def test_model_and_profile_take_cards_in_the_same_ways(
    description: Description, profile: Profile
) -> None:
    options = profile.capabilities.input_options

    assert {ENTRIES[each] for each in options - {"manual"}} == description.entries
    assert ("manual" in options) == description.has_display


def test_model_and_profile_agree_on_the_display(
    description: Description, profile: Profile
) -> None:
    capabilities = profile.capabilities

    assert capabilities.has_display == description.has_display
    assert capabilities.takes_tips == description.has_display
    assert (capabilities.features >= ONLY_WITH_A_DISPLAY) == description.has_display


def test_model_and_profile_agree_on_the_radio(
    description: Description, profile: Profile
) -> None:
    assert (Port.BLE in profile.ports) == description.is_mobile


def test_the_firmware_names_the_model(
    description: Description, profile: Profile
) -> None:
    assert model_of(description.firmware, profile_named("magtek_dynaprox")) == profile


def test_a_host_may_show_any_text_and_a_rule_wait_for_it() -> None:
    host = NeoHost("idtech_vp6800")
    rules = Rules(Readers([host.reader]), clock=host.clock)
    insert = PresentCard(CARDS.named("visa_approved"), Entry.CONTACT)

    rules.add(Rule(Condition(text="any words of a host"), (insert,)))

    assert host.reader.model.texts is None


def test_nobody_pays_for_a_family_that_is_not_simulated() -> None:
    code = (
        "import sys, simulator.app\n"
        "print([name for name in sys.modules if 'protocol.idtech_neo' in name])"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "[]"
